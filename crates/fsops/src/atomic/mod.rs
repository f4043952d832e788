//! Replacing a file: write a sibling, sync it, give it the name, sync the directory.
//!
//! The directory is opened once. All steps go through its descriptor, because another user can own
//! a part of the path:
//!
//! | step | if another user exchanges directories or links on the path here |
//! |---|---|
//! | (the caller reads the file, and keeps it open) | |
//! | the directory is opened | it is another one: the next step finds another file |
//! | its entry is the file that was read? | if not: `Changed`, nothing was made |
//! | the temporary is created there, with the rights of the file that was read | it lies in that directory, and is removed from there |
//! | it is written and synced | |
//! | the entry still is the file that was read? | if not: `Changed`, the temporary is removed |
//! | it takes the name, within the directory | an entry of that directory is replaced, and no link is followed |
//!
//! Between the last look and the last step, a program that writes in the same directory without the
//! lock can still put another file there. A file that is synced exchanges names with the old one,
//! which is looked at again then (`exchange.rs`). One that is not synced is renamed, and so is any
//! file on a file system without an exchange. No system call compares and renames. A file that is
//! to go is renamed to the temporary's name, and looked at there (`removal.rs`).

mod exchange;
mod left_overs;
mod ready;
mod removal;
mod resolve;
mod unique;

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::durability::{Durability, parent_of};
use crate::error::ReplaceError;
use crate::read::Version;
use crate::sys;
pub use left_overs::remove_left_over_temporaries;
use left_overs::temporary_names;
pub use ready::ReadyFile;
use resolve::Resolved;

/// A file in the making, which takes the place of another in one step.
///
/// Until [`commit`](Self::commit) nobody sees it. Dropping it discards it.
///
/// ```
/// use std::io::Write;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("state.json");
/// let mut file = fsops::AtomicFile::create(&path, fsops::Durability::Full)?;
/// file.write_all(b"{}\n")?;
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"{}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a file that is not committed is discarded"]
pub struct AtomicFile {
    /// Its directory is opened before anything is written: if it cannot be, the old file still
    /// stands.
    temporary: sys::Temporary,
    /// What is replaced: absolute, links followed. For messages and for syncing names above it.
    target: PathBuf,
    /// The rights of what is replaced, as the temporary has them.
    replaced: Option<sys::Rights>,
    expected: Expected,
    durability: Durability,
}

/// What must be at the target right before the new file takes its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Anything,
    Nothing,
    This(sys::Fingerprint),
}

impl AtomicFile {
    /// Creates the temporary `<name>.tmp-<unique>` beside `path`. Of a name that leaves no room for
    /// that, longer than 238 bytes, the temporary has the beginning and a number:
    /// `<beginning>~<number>.tmp-<unique>`.
    ///
    /// The temporary has the rights of the file that it replaces before it has any content: mode,
    /// access list, group and, where possible, owner. What cannot be kept is narrowed.
    ///
    /// If `path` is a symbolic link, the file that it leads to is the one replaced, and the link
    /// stays. (A target that becomes a link before the commit is replaced as it is.) The directory
    /// must exist ([`create_parents`](crate::create_parents)), and with [`Durability::Full`] be
    /// readable.
    ///
    /// Only its name and its age tell a temporary that was left over. Who holds the
    /// file's lock removes one that was not written to for a while
    /// ([`remove_left_over_temporaries`]). So hold the lock, too, or commit within that time.
    ///
    /// Whatever is at the path when the new file takes its name is replaced. A caller that has read
    /// the old file wants [`replacing`](Self::replacing).
    ///
    /// # Errors
    ///
    /// [`ReplaceError::NotAFile`], [`ReplaceError::DanglingLink`], or [`ReplaceError::Io`]. Nothing
    /// was changed.
    pub fn create(path: impl AsRef<Path>, durability: Durability) -> Result<Self, ReplaceError> {
        let Resolved { place, target, found } = Resolved::of(path.as_ref(), durability)?;
        let rights = match &found {
            Some(found) => {
                Some(sys::Rights::of_path(&target, found).map_err(read_rights(&target))?)
            }
            None => None,
        };
        Self::beside((place, target), rights, Expected::Anything, durability)
    }

