//! Leftover preparations of processes that died while preparing.
//!
//! A preparation that lives is never removed. Its owner holds the exclusive OS lock on it from
//! shortly after it was made. A preparation younger than the grace is not even asked.

use std::collections::HashMap;
use std::fs::ReadDir;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use crate::names::Names;
use crate::options::LockOptions;
use crate::record;
use crate::sys::{self, FileId, Flock, Kind};

/// How many entries of the directory one piece of a sweep reads: some 0.1 ms.
const PIECE: usize = 256;

/// How many pieces follow a release: a directory with 4096 entries is swept at once.
const PIECES_AFTER_RELEASE: usize = 16;

/// A sweep, in pieces: beside the lock there can be half a million files. A waiter does one before
/// each of its pauses, a holder some after its release. The rest waits for another occasion. Nobody
/// sweeps while it holds the lock.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    entries: Option<ReadDir>,
}

impl Sweep {
    /// A sweep because the lock is contended: at most once per process, name and TTL.
    pub(crate) fn if_due(names: &Names, options: &LockOptions) -> Option<Self> {
        note(&names.lock, options.ttl).then(Self::default)
    }

    /// A sweep because a holder was found dead: others may have died with it.
    pub(crate) fn after_a_death(names: &Names, options: &LockOptions) -> Self {
        note(&names.lock, options.ttl);
        Self::default()
    }

    /// Removes leftovers among the next entries, as far as it can; what fails now succeeds another
    /// time. What is left to do; `None` after the last entry.
    pub(crate) fn piece(mut self, names: &Names, options: &LockOptions) -> Option<Self> {
        if self.entries.is_none() {
            self.entries = std::fs::read_dir(&names.parent).ok();
        }
        let entries = self.entries.as_mut()?;
        for _ in 0..PIECE {
            let Ok(entry) = entries.next()? else { continue };
            if let Some(preparation) = names.preparation_of(&entry.file_name()) {
                remove_if_left_over(&preparation, options);
            }
        }
        Some(self)
    }

    /// What a holder does once its lock is free.
    pub(crate) fn after_release(self, names: &Names, options: &LockOptions) -> Option<Self> {
        (0..PIECES_AFTER_RELEASE).try_fold(self, |sweep, _| sweep.piece(names, options))
    }
}

/// When the locks of this process were last swept.
struct Noted {
    /// And until when each is not due again.
    last: HashMap<PathBuf, (Instant, Duration)>,
    /// Those that are due again are forgotten when there are so many: half of the work of noting.
    full: usize,
}

/// Notes that a sweep of `lock` takes place; whether the last one was longer than `ttl` ago. If
/// another thread is noting, or was when this process was forked, it is not due.
fn note(lock: &Path, ttl: Duration) -> bool {
    static NOTED: Mutex<Option<Noted>> = Mutex::new(None);
    let mut noted = match NOTED.try_lock() {
        Ok(noted) => noted,
        Err(TryLockError::Poisoned(error)) => error.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    let noted = noted.get_or_insert_with(|| Noted { last: HashMap::new(), full: 64 });
    let due = noted.last.get(lock).is_none_or(|(at, _)| at.elapsed() >= ttl);
    if noted.last.len() >= noted.full {
        noted.last.retain(|_, (at, ttl)| at.elapsed() < *ttl);
        noted.full = 2 * noted.last.len().max(32);
    }
    noted.last.insert(lock.to_owned(), (Instant::now(), ttl));
    due
}

fn remove_if_left_over(path: &Path, options: &LockOptions) {
    let Ok(stat) = sys::lstat(path) else { return };
    let age = options.environment.age(stat.modified);
    // Still its name, after its OS lock was granted.
    let is_named = |id: FileId| sys::is_at(path, id).unwrap_or(false);
    match stat.kind {
        // Shared is enough: an owner that stalled before its own, which is exclusive, is refused
        // and prepares anew. And more would be too much. What was opened here can be published, and
        // its holder die, before the OS lock is asked for. A sweeper that is stopped with an
        // exclusive one would then make that dead lock look alive.
        Kind::Directory if age > options.grace => {
            let Ok(dir) = sys::open_dir(path) else { return };
            if matches!(dir.try_flock_shared(), Ok(true))
                && dir.stat().is_ok_and(|stat| is_named(stat.id))
            {
                let _ = dir.unlink(record::NAME);
                let _ = sys::rmdir(path);
            }
        }
        // A lock of the file generation, moved aside by somebody who died before deleting it. Or
        // the file of ours that one is about to be moved onto: whoever made that has its OS lock.
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
