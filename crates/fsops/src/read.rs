//! Reading a whole file, with a handle on which version of it was read.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::ReadError;
use crate::sys::{self, Fingerprint};

/// What [`read`] found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Contents {
    /// The whole file; `None` when there is none.
    pub bytes: Option<Vec<u8>>,
    /// Which version of the file this is.
    pub version: Version,
}

/// Which version of a file was read, or that there was none.
///
/// On Unix it keeps the file open: as long as it lives, the system cannot give the file's inode number to
/// another file, so that a replaced file never looks like the one that was read.
#[derive(Debug)]
pub struct Version(Option<(sys::Pin, Fingerprint)>);

impl Version {
    /// Whether there was no file.
    pub fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    /// Whether `path` still is what was read: the same file, unchanged, or still none.
    ///
    /// A change that leaves size and both times as they were goes unnoticed. File systems count time
    /// in steps of up to 10 ms, and programs that replace the file instead of overwriting it give it
    /// another inode.
    ///
    /// # Errors
    ///
    /// The operating system's, if we could not look and therefore do not know.
    pub fn is_current(&self, path: impl AsRef<Path>) -> io::Result<bool> {
        match (sys::fingerprint_at(path.as_ref()), &self.0) {
            (Ok(now), Some((_, read))) => Ok(now == *read),
            (Ok(_), None) => Ok(false),
            (Err(error), version) if error.kind() == ErrorKind::NotFound => Ok(version.is_none()),
            (Err(error), _) => Err(error),
        }
    }
}

/// Reads the whole of `path`, following links. Never waits for a FIFO or opens a device.
///
/// A file that changes while it is read can come back mixed; [`Version::is_current`] tells.
///
/// # Platform behavior
///
/// On Unix, a pipe that this process already has open, and that `path` says so of (`/dev/stdin`, or `/dev/fd/63`, which
/// is what a shell makes of `<(command)`), is read until its last writer closes it.
///
/// # Errors
///
/// [`ReadError::NotAFile`], [`ReadError::DanglingLink`], or [`ReadError::Io`]. A missing file is not
/// an error; a missing directory on the way is the same as a missing file.
pub fn read(path: impl AsRef<Path>) -> Result<Contents, ReadError> {
    let path = path.as_ref();
    let failed = |verb| move |source| ReadError::Io { verb, path: path.to_owned(), source };
    // Asked before opening, since opening some devices already does something; and again after,
    // since the file may have been replaced in between.
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
                return Err(ReadError::DanglingLink { path: path.to_owned() });
            }
            return Ok(Contents { bytes: None, version: Version(None) });
        }
        Err(error) => return Err(failed("read")(error)),
    };
    let not_a_file = |kind| Err(ReadError::NotAFile { path: path.to_owned(), kind });
    let is_pipe = sys::is_own_pipe(path, &metadata);
    if let Some(kind) = sys::not_regular(&metadata).filter(|_| !is_pipe) {
        return not_a_file(kind);
    }
    let mut file = match sys::open_nonblocking(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Contents { bytes: None, version: Version(None) });
        }
        Err(error) => return Err(failed("open")(error)),
    };
    let metadata = file.metadata().map_err(failed("examine"))?;
    if is_pipe {
        sys::wait_for_writers(&file).map_err(failed("open"))?;
    } else if let Some(kind) = sys::not_regular(&metadata) {
        return not_a_file(kind);
    }
    let mut bytes = Vec::new();
    // One more than the size, so that the read that finds the end does not make it grow.
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX).saturating_add(1);
    bytes.try_reserve_exact(size).map_err(|_| failed("read")(ErrorKind::OutOfMemory.into()))?;
    sys::read_to_end(&mut file, &mut bytes).map_err(failed("read"))?;
    let fingerprint = sys::fingerprint(&file, &metadata).map_err(failed("examine"))?;
    let version = Version(Some((sys::pin(file), fingerprint)));
    Ok(Contents { bytes: Some(bytes), version })
}
