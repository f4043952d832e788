//! A directory and its entries.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_at::OpenOptionsWriteMode;
use fs_at::os::windows::{FileExt as _, OpenOptionsExt as _};

use super::super::{Access, FileId, Kind, Stat};
#[cfg(feature = "testing")]
use super::STREAM;
use super::patience::patiently;
use super::{
    DELETE, FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES, identity, open, open_at, regular,
    stat_of_handle,
};

/// A directory: open, or, once it was [let go](Dir::let_go), its path and identity, and opened for
/// each call.
#[derive(Debug)]
pub(crate) struct Dir {
    handle: Option<File>,
    path: PathBuf,
    id: FileId,
}

impl Dir {
    pub(crate) fn try_flock_exclusive(&self) -> io::Result<bool> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(crate) fn try_flock_shared(&self) -> io::Result<bool> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Closes the handle. Until the directory is needed again nobody is kept from removing it and
    /// taking its name.
    pub(crate) fn let_go(&mut self) {
        self.handle = None;
    }

    /// Calls `f` with the open directory: this very one, whatever its path names by now.
    pub(super) fn with<T>(&self, f: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        if let Some(handle) = &self.handle {
            return f(handle);
        }
        let handle = patiently(|| open(&self.path, FILE_READ_ATTRIBUTES))?;
        if identity(&handle)? != self.id {
            return Err(ErrorKind::NotFound.into());
        }
        f(&handle)
    }

    /// There is none.
    #[allow(clippy::unused_self, reason = "it does something on Unix")]
    pub(crate) fn unlock(&self) {}

    pub(crate) fn stat(&self) -> io::Result<Stat> {
        self.with(stat_of_handle)
    }

    /// There are no modes here: a lock is readable to whom its directory's access list says.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "it does something on Unix")]
    pub(crate) fn set_mode(&self, _: u32) -> io::Result<()> {
        Ok(())
    }

    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "it does something on Unix")]
    pub(crate) fn open_to_all(&self) -> io::Result<()> {
        Ok(())
    }

    /// Sets the time of its last change to now, by our clock.
    pub(crate) fn touch(&self) -> io::Result<()> {
        let dir = open(&self.path, FILE_WRITE_ATTRIBUTES | FILE_READ_ATTRIBUTES)?;
        if identity(&dir)? != self.id {
            return Err(ErrorKind::NotFound.into());
        }
        dir.set_modified(SystemTime::now())
    }

    /// Looks at the entry `name`, following no link.
    pub(crate) fn lstat_at(&self, name: &str) -> io::Result<Stat> {
        self.with(|dir| {
            patiently(|| open_at(dir, name, FILE_READ_ATTRIBUTES))
                .and_then(|entry| stat_of_handle(&entry))
        })
    }

    /// A directory in which something is open is not renamed here.
    #[allow(clippy::unused_self, reason = "it does something on Unix")]
    pub(crate) fn above(&self) -> io::Result<Self> {
        Err(ErrorKind::Unsupported.into())
    }

    /// See [`Self::above`].
    #[allow(clippy::unused_self, reason = "it does something on Unix")]
    pub(crate) fn has(&self, _: &OsStr, _: FileId) -> bool {
        false
    }

    /// See [`Self::above`].
    #[allow(clippy::unused_self, reason = "it does something on Unix")]
    pub(crate) fn rmdir_if(&self, _: &OsStr, _: FileId) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Removes the entry `name` (not a directory) from this very directory, whatever its path
    /// names by now.
    pub(crate) fn unlink(&self, name: &str) -> io::Result<()> {
        self.with(|dir| {
            patiently(|| {
                let entry = open_at(dir, name, DELETE | FILE_READ_ATTRIBUTES)?;
                if entry.metadata()?.is_dir() {
                    return Err(ErrorKind::IsADirectory.into());
                }
                entry.delete_by_handle().map_err(|(_, error)| error)
            })?;
            #[cfg(feature = "testing")]
            remove_stream_of_its_own(dir, name);
            Ok(())
        })
    }

    /// Opens the entry `name`, following no link; `None` when it is not a regular file.
    pub(crate) fn open_regular(&self, name: &str, access: Access) -> io::Result<Option<File>> {
        let write = match access {
            Access::Read => OpenOptionsWriteMode::None,
            Access::ReadWrite => OpenOptionsWriteMode::Write,
        };
        self.with(|dir| {
            let mut options = fs_at::OpenOptions::default();
            options.read(true).write(write).create_options(OPEN_REPARSE_POINT);
            // A denial that lasts is judged by time, so that it must not be one of a moment.
            regular(patiently(|| options.open_at(dir, name))?)
        })
    }

    /// There is no OS lock to share.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "it does something on Unix")]
    pub(crate) fn set_inherited(&self, _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// As [`FILE_FLAG_OPEN_REPARSE_POINT`], for the system's own call (ntifs.h).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Opens `path` as a directory, following no link.
pub(crate) fn open_dir(path: &Path) -> io::Result<Dir> {
    let handle = patiently(|| open(path, FILE_READ_ATTRIBUTES))?;
    let stat = stat_of_handle(&handle)?;
    if stat.kind != Kind::Directory {
        return Err(ErrorKind::NotADirectory.into());
    }
    Ok(Dir { handle: Some(handle), path: path.to_owned(), id: stat.id })
}

/// Creates `name` in `dir`, readable and writable through the file that comes back.
pub(crate) fn create_exclusive(dir: &Dir, name: &str) -> io::Result<File> {
    dir.with(|dir| {
        let mut options = fs_at::OpenOptions::default();
        options.create_new(true).read(true).write(OpenOptionsWriteMode::Write);
        patiently(|| options.open_at(dir, name))
    })
}

/// Removes the stream of the file `name`, which was removed, if the volume keeps it as a file of
/// its own. See [`STREAMS`](super::super::STREAMS).
#[cfg(feature = "testing")]
fn remove_stream_of_its_own(dir: &File, name: &str) {
    let stream = open_at(dir, &format!("{name}{STREAM}"), DELETE);
    let _ = stream.map(|stream| stream.delete_by_handle());
}
