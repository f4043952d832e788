//! A named stream of the record, which its holder keeps open: the system's word on who lives.
//!
//! The holder opens `holder:alive` and shares deletion only. The system keeps sharing modes for
//! each stream apart. So others read, write and remove the record as ever. A judge opens the stream
//! for reading:
//!
//! ```text
//! sharing violation    the holder lives: the system closes a process's handles when that ends
//! success              the holder is gone
//! anything else        not told: no such stream (a cloud's copy), no such file system
//! ```
//!
//! What the holder does, and who may come between:
//!
//! ```text
//! create holder        empty                         dies here: no record, by time
//! is it a volume with  `holder::$DATA` is the record itself, on a drive of this machine;
//!   streams?           else no stream, and time decides
//! create the stream    new, shares deletion only     dies here: no record, by time
//! ask for it           must be refused, as a judge   else closed, and time decides
//!                      would be
//! write the record     `stream alive` in it          a judge who reads that finds the stream open
//! ...                  stopped, asleep, slow: lives  killed: the next judge has it at once
//! remove the record    shared, so it works           a judge who opened the stream shares all
//! close the stream     after that, so that no judge  a judge who asks in between reads the record
//!                      finds a record that is dead   again, and finds none
//! ```
//!
//! A network's server can lose a handle while its holder lives. So a record on a share has no
//! stream.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::{Component, Path, Prefix};

use super::super::StreamAnswer;
use super::STREAM as SUFFIX;
use super::dir::Dir;

const FILE_SHARE_DELETE: u32 = 4;
const SHARING_VIOLATION: i32 = 32;

/// The holder's end. Closed when this is dropped, or when the process ends.
#[derive(Debug)]
pub(crate) struct Stream {
    _open: File,
}

impl Stream {
    /// Opens the stream of `record`, a file in `lock` that is ours and new. `None` if it would
    /// prove nothing here.
    pub(crate) fn open(lock: &Path, dir: &Dir, record: &str) -> Option<Self> {
        if !(are_parts_of_files(dir, record) && is_on_a_drive(lock) || is_taken_for_one()) {
            return None;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).share_mode(FILE_SHARE_DELETE);
        let open = options.open(lock.join(format!("{record}{SUFFIX}"))).ok()?;
        (ask_stream(dir, record) == StreamAnswer::Runs).then_some(Self { _open: open })
    }
}

/// Whether streams are parts of their file here: then the file's content is one, under this name.
/// Wine and FAT have no file that is called so.
fn are_parts_of_files(dir: &Dir, record: &str) -> bool {
    let content = dir.lstat_at(&format!("{record}::$DATA"));
    matches!((content, dir.lstat_at(record)), (Ok(content), Ok(file)) if content.id == file.id)
}

/// Whether `path` leads to a drive of this machine, not to a share, whatever letter that has.
fn is_on_a_drive(path: &Path) -> bool {
    let resolved = path.canonicalize();
    resolved.is_ok_and(|path| match path.components().next() {
        Some(Component::Prefix(prefix)) => {
            matches!(prefix.kind(), Prefix::VerbatimDisk(_) | Prefix::Disk(_))
        }
        _ => false,
    })
}

/// Whether an `entry` of the directory is the stream of `record`. On Windows none is: no name has a
/// colon. Under Wine it is one if a test made a holder take it for a stream.
pub(crate) fn is_stream_of(entry: &str, record: &str) -> bool {
    entry.strip_suffix(SUFFIX) == Some(record)
}

/// What the stream says of the holder whose `record` is in `dir`.
pub(crate) fn ask_stream(dir: &Dir, record: &str) -> StreamAnswer {
    let name = format!("{record}{SUFFIX}");
    match dir.with(|handle| fs_at::OpenOptions::default().read(true).open_at(handle, &name)) {
        Ok(_) => StreamAnswer::Ended,
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => StreamAnswer::Runs,
        Err(_) => StreamAnswer::NotTold,
    }
}

#[cfg(feature = "testing")]
fn is_taken_for_one() -> bool {
    std::env::var_os(super::super::STREAMS).is_some()
}

#[cfg(not(feature = "testing"))]
fn is_taken_for_one() -> bool {
    false
}
