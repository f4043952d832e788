//! A document that is not there, and that git, or Mercurial, has.

use std::path::Path;
use std::process::{Command, Stdio};

use lockedfile::{LeftOut, left_out};

use crate::io::failure::{Failure, NO};

/// A missing document that git has: a new one would take its place.
pub(crate) enum InGit {
    /// The checkout leaves it out. None is made.
    LeftOut(LeftOut),
    /// It was removed from the checkout.
    Removed,
}

impl InGit {
    /// Asks git, which takes some milliseconds.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let removed = || is_in_index(path).then_some(Self::Removed);
        left_out(path).map(Self::LeftOut).or_else(removed)
    }

    /// One that git surely has, and the checkout leaves out.
    pub(super) fn left_out(path: &Path) -> Option<Self> {
        let is_known = |it: &LeftOut| !matches!(it, LeftOut::Unknown { .. });
        left_out(path).filter(is_known).map(Self::LeftOut)
    }

    /// What brings it back.
    pub(crate) fn command(&self, path: &Path) -> String {
        match self {
            Self::LeftOut(left_out) => left_out.command(),
            Self::Removed => format!("git checkout -- {}", path.display()),
        }
    }

    pub(crate) fn into_failure(self, path: &Path) -> Failure {
        let (shown, command) = (path.display(), self.command(path));
        match self {
            Self::LeftOut(left_out) => {
                Failure::trouble("left-out", format!("`{shown}` is not there: {left_out}"))
            }
            Self::Removed => {
                let message =
                    format!("`{shown}` does not exist, but git has it; restore it: `{command}`");
                Failure::new(NO, "absent", message)
            }
        }
    }
}

/// Whether git's index has the file.
fn is_in_index(path: &Path) -> bool {
    std::path::absolute(path).is_ok_and(|path| is_tracked(&path, Path::new("index.lock")))
}

/// Whether the program that holds `lock` has the file: git in its index, or Mercurial.
pub(super) fn is_tracked(path: &Path, lock: &Path) -> bool {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let (program, arguments) = if lock.ends_with(".hg/wlock") {
        ("hg", &["files", "--quiet"][..])
    } else {
        ("git", &["ls-files", "--error-unmatch"][..])
    };
    let mut asked = Command::new(program);
    asked.args(arguments).arg("--").arg(name).current_dir(directory);
    asked.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}
