//! Windows.
//!
//! A program that has a file open without delete sharing, as most programs do, keeps it from being
//! replaced. A program that deletes or replaces it keeps others from opening it, for a moment. Such
//! denials are tried again for less than half a second before they are believed.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::windows::fs::OpenOptionsExt;
pub(crate) use std::path::absolute;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::fingerprint::Fingerprint;

mod place;
mod rights;
pub(crate) use place::{Found, Place, Temporary};
pub(crate) use rights::{Rights, adopt, adopt_special_bits, close_to_others};

/// How many denials in a row are believed.
const DENIALS: u32 = 30;

fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for denials in 1..DENIALS {
        match call() {
            Err(error) if is_momentary(&error) => {
                sleep(Duration::from_millis(denials.into()));
            }
            other => return other,
        }
    }
    call()
}

/// Access denied (5), sharing violation (32), delete pending (303); see winerror.h.
fn is_momentary(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32 | 303))
}

/// There are no FIFOs in directories, so that nothing blocks.
pub(crate) fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    patiently(|| options.open(path))
}

pub(crate) fn read_to_end(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<()> {
    file.read_to_end(bytes).map(|_| ())
}

/// No path stands for one.
pub(crate) fn is_own_pipe(_: &Path, _: &Metadata) -> bool {
    false
}

#[allow(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
pub(crate) fn wait_for_writers(_: &File) -> io::Result<()> {
    Ok(())
}

/// Moves the file's position, without effect on appending.
pub(crate) fn read_at(mut file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

/// Renames `from` to `to` unless `to` exists: links it first, since std's rename replaces. A
/// process that dies in between leaves both names.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

/// Needs no handle: NTFS gives a file's number to another file only with another sequence number
/// in it. And must not have one: the file could not be replaced everywhere.
pub(crate) type Pin = ();

pub(crate) fn pin(_: File) -> Pin {}

pub(crate) fn fingerprint(file: &File, _: &Metadata) -> io::Result<Fingerprint> {
    let information = winapi_util::file::information(file)?;
    let time =
        |filetime: Option<u64>| (i64::try_from(filetime.unwrap_or(0)).unwrap_or(i64::MAX), 0);
    Ok(Fingerprint {
        device: information.volume_serial_number(),
        inode: information.file_index(),
        size: information.file_size(),
        modified: time(information.last_write_time()),
        changed: time(information.creation_time()),
    })
}

/// The fingerprint of what `path` leads to, for attributes only: nobody's way of sharing refuses
/// that.
pub(crate) fn fingerprint_at(path: &Path) -> io::Result<Fingerprint> {
    const FILE_READ_ATTRIBUTES: u32 = 0x80;
    const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
    let mut options = OpenOptions::new();
    options.access_mode(FILE_READ_ATTRIBUTES).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let file = patiently(|| options.open(path))?;
    fingerprint(&file, &file.metadata()?)
}

pub(crate) fn kind_of_special(_: &Metadata) -> &'static str {
    "a device"
}

pub(crate) fn sync(file: &File) -> io::Result<()> {
    file.sync_all()
}

pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data()
}

/// A directory cannot be synced. What happens to its entries is in the file system's journal, and
/// syncing a file writes that out so far. So a file is synced again after its renaming.
type Directory = ();

/// The path whose names are synced. No directory can be synced here, so that it need not be the one
/// that links lead to. Asking for that one fails under Wine if it is long (`ERROR_MORE_DATA`).
pub(crate) fn path_of_name(path: &Path) -> io::Result<PathBuf> {
    absolute(path)
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn open_directory(_: &Path) -> io::Result<Directory> {
    Ok(())
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn sync_file_system(_: &File) -> io::Result<()> {
    Ok(())
}

/// No directory is opened.
pub(crate) fn has_too_many_open(_: &io::Error) -> bool {
    false
}

#[allow(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn sync_directory((): &Directory) -> io::Result<()> {
    Ok(())
}