    /// As [`create`](Self::create), to replace exactly the file that `read` is the version of. If
    /// there was none, the new file takes the name only if that is free.
    ///
    /// That the file is the same one is checked now, and again right before the new one takes its
    /// name. The directory is opened once, and all happens in there. So if another user exchanges
    /// directories or links on the path meanwhile, no other file is replaced.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Changed`] if the path leads to another file, or to another version of it:
    /// read it again. Else as [`create`](Self::create). Nothing was changed.
    ///
    /// # Platform behavior
    ///
    /// Windows has no calls that take a directory's handle here. There the same checks are made by
    /// path, and an exchange of directories between the last of them and the renaming goes
    /// unnoticed.
    pub fn replacing(
        path: impl AsRef<Path>,
        read: &Version,
        durability: Durability,
    ) -> Result<Self, ReplaceError> {
        let Resolved { place, target, found } = Resolved::of(path.as_ref(), durability)?;
        let (expected, rights) = match (read.file(), &found) {
            (None, None) => (Expected::Nothing, None),
            (Some((file, version)), Some(found)) if is_it(&place, found, version, &target)? => {
                let rights = sys::Rights::of(file, found).map_err(read_rights(&target))?;
                (Expected::This(*version), Some(rights))
            }
            _ => return Err(ReplaceError::Changed { path: target }),
        };
        Self::beside((place, target), rights, expected, durability)
    }

    fn beside(
        (place, target): (sys::Place, PathBuf),
        replaced: Option<sys::Rights>,
        expected: Expected,
        durability: Durability,
    ) -> Result<Self, ReplaceError> {
        let temporary = place
            .create(temporary_names(&target), sys::Rights::at_first(replaced.as_ref()))
            .map_err(|source| {
                let path = parent_of(&target);
                ReplaceError::Io { verb: "create a temporary file in", path, source }
            })?;
        let file = Self { temporary, target, replaced, expected, durability };
        if let Some(rights) = &file.replaced {
            file.adopt(rights)?;
        }
        Ok(file)
    }

    /// The file that will be replaced: absolute, links followed.
    pub fn target(&self) -> &Path {
        &self.target
    }

    fn adopt(&self, rights: &sys::Rights) -> Result<(), ReplaceError> {
        sys::adopt(self.temporary.file(), rights)
            .map_err(|source| self.failed_to("set the rights of", source))
    }

    /// Removes the temporary. The target stays as it is.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Io`] if it could not be removed.
    pub fn discard(mut self) -> Result<(), ReplaceError> {
        let path = self.path_of_temporary();
        self.temporary.remove().map_err(|source| ReplaceError::Io { verb: "remove", path, source })
    }

    fn failed_to(&self, verb: &'static str, source: io::Error) -> ReplaceError {
        ReplaceError::Io { verb, path: self.path_of_temporary(), source }
    }

    /// Where it was created.
    fn path_of_temporary(&self) -> PathBuf {
        self.target.with_file_name(self.temporary.name())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether what was `found` at `place` is this `version` of a file.
fn is_it(
    place: &sys::Place,
    found: &sys::Found,
    version: &sys::Fingerprint,
    target: &Path,
) -> Result<bool, ReplaceError> {
    match place.fingerprint(found) {
        Ok(now) => Ok(now == *version),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ReplaceError::Io { verb: "examine", path: target.to_owned(), source }),
    }
}

fn read_rights(target: &Path) -> impl Fn(io::Error) -> ReplaceError {
    move |source| ReplaceError::Io { verb: "read the rights of", path: target.to_owned(), source }
}

/// Replaces `path` by `bytes`: the whole of [`AtomicFile`], durably, in one call.
///
/// # Errors
///
/// See [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write_atomic(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), ReplaceError> {
    let mut file = AtomicFile::create(path, Durability::Full)?;
    file.write_all(bytes.as_ref()).map_err(|source| file.failed_to("write", source))?;
    file.commit()
}
