//! Reading a whole file, with a handle on which version of it was read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::error::ReadFileError;
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

impl Contents {
    const MISSING: Self = Self { bytes: None, version: Version(None) };
}

/// Which version of a file was read, or that there was none.
///
/// On Unix it keeps the file open. As long as it lives, the system cannot give the file's inode
/// number to another file. So a replaced file never looks like the one that was read.
#[derive(Debug)]
pub struct Version(Option<(sys::Pin, Fingerprint)>);

impl Version {
    fn of(path: &Path, file: File, metadata: &Metadata) -> Result<Self, ReadFileError> {
        let fingerprint = sys::fingerprint(&file, metadata).map_err(|source| {
            ReadFileError::Io { verb: "examine", path: path.to_owned(), source }
        })?;
        Ok(Self(Some((sys::pin(file), fingerprint))))
    }

    /// The file, kept open, and which version of it was read; `None` if there was none.
    pub(crate) fn file(&self) -> Option<(&sys::Pin, &Fingerprint)> {
        self.0.as_ref().map(|(file, version)| (file, version))
    }

    /// Whether there was no file.
    pub fn is_missing(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the file was changed less than `age` before now. A program that writes it piece by
    /// piece may be at it still. A change that lies in the future counts.
    pub fn is_younger_than(&self, age: Duration) -> bool {
        let Some((_, fingerprint)) = &self.0 else { return false };
        let (seconds, nanoseconds) = fingerprint.modified;
        let parts = (u64::try_from(seconds), u32::try_from(nanoseconds));
        let (Ok(seconds), Ok(nanoseconds)) = parts else { return false };
        let modified = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        modified.elapsed().map_or(true, |since| since < age)
    }

    /// Whether `path` still is what was read: the same file, unchanged, or still none.
    ///
    /// A change that leaves size and both times as they were goes unnoticed. File systems count
    /// time in steps of up to 10 ms, and programs that replace the file instead of overwriting it
    /// give it another inode.
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
/// On Unix, `path` can name a pipe that this process has open: `/dev/stdin`, or `/dev/fd/63`, which
/// a shell makes of `<(command)`. It is read until its last writer closes it.
///
/// # Errors
///
/// [`ReadFileError::NotAFile`], [`ReadFileError::DanglingLink`], or [`ReadFileError::Io`]. A
/// missing file is not an error; a missing directory on the way is the same as a missing file.
pub fn read(path: impl AsRef<Path>) -> Result<Contents, ReadFileError> {
    let path = path.as_ref();
    match open(path)? {
        Some((file, metadata)) => read_rest(path, file, &metadata, Vec::new()),
        None => Ok(Contents::MISSING),
    }
}

/// What [`reread`] found.
#[derive(Debug)]
pub enum Reread {
    /// The file has the bytes that were known, and no others.
    Same(Version),
    /// It has others, or there is none.
    Other(Contents),
}

/// As [`read()`], but it keeps nothing as long as it finds what is `known`. So a large file that
/// has not changed since it was read is not in memory twice.
///
/// # Errors
///
/// As [`read()`].
pub fn reread(path: impl AsRef<Path>, known: &[u8]) -> Result<Reread, ReadFileError> {
    let path = path.as_ref();
    let Some((mut file, metadata)) = open(path)? else {
        return Ok(Reread::Other(Contents::MISSING));
    };
    let failed = |source| ReadFileError::Io { verb: "read", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    // One of another size has other bytes; which ones need not be found out one by one.
    if metadata.len() == known.len() as u64 {
        match read_known(&mut file, known, metadata.is_file()).map_err(failed)? {
            None => return Ok(Reread::Same(Version::of(path, file, &metadata)?)),
            Some(read) => bytes = read,
        }
    }
    read_rest(path, file, &metadata, bytes).map(Reread::Other)
}

/// Opens what is to be read; `None` when there is no file.
fn open(path: &Path) -> Result<Option<(File, Metadata)>, ReadFileError> {
    let failed = |verb| move |source| ReadFileError::Io { verb, path: path.to_owned(), source };
    // Asked before opening, since opening some devices already does something; and again after,
    // since the file may have been replaced in between.
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
                return Err(ReadFileError::DanglingLink { path: path.to_owned() });
            }
            return Ok(None);
        }
        Err(error) => return Err(failed("read")(error)),
    };
    let not_a_file = |kind| Err(ReadFileError::NotAFile { path: path.to_owned(), kind });
    let is_pipe = sys::is_own_pipe(path, &metadata);
    if let Some(kind) = sys::not_regular(&metadata).filter(|_| !is_pipe) {
        return not_a_file(kind);
    }
    let file = match sys::open_nonblocking(path, OpenOptions::new().read(true)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open")(error)),
    };
    let metadata = file.metadata().map_err(failed("examine"))?;
    if is_pipe {
        sys::wait_for_writers(&file).map_err(failed("open"))?;
    } else if let Some(kind) = sys::not_regular(&metadata) {
        return not_a_file(kind);
    }
    Ok(Some((file, metadata)))
}

/// Reads `file` for as long as it finds what is `known`. `None`: it found all of it, and the end;
/// otherwise, all that it has read so far.
///
/// A file `is_regular` that is as long as what is known ends there. No read is spent on the end if
/// one that had room for more has found no more. [`Version::is_current`] looks at the length again.
fn read_known(file: &mut File, known: &[u8], is_regular: bool) -> io::Result<Option<Vec<u8>>> {
    const AT_ONCE: usize = 64 * 1024;
    /// A page. What fits needs no memory of its own, which takes longer than reading it.
    const SHORT: usize = 4 * 1024;
    let (mut short, mut long) = ([0; SHORT], Vec::new());
    let part = if known.len() < SHORT {
        &mut short[..=known.len()]
    } else {
        long.resize(AT_ONCE.min(known.len() + 1), 0);
        &mut long[..]
    };
    let mut rest = known;
    loop {
        let length = match file.read(part) {
            Ok(0) if rest.is_empty() => return Ok(None),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match rest.strip_prefix(&part[..length]) {
            Some([]) if is_regular && (1..part.len()).contains(&length) => return Ok(None),
            Some(left) if length > 0 => rest = left,
            _ => {
                let mut read = Vec::new();
                read.try_reserve_exact(known.len() + length + 1)?;
                read.extend_from_slice(&known[..known.len() - rest.len()]);
                read.extend_from_slice(&part[..length]);
                return Ok(Some(read));
            }
        }
    }
}

/// Reads what is left of `file` after `bytes`.
fn read_rest(
    path: &Path,
    mut file: File,
    metadata: &Metadata,
    mut bytes: Vec<u8>,
) -> Result<Contents, ReadFileError> {
    let failed = |source| ReadFileError::Io { verb: "read", path: path.to_owned(), source };
    // One more than the size, so that the read that finds the end does not make it grow.
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX).saturating_add(1);
    bytes
        .try_reserve_exact(size.saturating_sub(bytes.len()))
        .map_err(|_| failed(ErrorKind::OutOfMemory.into()))?;
    sys::read_to_end(&mut file, &mut bytes).map_err(failed)?;
    Ok(Contents { bytes: Some(bytes), version: Version::of(path, file, metadata)? })
}
