//! Opening a file of lines: to append, to read, or as a new one.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::AppendFile;
use crate::durability::birth_of;
use crate::error::AppendError;
use crate::sys;

impl AppendFile {
    /// Opens the log at `path`, following links, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// [`AppendError::NotAFile`], [`AppendError::DanglingLink`], [`AppendError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AppendError> {
        /// Between a look and the opening, others create and remove the log.
        const TRIES: u32 = 100;
        let path = path.as_ref();
        let mut tries = 1;
        loop {
            let is_new = !is_there(path)?;
            let mut options = OpenOptions::new();
            // Not for a file that is there: where `fs.protected_regular` is set, the kernel refuses
            // `O_CREAT` on other users' files in a sticky directory (proc_sys_fs(5)). Exclusively,
            // because a link that came to be meanwhile would be followed to where it leads.
            options.read(true).append(true).create_new(is_new);
            match open(path, &mut options, is_new) {
                Err(AppendError::Io { source, .. })
                    if tries < TRIES && was_overtaken(&source, is_new) =>
                {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Creates the log at `path`.
    ///
    /// # Errors
    ///
    /// [`AppendError::Io`], of kind [`ErrorKind::AlreadyExists`] if there is one by now.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, AppendError> {
        open(path.as_ref(), OpenOptions::new().read(true).append(true).create_new(true), true)
    }

    /// As [`open`](Self::open), but `None` if there is no log.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Option<Self>, AppendError> {
        open_existing(path.as_ref(), OpenOptions::new().read(true).append(true))
    }

    /// As [`open_existing`](Self::open_existing), for [`tail`](Self::tail) alone: it needs no right
    /// to write, and appending to it fails.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_to_read(path: impl AsRef<Path>) -> Result<Option<Self>, AppendError> {
        open_existing(path.as_ref(), OpenOptions::new().read(true))
    }
}

/// Whether something is there to append to. Asked before opening: opening a FIFO for writing and
/// reading would make us its other end.
fn is_there(path: &Path) -> Result<bool, AppendError> {
    match std::fs::metadata(path) {
        Ok(metadata) => match sys::not_regular(&metadata) {
            Some(kind) => Err(AppendError::NotAFile { path: path.to_owned(), kind }),
            None => Ok(true),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
                return Err(AppendError::DanglingLink { path: path.to_owned() });
            }
            Ok(false)
        }
        Err(source) => Err(AppendError::Io { verb: "open", path: path.to_owned(), source }),
    }
}

/// Whether another program created the log, or removed it, right before it was opened.
fn was_overtaken(error: &io::Error, is_new: bool) -> bool {
    error.kind() == if is_new { ErrorKind::AlreadyExists } else { ErrorKind::NotFound }
}

fn open_existing(
    path: &Path,
    options: &mut OpenOptions,
) -> Result<Option<AppendFile>, AppendError> {
    if !is_there(path)? {
        return Ok(None);
    }
    match open(path, options, false) {
        // Removed in between.
        Err(AppendError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn open(path: &Path, options: &mut OpenOptions, is_new: bool) -> Result<AppendFile, AppendError> {
    let failed = |source| AppendError::Io { verb: "open", path: path.to_owned(), source };
    let file = sys::open_nonblocking(path, options).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if let Some(kind) = sys::not_regular(&metadata) {
        return Err(AppendError::NotAFile { path: path.to_owned(), kind });
    }
    let born = if is_new { None } else { Some(birth_of(&metadata)) };
    let version = sys::fingerprint(&file, &metadata).map_err(failed)?;
    Ok(AppendFile { file, path: path.to_owned(), length: metadata.len(), version, born })
}
