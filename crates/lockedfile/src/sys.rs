//! What differs between operating systems.

use std::path::PathBuf;

/// The path that these bytes spell; `None` if they spell none here.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "on Windows not all bytes are a path")]
pub(crate) fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(std::ffi::OsStr::from_bytes(bytes).into())
}

/// The path that these bytes spell; `None` if they spell none here.
#[cfg(not(unix))]
pub(crate) fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}
