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

const INFIX: &str = ".tmp-";

pub(super) fn temporary_prefix(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default();
    let mut prefix = OsString::with_capacity(name.len() + INFIX.len());
    prefix.push(name);
    prefix.push(INFIX);
    prefix
}

/// The name of what has the name of a `temporary`, but is another program's.
pub(super) fn displaced_name(target: &Path, temporary: &OsStr) -> OsString {
    let unique = temporary.as_encoded_bytes();
    let unique = &unique[unique.len().saturating_sub(UNIQUE)..];
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".displaced-");
    name.push(&*String::from_utf8_lossy(unique));
    name
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
    // As we spell it. HFS+ lists `é` as two characters, and other volumes keep the spelling, or the
    // case, of who made it. All of them answer to ours. Elsewhere another file's temporary leads to
    // a name at which there is nothing.
    let own = |entry: &OsStr| {
        let entry = entry.as_encoded_bytes();
        let (name, unique) = entry.split_at(entry.len().checked_sub(UNIQUE)?);
        let is_ours =
            name.ends_with(INFIX.as_bytes()) && unique.iter().all(u8::is_ascii_alphanumeric);
        let mut own = prefix.clone();
        own.push(&*String::from_utf8_lossy(unique));
        is_ours.then_some(own)
    };
    resolved.place.remove_old(own, age)
}
