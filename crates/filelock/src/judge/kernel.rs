//! What the kernel says of a holder: whether it still has its OS lock.

use std::io;

use crate::holder::Liveness;
use crate::judge::occupant::unknown;
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::process::ProcessId;
use crate::record::facts::ProcessFacts;
use crate::record::file::read_record;
use crate::record::{self, Record};
use crate::sys::{self, Dir, Fingerprint, Stat, StreamAnswer};

/// Whether the holder of the directory that `fingerprint` tells, which was judged to be running,
/// still is. That is all that a waiter needs to know while one holder stays, for a third of the
/// system calls.
pub(crate) fn still_runs(names: &Names, fingerprint: Fingerprint) -> bool {
    let Ok(dir) = sys::open_dir(&names.lock) else { return false };
    // Looked at first. A claimant in place may have come since, and not have asked for its OS lock
    // yet. Ours would refuse it.
    dir.stat().is_ok_and(|now| now.fingerprint() == fingerprint)
        && matches!(dir.try_flock_shared(), Ok(false))
}

/// What the kernel says of a holder.
pub(super) enum KernelAnswer {
    Runs,
    Died,
    /// It was released between our opening its directory and our asking for its OS lock.
    Released,
    /// There are no OS locks here, or we may not ask for them, as in a sandbox.
    NotAsked,
    Unknown(io::Error),
}

pub(super) fn ask_kernel(dir: &Dir, names: &Names, stat: &Stat, judged: &Record) -> KernelAnswer {
    match dir.try_flock_shared() {
        Ok(false) => return KernelAnswer::Runs,
        Ok(true) => {}
        Err(error) if sys::is_never_locked(&error) => return KernelAnswer::NotAsked,
        Err(error) => return KernelAnswer::Unknown(error),
    }
    died_or_released(dir, names, stat, judged)
}

/// As [`ask_kernel`], of a holder that keeps its record's stream open (Windows).
///
/// Only a holder of this machine is asked, by its name. For another one, the server of a shared
/// folder would answer. It can have lost the holder's handle, or keep it for a client that is gone.
pub(super) fn ask_stream(dir: &Dir, names: &Names, stat: &Stat, judged: &Record) -> KernelAnswer {
    let here = ProcessFacts::of_this(ProcessId::current()).host;
    if here.is_none() || judged.facts.process.host != here {
        return KernelAnswer::NotAsked;
    }
    match sys::ask_stream(dir, record::NAME) {
        StreamAnswer::Runs => KernelAnswer::Runs,
        StreamAnswer::Ended => died_or_released(dir, names, stat, judged),
        StreamAnswer::NotTold => KernelAnswer::NotAsked,
    }
}

/// Nobody keeps it alive any more. Whether its holder is gone, or only the lock.
fn died_or_released(dir: &Dir, names: &Names, stat: &Stat, judged: &Record) -> KernelAnswer {
    match sys::is_at(&names.lock, stat.id) {
        Ok(true) if still_holds(dir, judged) => KernelAnswer::Died,
        Ok(_) => KernelAnswer::Released,
        Err(error) => KernelAnswer::Unknown(error),
    }
}

/// A claimant that made its directory in place has its OS lock before its record says so. It may
/// have been slow, but lives. And one that has not asked for it yet is refused while we act on the
/// verdict, since ours stays with the descriptor.
pub(super) fn expired_unless_it_runs(dir: &Dir) -> Verdict {
    match dir.try_flock_shared() {
        Ok(true) => Verdict::Expired,
        Ok(false) => Verdict::Alive(Liveness::Running),
        Err(error) if sys::is_never_locked(&error) => Verdict::Expired,
        Err(error) => Verdict::Alive(unknown(&error)),
    }
}

/// Whether a granted OS lock proves that the holder with this record is gone.
///
/// It does if both of us ask the same kernel about the same directory. The record tells the
/// directory that the lock lies in. Another one means that we look through another mount, such as
/// an overlay, whose OS locks are not those of its layers. It is told by the inode, and within one
/// boot by the device, which a reboot can number again. A holder of an earlier boot of this machine
/// is gone with it.
pub(super) fn is_proof(
    record: &Record,
    kernel: &str,
    names: &Names,
    options: &LockOptions,
) -> bool {
    let is_same_boot = options.environment.is_this_boot(kernel, record.facts.boot_device);
    let Some(recorded) = record.facts.directory else { return is_same_boot };
    let Some(here) = sys::directory_id(&names.parent) else { return false };
    if recorded.inode != here.inode || (is_same_boot && recorded.device != here.device) {
        return false;
    }
    is_same_boot || sys::MOUNTED_BY_ONE_KERNEL || {
        let this = ProcessFacts::of_this(ProcessId::current());
        this.machine.is_some() && record.facts.process.machine == this.machine
    }
}

/// Whether the record still is what was read before the OS lock was granted. Its holder may have
/// released in between. A claimant of the directory generation that stalled after its `mkdir` can
/// then write its own record there by path, before the directory is removed. That claimant lives.
fn still_holds(dir: &Dir, judged: &Record) -> bool {
    read_record(dir).is_ok_and(|now| now.as_ref() == Some(judged))
}
