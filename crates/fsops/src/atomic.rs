//! Replacing a file: write a sibling, sync it, rename it over, sync the directory.
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
//! | rename within the directory | an entry of that directory is replaced, and no link is followed |
//!
//! Between the last look and the rename, a program that writes in the same directory without the
//! lock can still put another file there. No system call compares and renames.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::durability::{Durability, parent_of, sync_name_of, sync_young_names};
use crate::error::ReplaceError;
use crate::read::Version;
use crate::sys;

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
    /// Creates the temporary `<name>.tmp-<unique>` beside `path`.
    ///
    /// The temporary has the rights of the file that it replaces before it has any content: mode,
    /// access list, group and, where possible, owner. What cannot be kept is narrowed.
    ///
    /// If `path` is a symbolic link, the file that it leads to is the one replaced, and the link
    /// stays. (A target that becomes a link before the commit is replaced as it is.) The directory
    /// must exist ([`create_parents`](crate::create_parents)), and with [`Durability::Full`] be
    /// readable.
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
        let prefix = temporary_prefix(&target);
        let temporary = place.create(&prefix, UNIQUE, replaced.as_ref()).map_err(|source| {
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

    /// Does all that can take long or fail, short of taking the name: looks whether the file that
    /// is replaced has other rights by now, and syncs the new one.
    ///
    /// [`commit`](Self::commit) does this itself. Whoever has something to check right before the
    /// name is taken calls this first.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Io`]; the temporary is removed. A failed sync is never tried again: the
    /// second try can succeed without having written anything (fsync(2); Linux reports a lost write
    /// once).
    pub fn make_ready(mut self) -> Result<ReadyFile, ReplaceError> {
        self.follow_rights()?;
        let file = self.temporary.file();
        if let Some(rights) = &self.replaced {
            sys::adopt_special_bits(file, rights)
                .map_err(|source| self.failed_to("set the mode of", source))?;
        }
        if self.durability == Durability::Full {
            sys::sync(file).map_err(|source| self.failed_to("sync", source))?;
        }
        Ok(ReadyFile { file: self })
    }

    /// Adopts the rights that the target has now, if they are others than before. (Of a file that
    /// was read, other rights are another version.)
    fn follow_rights(&mut self) -> Result<(), ReplaceError> {
        if self.expected != Expected::Anything {
            return Ok(());
        }
        let look = self.temporary.place().look();
        let found = match look.map_err(|source| self.failed_to("examine", source))? {
            Some(found) if found.not_regular().is_none() => found,
            // If it went away meanwhile, or is something else now, as if it had not.
            _ => return Ok(()),
        };
        if self.replaced.as_ref().is_some_and(|rights| rights.are_of(&found)) {
            return Ok(());
        }
        let rights = sys::Rights::of_path(&self.target, &found)
            .map_err(|source| self.failed_to("read the rights of", source))?;
        sys::close_to_others(self.temporary.file());
        self.adopt(&rights)?;
        self.replaced = Some(rights);
        Ok(())
    }

    fn adopt(&self, rights: &sys::Rights) -> Result<(), ReplaceError> {
        sys::adopt(self.temporary.file(), rights)
            .map_err(|source| self.failed_to("set the rights of", source))
    }

    /// Takes the place of the target.
    ///
    /// # Errors
    ///
    /// After [`ReplaceError::NotDurable`] the new content is in place. After any other error the
    /// old file stands, and the temporary is removed. [`ReplaceError::Changed`] comes only if one
    /// file was to be [replaced](Self::replacing).
    pub fn commit(self) -> Result<(), ReplaceError> {
        self.make_ready()?.commit()
    }

    /// Removes the temporary. The target stays as it is.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Io`] if it could not be removed.
    pub fn discard(self) -> Result<(), ReplaceError> {
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

/// An [`AtomicFile`] that has all but the name. Dropping it discards it.
#[derive(Debug)]
#[must_use = "a file that is not committed is discarded"]
pub struct ReadyFile {
    file: AtomicFile,
}

impl ReadyFile {
    /// Takes the place of the target.
    ///
    /// # Errors
    ///
    /// See [`AtomicFile::commit`].
    pub fn commit(self) -> Result<(), ReplaceError> {
        self.check()?;
        let AtomicFile { mut temporary, target, expected, durability, .. } = self.file;
        let exclusively = expected == Expected::Nothing;
        if let Err(source) = temporary.persist(!exclusively) {
            return Err(match source.kind() {
                ErrorKind::AlreadyExists if exclusively => ReplaceError::Changed { path: target },
                _ if temporary.place().is_mount_point(&source) => {
                    ReplaceError::MountPoint { path: target, source }
                }
                _ => ReplaceError::Io { verb: "rename into place", path: target, source },
            });
        }
        if durability == Durability::Atomic {
            return Ok(());
        }
        // Whoever created the directory may not have synced its name yet.
        let synced = temporary.place().sync_renamed(temporary.file());
        synced
            .and_then(|()| sync_young_names(&parent_of(&target)))
            .map_err(|source| ReplaceError::NotDurable { path: target, source })
    }

    /// Removes the target, instead of taking its place.
    ///
    /// # Errors
    ///
    /// See [`AtomicFile::commit`]. After [`ReplaceError::NotDurable`] it is removed. A missing
    /// target is no error.
    pub fn remove_target(self) -> Result<(), ReplaceError> {
        self.check()?;
        let AtomicFile { temporary, target, durability, .. } = self.file;
        match temporary.place().remove() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(source) => return Err(ReplaceError::Io { verb: "remove", path: target, source }),
            Ok(()) => {}
        }
        if durability == Durability::Atomic {
            return Ok(());
        }
        let synced = temporary.place().sync_renamed(temporary.file());
        synced.map_err(|source| ReplaceError::NotDurable { path: target, source })
    }

    /// Renames the target to `aside`, unless something is there; a relative path starts at the
    /// target's directory. From then on this file takes the target's name only if that is free.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if something is at `aside`, or another answer of the
    /// operating system: nothing was renamed. If the directory of `aside`, another one, could not
    /// be synced, the target has its new name.
    ///
    /// # Platform behavior
    ///
    /// Linux and macOS rename in one step. Elsewhere, and on file systems that cannot do that, a
    /// process that dies in between leaves both names.
    pub fn move_target_aside(&mut self, aside: impl AsRef<Path>) -> io::Result<()> {
        let parent = parent_of(&self.file.target);
        let aside = parent.join(aside);
        let is_sibling = aside.parent() == Some(&*parent);
        self.file.temporary.place().rename_new(&aside, is_sibling)?;
        self.file.expected = Expected::Nothing;
        // The target's own directory is synced once both names in it are right.
        if !is_sibling && self.file.durability == Durability::Full {
            sync_name_of(&aside)?;
        }
        Ok(())
    }

    /// Whether what is replaced still is the file that was read.
    fn check(&self) -> Result<(), ReplaceError> {
        let AtomicFile { temporary, target, expected, .. } = &self.file;
        let Expected::This(version) = expected else { return Ok(()) };
        let place = temporary.place();
        let look = place.look().map_err(|source| ReplaceError::Io {
            verb: "examine",
            path: target.clone(),
            source,
        })?;
        match look {
            Some(found) if is_it(place, &found, version, target)? => Ok(()),
            _ => Err(ReplaceError::Changed { path: target.clone() }),
        }
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

/// Removes temporaries of `path` that a killed process left behind and that were not written to for
/// `age`. Returns how many.
///
/// Only whoever keeps all others from writing `path` may call it: a temporary of somebody who
/// merely is slow looks the same.
///
/// # Errors
///
/// The operating system's when the directory cannot be read, and those of [`AtomicFile::create`]
/// for a path that is no file. A temporary that cannot be removed is passed over.
pub fn remove_left_over_temporaries(path: impl AsRef<Path>, age: Duration) -> io::Result<usize> {
    // Read from, as a directory that is to be synced is.
    let resolved = Resolved::of(path.as_ref(), Durability::Full).map_err(io::Error::from)?;
    let prefix = temporary_prefix(&resolved.target);
    let is_ours = |name: &OsStr| {
        let unique = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes());
        unique.is_some_and(|unique| {
            unique.len() == UNIQUE && unique.iter().all(u8::is_ascii_alphanumeric)
        })
    };
    resolved.place.remove_old(is_ours, age)
}

/// How long the unique part of a temporary's name is. Long enough not to be what a person calls a
/// copy.
const UNIQUE: usize = 12;

fn temporary_prefix(target: &Path) -> OsString {
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(".tmp-");
    prefix
}

/// The place of the file to be replaced, and what is there.
struct Resolved {
    place: sys::Place,
    /// Absolute, links followed.
    target: PathBuf,
    found: Option<sys::Found>,
}

impl Resolved {
    /// Follows links to the file, and opens its directory.
    fn of(path: &Path, durability: Durability) -> Result<Self, ReplaceError> {
        let failed = |verb| move |source| ReplaceError::Io { verb, path: path.to_owned(), source };
        let target = std::path::absolute(path).map_err(failed("make absolute"))?;
        let resolved = Self::at(target, durability)?;
        if !resolved.found.as_ref().is_some_and(sys::Found::is_link) {
            return resolved.checked();
        }
        match std::fs::canonicalize(&resolved.target) {
            Ok(target) => Self::at(target, durability)?.checked(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(ReplaceError::DanglingLink { path: resolved.target })
            }
            Err(error) => Err(failed("follow the link")(error)),
        }
    }

    fn at(target: PathBuf, durability: Durability) -> Result<Self, ReplaceError> {
        if target.file_name().is_none() {
            return Err(ReplaceError::NotAFile { path: target, kind: "a directory" });
        }
        let parent = parent_of(&target);
        let place =
            sys::Place::open(&target, durability == Durability::Full).map_err(|source| {
                ReplaceError::Io { verb: "open the directory", path: parent, source }
            })?;
        let found = place.look().map_err(|source| ReplaceError::Io {
            verb: "examine",
            path: target.clone(),
            source,
        })?;
        Ok(Self { place, target, found })
    }

    /// Refuses what is no file, or must not be replaced. (A link that comes to be behind a link is
    /// one, too.)
    fn checked(self) -> Result<Self, ReplaceError> {
        let Some(found) = &self.found else { return Ok(self) };
        if let Some(kind) = found.not_regular() {
            return Err(ReplaceError::NotAFile { path: self.target, kind });
        }
        match found.may_be_replaced() {
            Ok(()) => Ok(self),
            Err(source) => Err(ReplaceError::Io { verb: "replace", path: self.target, source }),
        }
    }
}
