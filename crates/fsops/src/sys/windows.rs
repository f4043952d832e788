//! Systems without Unix modes and owners. Untested: see the crate's front page.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Fingerprint;

pub(crate) fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.open(path)
}

pub(crate) fn read_to_end(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.read_to_end(bytes).map(|_| ())
}

pub(crate) fn fingerprint(metadata: &Metadata) -> Fingerprint {
    let split = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map_or((0, 0), |since| {
            (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
        })
    };
    Fingerprint {
        device: 0,
        inode: 0,
        size: metadata.len(),
        modified: split(metadata.modified()),
        changed: split(metadata.created()),
    }
}

pub(crate) fn kind_of_special(_: &Metadata) -> &'static str {
    "a special file"
}

pub(crate) fn set_creation_mode(_: &mut tempfile::Builder<'_, '_>, _: Option<&Metadata>) {}

pub(crate) fn adopt_owner_and_mode(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}
