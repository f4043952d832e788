//! Acquiring and releasing, nobody else around.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, RenameFlags};

use super::{Failure, Variant, own_directory};

const RECORD: &[u8] =
    b"4711\n1700000000123456789\n0123456789abcdef\nflock 01234567-89ab-cdef-0123-456789abcdef\n";

pub(super) fn variants(place: &Path) -> Result<Vec<Variant<'static>>, Failure> {
    let bare = own_directory(place, "lock-bare")?;
    let mkdir = own_directory(place, "lock-mkdir")?.join("counter.lock");
    let ours = own_directory(place, "lock-ours")?.join("counter");
    let mut variants = vec![
        Variant {
            name: "our system calls, made bare",
            once: Box::new(move || {
                let held = acquire_bare(&bare)?;
                release_bare(&bare, held)
            }),
        },
        Variant {
            name: "filelock",
            once: Box::new(move || Ok(filelock::acquire(&ours)?.release()?)),
        },
        Variant {
            name: "mkdir and rmdir alone",
            once: Box::new(move || {
                rustix::fs::mkdir(&mkdir, Mode::from_raw_mode(0o700))?;
                Ok(rustix::fs::rmdir(&mkdir)?)
            }),
        },
    ];
    add_peers(place, &mut variants)?;
    Ok(variants)
}

/// Locks of others. Neither survives its holder's death as ours does: gix-lock leaves a file that
/// somebody must remove, and fd-lock, which is an OS lock alone, has no record and no peers elsewhere.
#[cfg(feature = "peers")]
fn add_peers(place: &Path, variants: &mut Vec<Variant<'static>>) -> Result<(), Failure> {
    let gix = own_directory(place, "lock-gix")?.join("counter");
    let fd = own_directory(place, "lock-fd")?.join("counter");
    variants.push(Variant {
        name: "gix-lock",
        once: Box::new(move || {
            let fail = gix_lock::acquire::Fail::Immediately;
            drop(gix_lock::Marker::acquire_to_hold_resource(&gix, fail, None, 0)?);
            Ok(())
        }),
    });
    variants.push(Variant {
        name: "fd-lock, with opening its file",
        once: Box::new(move || {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(&fd)?;
            let mut lock = fd_lock::RwLock::new(file);
            drop(lock.write()?);
            Ok(())
        }),
    });
    Ok(())
}

#[cfg(not(feature = "peers"))]
#[allow(clippy::unnecessary_wraps, reason = "as the other one")]
fn add_peers(_: &Path, _: &mut Vec<Variant<'static>>) -> Result<(), Failure> {
    Ok(())
}

pub(super) type Held = (OwnedFd, std::fs::File);

/// The calls of an acquisition, in their order, without any thought.
pub(super) fn acquire_bare(parent: &Path) -> Result<Held, Failure> {
    let (preparation, lock) =
        (parent.join("bare.lock.prep-0123456789abcdef"), parent.join("bare.lock"));
    rustix::fs::statfs(parent)?;
    rustix::fs::mkdir(&preparation, Mode::from_raw_mode(0o700))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = rustix::fs::open(&preparation, flags, Mode::empty())?;
    rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive)?;
    rustix::fs::fstat(&dir)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&dir, "holder", flags, Mode::from_raw_mode(0o644))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
    let mut file = std::fs::File::from(file);
    file.write_all(RECORD)?;
    rustix::fs::fchmod(&dir, Mode::from_raw_mode(0o1711))?;
    rustix::fs::renameat_with(CWD, &preparation, CWD, &lock, RenameFlags::NOREPLACE)?;
    Ok((dir, file))
}

pub(super) fn verify_bare(parent: &Path, (dir, file): &Held) -> Result<(), Failure> {
    rustix::fs::lstat(parent.join("bare.lock"))?;
    rustix::fs::statat(dir, "holder", AtFlags::SYMLINK_NOFOLLOW)?;
    rustix::fs::fstat(file)?;
    rustix::io::pread(file, &mut [0; 4096], 0)?;
    Ok(())
}

pub(super) fn release_bare(parent: &Path, held: Held) -> Result<(), Failure> {
    verify_bare(parent, &held)?;
    let lock = parent.join("bare.lock");
    rustix::fs::unlinkat(&held.0, "holder", AtFlags::empty())?;
    rustix::fs::lstat(&lock)?;
    rustix::fs::rmdir(&lock)?;
    drop(held);
    Ok(())
}
