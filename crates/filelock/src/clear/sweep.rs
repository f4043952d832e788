//! Leftover preparations of processes that died while preparing.
//!
//! A preparation that lives is never removed: its owner holds the exclusive OS lock on it from
//! shortly after it was made, and one that is younger than the grace is not even asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::names::Names;
use crate::options::LockOptions;
use crate::record;
use crate::sys::{self, FileId, Flock, Kind};

/// Why a sweep is considered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// A holder was found dead: others may have died with it.
    DeadHolder,
    /// The lock is contended. At most once per process, name and TTL.
    Contention,
}

/// Removes leftovers beside the lock, as far as it can; what fails now succeeds another time.
pub(crate) fn sweep(names: &Names, options: &LockOptions, occasion: Occasion) {
    let due = note(&names.lock, options.ttl);
    if !due && occasion == Occasion::Contention {
        return;
    }
    let Ok(entries) = std::fs::read_dir(&names.parent) else { return };
    for entry in entries.flatten() {
        if names.is_preparation(&entry.file_name()) {
            remove_if_left_over(&names.parent.join(entry.file_name()), options);
        }
    }
}

/// Notes that a sweep of `lock` takes place; whether the last one was longer than `ttl` ago.
fn note(lock: &Path, ttl: Duration) -> bool {
    /// When a lock was last swept, and until when it is not due again.
    static LAST: Mutex<BTreeMap<PathBuf, (Instant, Duration)>> = Mutex::new(BTreeMap::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let due = last.get(lock).is_none_or(|(at, _)| at.elapsed() >= ttl);
    last.retain(|_, (at, ttl)| at.elapsed() < *ttl);
    last.insert(lock.to_owned(), (Instant::now(), ttl));
    due
}

fn remove_if_left_over(path: &Path, options: &LockOptions) {
    let Ok(stat) = sys::lstat(path) else { return };
    let age = options.environment.age(stat.modified);
    // Still its name, after its OS lock was granted.
    let is_named = |id: FileId| sys::is_at(path, id).unwrap_or(false);
    match stat.kind {
        // Shared is enough: an owner that stalled before its own, which is exclusive, is refused and
        // prepares anew. And more would be too much: what was opened here can be published, and its
        // holder die, before the OS lock is asked for; a sweeper that is stopped with an exclusive
        // one would then make that dead lock look alive.
        Kind::Directory if age > options.grace => {
            let Ok(dir) = sys::open_dir(path) else { return };
            if matches!(dir.try_flock_shared(), Ok(true))
                && dir.stat().is_ok_and(|stat| is_named(stat.id))
            {
                let _ = dir.unlink(record::NAME);
                let _ = sys::rmdir(path);
            }
        }
        // A lock of the file generation, moved aside by somebody who died before deleting it. Or the
        // file of ours that one is about to be moved onto: whoever made that has its OS lock.
        Kind::File if age > options.ttl => {
            let Ok(Some(file)) = sys::open_file(path) else { return };
            if matches!(sys::try_flock_file(&file, Flock::Shared), Ok(true))
                && sys::identity(&file).is_ok_and(is_named)
            {
                let _ = sys::unlink(path);
            }
        }
        _ => {}
    }
}
