//! Leftover preparations of processes that died while preparing.
//!
//! A preparation that lives is never removed. Its owner holds the exclusive OS lock on it from
//! shortly after it was made. Until it has the sticky bit, and is younger than the grace, it is not
//! even asked. With the bit its owner has that OS lock, or died: so it is asked at any age. That
//! can be what another user's process has exchanged its own lock for, too (`claim/exchange.rs`).

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
    /// A sweep because the lock is contended, or was acquired: at most once per process, name and
    /// TTL.
    pub(crate) fn if_due(names: &Names, options: &LockOptions) -> Option<Self> {
        noted(|noted| noted.note_if_due(&names.lock, options.ttl, Instant::now()))?
            .then(Self::default)
    }

    /// A sweep because a holder was found dead: others may have died with it.
    pub(crate) fn after_a_death(names: &Names, options: &LockOptions) -> Self {
        noted(|noted| noted.note(&names.lock, options.ttl, Instant::now()));
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
#[derive(Default)]
struct Noted {
    /// And until when each is not due again.
    last: HashMap<PathBuf, (Instant, Duration)>,
    /// Those that are due again are forgotten when there are so many: half of the work of noting.
    full: usize,
}

/// What `ask` makes of it; `None` if another thread is at it, or was when this process was forked.
fn noted<T>(ask: impl FnOnce(&mut Noted) -> T) -> Option<T> {
    static NOTED: Mutex<Option<Noted>> = Mutex::new(None);
    let mut noted = match NOTED.try_lock() {
        Ok(noted) => noted,
        Err(TryLockError::Poisoned(error)) => error.into_inner(),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(ask(noted.get_or_insert_default()))
}

impl Noted {
    /// Whether the last sweep of `lock` began `ttl` ago or longer. If so, one begins now. Whoever
    /// asks too early does not put it off.
    fn note_if_due(&mut self, lock: &Path, ttl: Duration, now: Instant) -> bool {
        let due = self.last.get(lock).is_none_or(|(at, _)| now.duration_since(*at) >= ttl);
        if due {
            self.note(lock, ttl, now);
        }
        due
    }

    /// A sweep of `lock` begins.
    fn note(&mut self, lock: &Path, ttl: Duration, now: Instant) {
        if self.last.len() >= self.full {
            self.last.retain(|_, (at, ttl)| now.duration_since(*at) < *ttl);
            self.full = 2 * self.last.len().max(32);
        }
        self.last.insert(lock.to_owned(), (now, ttl));
    }
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
        Kind::Directory if stat.is_sticky() || age > options.grace => {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_due_a_ttl_after_the_last_one_whoever_asked_in_between() {
        let (mut noted, ttl, start) = (Noted::default(), Duration::from_secs(30), Instant::now());
        let mut is_due = |lock: &str, after| {
            noted.note_if_due(Path::new(lock), ttl, start + Duration::from_secs(after))
        };
        assert!(is_due("/a.lock", 0) && is_due("/b.lock", 1));
        assert!(!is_due("/a.lock", 20) && !is_due("/a.lock", 29));
        assert!(is_due("/a.lock", 30) && !is_due("/a.lock", 59) && is_due("/a.lock", 60));
    }

    #[test]
    fn what_is_due_again_is_forgotten_if_there_is_much_to_remember() {
        let (mut noted, ttl, start) = (Noted::default(), Duration::from_secs(30), Instant::now());
        for number in 0..1000 {
            let lock = format!("/{number}.lock");
            assert!(noted.note_if_due(Path::new(&lock), ttl, start + number * ttl / 8));
        }
        assert!(noted.last.len() <= 64, "{}", noted.last.len());
    }
}
