//! The names of temporaries, and those that killed processes left.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::resolve::Resolved;
use crate::durability::Durability;

/// How long the unique part of a temporary's name is. Long enough not to be what a person calls a
/// copy.
pub(super) const UNIQUE: usize = 12;

pub(super) fn temporary_prefix(target: &Path) -> OsString {
    let mut prefix = target.file_name().unwrap_or_default().to_owned();
    prefix.push(".tmp-");
    prefix
}

/// Removes temporaries of `path` that a killed process left behind and that were not written to for
/// `age`. Returns how many.
///
/// Only whoever keeps all others from writing `path` may call it: a temporary of somebody who
/// merely is slow looks the same.
///
/// # Errors
///
/// The operating system's when the directory cannot be read, and those of
/// [`AtomicFile::create`](super::AtomicFile::create) for a path that is no file. A temporary that
/// cannot be removed is passed over.
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
