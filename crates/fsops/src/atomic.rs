//! Replacing a file: write a sibling, sync it, rename it over, sync the directory.

use std::ffi::OsString;
use std::fs::Metadata;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::durability::{Durability, parent_of, sync_young_names};
use crate::error::ReplaceError;
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
    temporary: NamedTempFile,
    /// What is replaced: absolute, links followed.
    target: PathBuf,
    /// The rights of what is replaced, as the temporary has them.
    replaced: Option<sys::Rights>,
    durability: Durability,
    /// Opened before anything is written: if it cannot be, the old file still stands.
    directory: Option<sys::Directory>,
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
    /// # Errors
    ///
    /// [`ReplaceError::NotAFile`], [`ReplaceError::DanglingLink`], or [`ReplaceError::Io`]. Nothing
    /// was changed.
    pub fn create(path: impl AsRef<Path>, durability: Durability) -> Result<Self, ReplaceError> {
        let (target, metadata) = resolve(path.as_ref())?;
        let parent = parent_of(&target);
        let replaced = match &metadata {
            Some(metadata) => Some(sys::Rights::of(&target, metadata).map_err(|source| {
                ReplaceError::Io { verb: "read the rights of", path: target.clone(), source }
            })?),
            None => None,
        };
        let directory = match durability {
            Durability::Full => Some(sys::open_directory(&parent).map_err(|source| {
                ReplaceError::Io { verb: "open the directory", path: parent.clone(), source }
            })?),
            Durability::Atomic => None,
        };
        let prefix = temporary_prefix(&target);
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).rand_bytes(UNIQUE);
        let temporary =
            sys::create_temporary(&mut builder, &parent, replaced.as_ref()).map_err(|source| {
                ReplaceError::Io { verb: "create a temporary file in", path: parent, source }
            })?;
        let file = Self { temporary, target, replaced, durability, directory };
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
        let file = self.temporary.as_file();
        if let Some(rights) = &self.replaced {
            sys::adopt_special_bits(file, rights)
                .map_err(|source| self.failed_to("set the mode of", source))?;
        }
        if self.durability == Durability::Full {
            sys::sync(file).map_err(|source| self.failed_to("sync", source))?;
        }
        Ok(ReadyFile { file: self })
    }

    /// Adopts the rights that the target has now, if they are others than before.
    fn follow_rights(&mut self) -> Result<(), ReplaceError> {
        let metadata = match self.target.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            // If it went away meanwhile, or is something else now, as if it had not.
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.failed_to("examine", error)),
        };
        if self.replaced.as_ref().is_some_and(|rights| rights.are_of(&metadata)) {
            return Ok(());
        }
        let rights = sys::Rights::of(&self.target, &metadata)
            .map_err(|source| self.failed_to("read the rights of", source))?;
        sys::close_to_others(self.temporary.as_file());
        self.adopt(&rights)?;
        self.replaced = Some(rights);
        Ok(())
    }

    fn adopt(&self, rights: &sys::Rights) -> Result<(), ReplaceError> {
        sys::adopt(self.temporary.as_file(), rights)
            .map_err(|source| self.failed_to("set the rights of", source))
    }

    /// Takes the place of the target.
    ///
    /// # Errors
    ///
    /// After [`ReplaceError::NotDurable`] the new content is in place. After any other error the
    /// old file stands, and the temporary is removed.
    pub fn commit(self) -> Result<(), ReplaceError> {
        self.make_ready()?.commit()
    }

    /// Removes the temporary. The target stays as it is.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Io`] if it could not be removed.
    pub fn discard(self) -> Result<(), ReplaceError> {
        let path = self.temporary.path().to_owned();
        self.temporary.close().map_err(|source| ReplaceError::Io { verb: "remove", path, source })
    }

    fn failed_to(&self, verb: &'static str, source: io::Error) -> ReplaceError {
        ReplaceError::Io { verb, path: self.temporary.path().to_owned(), source }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.as_file_mut().write(bytes)
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
        let AtomicFile { temporary, target, directory, .. } = self.file;
        let file = match sys::persist(temporary, &target) {
            Ok(file) => file,
            Err(source) if sys::is_mount_point(&source, &target) => {
                return Err(ReplaceError::MountPoint { path: target, source });
            }
            Err(source) => {
                return Err(ReplaceError::Io { verb: "rename into place", path: target, source });
            }
        };
        let Some(directory) = directory else { return Ok(()) };
        // Whoever created the directory may not have synced its name yet.
        sys::sync_renamed(&directory, &file)
            .and_then(|()| sync_young_names(&parent_of(&target)))
            .map_err(|source| ReplaceError::NotDurable { path: target, source })
    }
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
    let (target, _) = resolve(path.as_ref()).map_err(io::Error::from)?;
    let prefix = temporary_prefix(&target);
    let mut removed = 0;
    for entry in std::fs::read_dir(parent_of(&target))?.flatten() {
        let name = entry.file_name();
        let Some(unique) = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes()) else {
            continue;
        };
        let is_ours = unique.len() == UNIQUE && unique.iter().all(u8::is_ascii_alphanumeric);
        let is_old = entry.metadata().is_ok_and(|metadata| {
            metadata.is_file()
                && metadata.modified().is_ok_and(|at| at.elapsed().is_ok_and(|since| since > age))
        });
        if is_ours && is_old && std::fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// How long the unique part of a temporary's name is. Long enough not to be what a person calls a
/// copy.
const UNIQUE: usize = 12;

fn temporary_prefix(target: &Path) -> OsString {
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(".tmp-");
    prefix
}

/// Follows links to the file to be replaced; its metadata, if it exists.
fn resolve(path: &Path) -> Result<(PathBuf, Option<Metadata>), ReplaceError> {
    let failed = |verb| move |source| ReplaceError::Io { verb, path: path.to_owned(), source };
    let absolute = std::path::absolute(path).map_err(failed("make absolute"))?;
    let metadata = match absolute.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((absolute, None)),
        Err(error) => return Err(failed("examine")(error)),
    };
    let (target, metadata) = if metadata.is_symlink() {
        let target = match std::fs::canonicalize(&absolute) {
            Ok(target) => target,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(ReplaceError::DanglingLink { path: absolute });
            }
            Err(error) => return Err(failed("follow the link")(error)),
        };
        let metadata = target.metadata().map_err(failed("examine"))?;
        (target, metadata)
    } else {
        (absolute, metadata)
    };
    match sys::not_regular(&metadata) {
        Some(kind) => Err(ReplaceError::NotAFile { path: target, kind }),
        None => match sys::may_replace(&metadata) {
            Ok(()) => Ok((target, Some(metadata))),
            Err(source) => Err(ReplaceError::Io { verb: "replace", path: target, source }),
        },
    }
}
