//! Linux, macOS and the BSDs.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown,
};
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr};
use tempfile::{Builder, NamedTempFile};

use super::fingerprint::Fingerprint;

/// Opens `path` without waiting for a FIFO's other end (open(2), `O_NONBLOCK`; without effect on
/// regular files). The descriptor is close-on-exec, as all of std's.
pub(crate) fn open_nonblocking(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).expect("because it is one low bit");
    options.custom_flags(flags).open(path)
}

/// Reads the rest of `file` into `bytes`, first into the room that is there. (std's `read_to_end` asks for
/// size and position of the file first, which for a small document costs as much as reading it.)
pub(crate) fn read_to_end(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<()> {
    loop {
        bytes.try_reserve(1)?;
        if retry_on_intr(|| rustix::io::read(&*file, spare_capacity(bytes)))? == 0 {
            return Ok(());
        }
    }
}

pub(crate) fn byte_at(file: &File, offset: u64) -> io::Result<u8> {
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset)?;
    Ok(byte[0])
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

/// A file's own mode does not keep it from being replaced; its directory's can.
#[allow(clippy::unnecessary_wraps, reason = "it can fail on Windows")]
pub(crate) fn may_replace(_: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Creates a temporary in `directory`. A new file gets what the umask leaves of 0666. What replaces a file starts closed to others, since that file's own mode may be narrower:
/// whoever opens the temporary before it has that mode could read on afterwards.
pub(crate) fn create_temporary(
    builder: &mut Builder<'_, '_>,
    directory: &Path,
    replaced: Option<&Metadata>,
) -> io::Result<NamedTempFile> {
    let mode = if replaced.is_some() { 0o600 } else { 0o666 };
    builder.permissions(Permissions::from_mode(mode)).tempfile_in(directory)
}

/// Gives `file` the owner of the file that it replaces, as far as we may, and its mode.
///
/// The owner first, because changing it clears the set-id bits (chown(2)). Only root may give a
/// file away, and others only to a group of theirs. Where the owner or the group cannot be kept,
/// neither can what the mode grants to it: another group gets what all others get.
pub(crate) fn adopt_owner_and_mode(file: &File, replaced: &Metadata) -> io::Result<()> {
    let own = file.metadata()?;
    let (mut keeps_user, mut keeps_group) =
        (own.uid() == replaced.uid(), own.gid() == replaced.gid());
    if !(keeps_user && keeps_group) {
        if fchown(file, Some(replaced.uid()), Some(replaced.gid())).is_ok() {
            (keeps_user, keeps_group) = (true, true);
        } else if !keeps_group {
            keeps_group = fchown(file, None, Some(replaced.gid())).is_ok();
        }
    }
    let mut mode = replaced.mode() & 0o7777;
    if !keeps_user {
        mode &= !0o4000;
    }
    if !keeps_group {
        mode = (mode & !0o2070) | (mode & 0o007) << 3;
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// Renames `temporary` over `target`.
pub(crate) fn persist(temporary: NamedTempFile, target: &Path) -> io::Result<File> {
    temporary.persist(target).map_err(|error| error.error)
}

/// Writes all that is known of `file` to the disk. On Apple systems std asks for `F_FULLFSYNC`, which
/// also empties the disk's own cache; where the file system has no such thing (network volumes),
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
        Err(error)
            if cfg!(target_vendor = "apple")
                && NOT_HERE
                    .iter()
                    .any(|here| error.raw_os_error() == Some(here.raw_os_error())) =>
        {
            Ok(retry_on_intr(|| rustix::fs::fsync(file))?)
        }
        other => other,
    }
}

/// A directory whose entries are to be synced.
pub(crate) type Directory = File;

pub(crate) fn open_directory(path: &Path) -> io::Result<Directory> {
    File::open(path)
}

pub(crate) fn sync_directory(directory: &Directory) -> io::Result<()> {
    sync(directory)
}

/// After `file` was renamed into `directory`.
pub(crate) fn sync_renamed(directory: &Directory, _file: &File) -> io::Result<()> {
    sync_directory(directory)
}
