//! `filelock`'s lock, bare.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, RenameFlags};

const RECORD: &[u8] =
    b"4711\n1700000000123456789\n0123456789abcdef\nflock 01234567-89ab-cdef-0123-456789abcdef\n";

/// A lock that is held, bare.
#[derive(Debug)]
pub struct Held {
    dir: OwnedFd,
    record: File,
}

/// Makes the calls of an acquisition in the directory `parent`, in their order.
///
/// # Errors
///
/// The operating system's.
pub fn acquire(parent: &Path) -> io::Result<Held> {
    let (preparation, lock) =
        (parent.join("bare.lock.prep-0123456789abcdef"), parent.join("bare.lock"));
    rustix::fs::statfs(parent)?;
    rustix::fs::mkdir(&preparation, Mode::from_raw_mode(0o700))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = rustix::fs::open(&preparation, flags, Mode::empty())?;
    rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive)?;
    rustix::fs::fstat(&dir)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let record = rustix::fs::openat(&dir, "holder", flags, Mode::from_raw_mode(0o644))?;
    rustix::fs::fstat(&record)?;
    let mut record = File::from(record);
    record.write_all(RECORD)?;
    rustix::fs::fchmod(&dir, Mode::from_raw_mode(0o1711))?;
    rustix::fs::renameat_with(CWD, &preparation, CWD, &lock, RenameFlags::NOREPLACE)?;
    Ok(Held { dir, record })
}

/// Makes the calls of a verification.
///
/// # Errors
///
/// The operating system's.
pub fn verify(parent: &Path, held: &Held) -> io::Result<()> {
    rustix::fs::lstat(parent.join("bare.lock"))?;
    rustix::fs::statat(&held.dir, "holder", AtFlags::SYMLINK_NOFOLLOW)?;
    rustix::io::pread(&held.record, &mut [0; RECORD.len()], 0)?;
    Ok(())
}

/// Makes the calls of a release.
///
/// # Errors
///
/// The operating system's.
pub fn release(parent: &Path, held: Held) -> io::Result<()> {
    verify(parent, &held)?;
    let lock = parent.join("bare.lock");
    rustix::fs::unlinkat(&held.dir, "holder", AtFlags::empty())?;
    rustix::fs::lstat(&lock)?;
    rustix::fs::rmdir(&lock)?;
    drop(held);
    Ok(())
}
