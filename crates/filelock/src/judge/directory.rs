//! A directory at the lock's name: a lock of ours, or of the directory generation.

use std::io::ErrorKind;
use std::time::Duration;

use crate::holder::Liveness;
use crate::judge::clock::{by_time, left};
use crate::judge::kernel::{
    KernelAnswer, ask_kernel, ask_stream, expired_unless_it_runs, is_proof,
};
use crate::judge::occupant::{Found, Occupant, Removable, unknown};
use crate::judge::verdict::{LEFT_ALONE, Verdict};
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::file::{open_record, read};
use crate::sys::{Dir, Stat};

pub(super) fn judge_directory(
    dir: Dir,
    names: &Names,
    options: &LockOptions,
    asks_kernel: bool,
) -> Found {
    let stat = match dir.stat() {
        Ok(stat) => stat,
        Err(error) => return Occupant::alive(None, unknown(&error)),
    };
    let occupied = |stat, removable, record, verdict| {
        Found::Occupied(Box::new(Occupant { removable, stat: Some(stat), record, verdict }))
    };
    let opened = open_record(&dir);
    let record = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Who removed it just now has changed the directory since it was looked at.
            let now = match dir.stat() {
                Ok(now) => now,
                Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
            };
            let verdict = without_record(&dir, &now, options, asks_kernel);
            return occupied(now, Removable::Directory(dir), None, verdict);
        }
        // A record that we may not read, unlike a look that failed, stays that way: by time.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
        Ok(None) => None,
        Ok(Some(file)) => match read(&file) {
            Ok(record) => record,
            Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
        },
    };
    let vouched = record.as_ref().filter(|_| asks_kernel);
    let vouched = vouched.and_then(|record| Some((record, record.flock.as_deref()?)));
    let by_flock =
        vouched.map(|(record, kernel)| (ask_kernel(&dir, names, &stat, record), Some(kernel)));
    let uses_streams = !asks_kernel && options.environment.uses_streams();
    let streamed = record.as_ref().filter(|record| uses_streams && record.facts.has_stream);
    let word =
        by_flock.or_else(|| streamed.map(|record| (ask_stream(&dir, names, &stat, record), None)));
    // A free stream is a proof by itself, a free `flock` only for the same kernel.
    let is_died_here = |kernel: Option<&str>| {
        kernel.is_none_or(|kernel| {
            record.as_ref().is_some_and(|record| is_proof(record, kernel, names, options))
        })
    };
    let verdict = match word {
        // However old, and whatever kernel it names.
        Some((KernelAnswer::Runs, _)) => Verdict::Alive(Liveness::Running),
        Some((KernelAnswer::Died, kernel)) if is_died_here(kernel) => Verdict::Dead,
        Some((KernelAnswer::Released, _)) => return Found::Nothing,
        Some((KernelAnswer::Unknown(error), _)) => {
            return Occupant::alive(Some(stat), unknown(&error));
        }
        Some((KernelAnswer::Died | KernelAnswer::NotAsked, _)) | None => {
            match by_time(record.as_ref(), stat.modified, options.ttl, options) {
                Verdict::Expired if asks_kernel => expired_unless_it_runs(&dir),
                other => other,
            }
        }
    };
    occupied(stat, Removable::Directory(dir), record, verdict)
}

/// The mode of a directory that a claimant of ours has just made in place, with the usual umask.
/// Other programs that make directories for locks (`mkdir` in a script, proper-lockfile, the Go
/// generations) use another mode. They may keep them empty for as long as they hold the lock.
const OURS_IN_THE_MAKING: u32 = 0o711;

/// What a directory is in which there is no record.
fn without_record(dir: &Dir, stat: &Stat, options: &LockOptions, asks_kernel: bool) -> Verdict {
    if stat.is_sticky() {
        // Published with its record, which is gone: released by its owner, or cleared by a waiter.
        // Whichever it was removes the directory in a moment. Two who do so by name can hit a
        // foreign claimant's that comes between them. A waiter itself counts how long it leaves it
        // alone. A call that does not wait goes by the directory's mtime: its owner can be stopped
        // there, and a waiter can die.
        let age = options.environment.now().saturating_sub(stat.modified);
        let changed_within = |limit: Duration| u128::from(age.unsigned_abs()) <= limit.as_nanos();
        // A file system that counts in seconds: ext with inodes of 128 bytes, HFS+.
        let tick = Duration::from_secs(u64::from(stat.modified % 1_000_000_000 == 0));
        let is_refused = || matches!(dir.try_flock_shared(), Ok(false));
        let is_left =
            || changed_within(LEFT_ALONE + tick) || changed_within(options.grace) && is_refused();
        if asks_kernel && is_left() {
            return Verdict::Leaving;
        }
        return Verdict::Remnant { timed: false };
    }
    // Nobody is asked for its OS lock: a claimant that has it and is stopped would block all
    // others. If it is about to create its record, the kernel will not remove the directory.
    let limit = if stat.mode == OURS_IN_THE_MAKING { options.grace } else { options.ttl };
    match left(&options.environment, stat.modified, limit) {
        Some(within) => Verdict::Alive(Liveness::Expires { within }),
        None => Verdict::Remnant { timed: true },
    }
}
