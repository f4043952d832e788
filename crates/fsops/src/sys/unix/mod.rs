//! Linux, macOS and the BSDs.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr};

use super::fingerprint::Fingerprint;

mod access_list;
mod errno;
mod ids;
mod open;
mod place;
mod rights;
use errno::is;
pub(crate) use open::open_nonblocking;
pub(crate) use place::{Found, Place, Temporary};
pub(crate) use rights::{Rights, adopt, adopt_special_bits, close_to_others};

/// As [`std::path::absolute`]. One that is absolute, and has nothing to be left out, is not taken
/// apart: that takes longer than some system calls.
pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    let bytes = path.as_os_str().as_bytes();
    let is_empty = |part: &[u8]| matches!(part, b"" | b".");
    match bytes.strip_prefix(b"/") {
        Some(rest) if !rest.split(|byte| *byte == b'/').any(is_empty) => Ok(path.to_owned()),
        _ => std::path::absolute(path),
    }
}

/// Reads the rest of `file` into `bytes`, first into the room that is there. (std's `read_to_end`
/// asks for size and position of the file first, which for a small document costs as much as
/// reading it.)
pub(crate) fn read_to_end(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        bytes.try_reserve(1)?;
        if retry_on_intr(|| rustix::io::read(&*file, spare_capacity(bytes)))? == 0 {
            return Ok(());
        }
    }
}

pub(crate) fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}

/// Renames `from` to `to`, each a name in a directory, unless `to` exists. Where the system cannot
/// do that in one step, `to` is linked first: a process that dies in between leaves both names.
fn rename_new_at(
    (from_directory, from): (impl AsFd, &OsStr),
    (to_directory, to): (impl AsFd, &OsStr),
) -> io::Result<()> {
    use rustix::fs::{AtFlags, linkat, unlinkat};
    let (from_directory, to_directory) = (from_directory.as_fd(), to_directory.as_fd());
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match retry_on_intr(|| {
            renameat_with(from_directory, from, to_directory, to, RenameFlags::NOREPLACE)
        }) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return Ok(other?),
        }
    }
    retry_on_intr(|| linkat(from_directory, from, to_directory, to, AtFlags::empty()))?;
    Ok(retry_on_intr(|| unlinkat(from_directory, from, AtFlags::empty()))?)
}

/// As long as it is open, the system cannot give the file's inode number to another file.
pub(crate) type Pin = File;

pub(crate) fn pin(file: File) -> Pin {
    file
}

#[allow(clippy::unnecessary_wraps, reason = "on Windows the metadata do not tell")]
pub(crate) fn fingerprint(_: &File, metadata: &Metadata) -> io::Result<Fingerprint> {
    Ok(of(metadata))
}

/// The fingerprint of what `path` leads to.
pub(crate) fn fingerprint_at(path: &Path) -> io::Result<Fingerprint> {
    Ok(of(&std::fs::metadata(path)?))
}

fn of(metadata: &Metadata) -> Fingerprint {
    Fingerprint {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

pub(crate) fn kind_of_special(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether `path` stands for a pipe that this process has open.
pub(crate) fn is_own_pipe(path: &Path, metadata: &Metadata) -> bool {
    let own = ["/dev/stdin", "/dev/fd", "/proc/self/fd"];
    metadata.file_type().is_fifo() && own.iter().any(|own| path.starts_with(own))
}

/// From now on, reading a pipe that is empty waits.
pub(crate) fn wait_for_writers(pipe: &File) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    Ok(rustix::fs::fcntl_setfl(pipe, flags - OFlags::NONBLOCK)?)
}

/// Writes all that is known of `file` to the disk. On Apple systems std asks for `F_FULLFSYNC`,
/// which also empties the disk's own cache. If the file system has no such thing (network volumes),
/// fsync(2) is the most that there is.
pub(crate) fn sync(file: &File) -> io::Result<()> {
    or_fsync(file, file.sync_all())
}

/// As [`sync`], except for metadata that reading does not need.
pub(crate) fn sync_data(file: &File) -> io::Result<()> {
    or_fsync(file, file.sync_data())
}

fn or_fsync(file: &File, synced: io::Result<()>) -> io::Result<()> {
    const NOT_HERE: [Errno; 3] = [Errno::NOTSUP, Errno::NOTTY, Errno::INVAL];
    match synced {
        Err(error) if cfg!(target_vendor = "apple") && is(&error, &NOT_HERE) => {
            Ok(retry_on_intr(|| rustix::fs::fsync(file))?)
        }
        other => other,
    }
}

/// A directory whose entries are to be synced.
type Directory = File;

/// The path whose names are synced: the one that links lead to.
pub(crate) fn path_of_name(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

pub(crate) fn open_directory(path: &Path) -> io::Result<Directory> {
    File::open(path)
}

/// A file system that cannot sync a directory says so with EINVAL or ENOTSUP: it has no such thing
/// (fsync(2); `vboxsf` and some CIFS servers). Then there is nothing more that can be done.
pub(crate) fn sync_directory(directory: &Directory) -> io::Result<()> {
    match sync(directory) {
        Err(error) if is(&error, &[Errno::INVAL, Errno::NOTSUP]) => Ok(()),
        other => other,
    }
}

/// Writes all of the file system that `file` lies on to the disk, and names with it, though their
/// directory cannot be opened (syncfs(2)). That takes longer than is needed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(retry_on_intr(|| rustix::fs::syncfs(file))?)
}

/// The most that there is elsewhere: all file systems begin to write. sync(2) does not say when
/// they are done.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[allow(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
pub(crate) fn sync_file_system(_: &File) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Whether nothing could be opened since this process, or the system, has too many files open.
pub(crate) fn has_too_many_open(error: &io::Error) -> bool {
    is(error, &[Errno::MFILE, Errno::NFILE])
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_mounted(directory: &File, name: &OsStr) -> bool {
    use rustix::fs::{AtFlags, StatxAttributes, StatxFlags, statx};
    statx(directory, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)
        .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Only Linux mounts files.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_mounted(_: &File, _: &OsStr) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_absolute_as_std_does_it() {
        let paths = [
            "/",
            "//",
            "//a",
            "/a",
            "/a/",
            "/a/b",
            "/a//b",
            "/a/./b",
            "/a/.",
            "/./a",
            "/a/../b",
            "/a/.b/..c/d.",
            "/..",
            "a",
            "./a",
            "a/b",
            "../a",
            ".",
            "/a/b/.agentsrc.lock",
        ];
        for path in paths.map(Path::new) {
            let expected = std::path::absolute(path).unwrap();
            // Byte by byte: paths that differ in a slash are equal.
            assert_eq!(absolute(path).unwrap().as_os_str(), expected.as_os_str(), "{path:?}");
        }
        assert!(absolute(Path::new("")).is_err());
    }
}
