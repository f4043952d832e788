//! How far a search upward goes.
//!
//! A document is taken without being named only if it belongs to the place where the program runs:
//!
//! - The search ends at the root of a repository. An agent's worktree within a checkout, a
//!   submodule and a vendored repository are projects of their own, even before they have a
//!   document.
//! - Outside of repositories it goes on only into directories that the user has, or that have the
//!   owner of the directory below. Nor does it go into a directory like `/tmp`: another user can
//!   put a document there.

use std::path::{Path, PathBuf};

use crate::io::failure::Failure;
use crate::sys::{self, User};

/// What marks the root of a checkout. For git it is a directory, or a file in a worktree or a
/// submodule. jj and Mercurial have directories, too.
const MARKS: [&str; 3] = [".git", ".jj", ".hg"];

/// Why a search stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Border {
    /// A repository begins here.
    Repository,
    /// The directory above belongs to another user.
    OtherUser,
    /// In the directory above, everybody may create files.
    Shared,
    /// There is no directory above.
    Root,
}

/// The directories upward from where the program runs.
#[derive(Debug)]
pub(super) struct Search {
    here: PathBuf,
    /// How many directories are searched, the first included.
    length: usize,
    border: Border,
}

impl Search {
    pub(super) fn from_here() -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::io("failed to find the current directory", &error))?;
        let (length, border) = measure(&here);
        Ok(Self { here, length, border })
    }

    /// The directories to search, the nearest first.
    pub(super) fn within(&self) -> impl Iterator<Item = &Path> {
        self.here.ancestors().take(self.length)
    }

    /// Those that lie further up.
    pub(super) fn beyond(&self) -> impl Iterator<Item = &Path> {
        self.here.ancestors().skip(self.length)
    }

    /// The last directory to search.
    pub(super) fn last(&self) -> &Path {
        self.within().last().unwrap_or(&self.here)
    }

    pub(super) fn border(&self) -> Border {
        self.border
    }
}

/// How many directories to search, and why no more.
fn measure(here: &Path) -> (usize, Border) {
    if let Some(above) = here.ancestors().position(is_repository) {
        return (above + 1, Border::Repository);
    }
    let pairs = here.ancestors().zip(here.ancestors().skip(1));
    for (above, (directory, parent)) in pairs.enumerate() {
        if let Some(border) = between(directory, parent) {
            return (above + 1, border);
        }
    }
    (here.ancestors().count(), Border::Root)
}

/// What keeps a search in `directory` from going on in `parent`, if anything does. What cannot be
/// examined belongs to another user.
fn between(directory: &Path, parent: &Path) -> Option<Border> {
    let Ok(above) = parent.metadata() else { return Some(Border::OtherUser) };
    if sys::is_shared(&above) {
        return Some(Border::Shared);
    }
    let owner = User::owning(&above);
    let is_known = owner == User::current()
        || directory.metadata().is_ok_and(|directory| User::owning(&directory) == owner);
    (!is_known).then_some(Border::OtherUser)
}

fn is_repository(directory: &Path) -> bool {
    MARKS.iter().any(|mark| is_mark(directory, mark)) || is_bare(directory)
}

/// Whether `mark` makes `directory` a repository: in a directory like `/tmp`, only if it belongs to
/// the directory's owner or to us.
fn is_mark(directory: &Path, mark: &str) -> bool {
    let (Ok(mark), Ok(directory)) = (directory.join(mark).symlink_metadata(), directory.metadata())
    else {
        return false;
    };
    let owner = User::owning(&mark);
    !sys::is_shared(&directory) || owner == User::owning(&directory) || owner == User::current()
}

/// The files of a repository without a checkout, or of a submodule. A checkout's own `.git` is
/// none: it belongs to the directory around it.
fn is_bare(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name != ".git")
        && directory.join("HEAD").is_file()
        && ["objects", "refs"].iter().all(|name| directory.join(name).is_dir())
}
