//! Releasing a handle's lock: one rename, back to the private name that it was prepared at.
//!
//! ```text
//! step                another process acts here               dies here          stalls here
//! read the record     not our token: lost, nothing touched    dead holder,       all wait, as for any holder
//!                                                             replaced at once
//! lstat L             not our directory: lost                 as above           as above
//! rename L to         taken from us after that look, and      before: as above;  before: as above
//!   L.prep-U,         claimed by a third: that one's lock     after: L is free,  after: L is free
//!   exclusively       is moved, for a moment; see below       a leftover
//!                     the directory that L lies in is
//!                     renamed: renamed.rs
//! lstat L.prep-U      a sweeper is refused: our flock         a leftover         stays locked, hurts nobody
//! … it is another's:  a fourth may claim L first: then the    the third's lock   the third is without its
//!   rename it back,   third stays at L.prep-U, and its        stays at L.prep-U, lock for so long; its
//!   exclusively       verify says "lost"                      kept by its flock  verify says "lost"
//! park, or remove     see claim/reissue.rs
//! ```
//!
//! Nobody of ours takes the lock from a holder that lives, except a person who breaks it. So the
//! third line takes a foreign peer, or a person, and a stall of ours between two calls. It is kept
//! narrow. The name is looked at last. A lock that was acquired 15 s ago or more is released as a
//! one-shot's. The reason: peers that go by the clock take what is 30 s old. A process that breaks
//! a lock first occupies its holder's private name, which stands in its record, so that this rename
//! fails. Nothing closes it towards foreign peers: no system call compares and renames.
//!
//! After any other error of the rename than "not found", the lock is released as a one-shot's
//! (`release.rs`), which needs no room. Such errors are: no room for the name, a read-only
//! directory, the name occupied.

use std::io::{self, ErrorKind};

use crate::claim::prepare::Preparation;
use crate::guard::LockGuard;
use crate::sys;

/// How old an acquisition may be, in nanoseconds, for its lock to be moved: half of the time after
/// which foreign peers take it.
const MOVABLE: i64 = 15_000_000_000;

/// What became of the lock.
pub(super) enum Moved {
    /// It is free, and what was the lock is parked or removed.
    Released,
    Lost(&'static str),
    /// It is where it was: to be released as a one-shot's.
    Refused(io::Error),
}

impl LockGuard {
    /// Whether the release moves it. It must be one of a row, have a private name, and be shared
    /// with no child. It must be too young for a foreign peer to have taken it.
    pub(super) fn may_move(&self) -> bool {
        self.parks
            && self.claim().private.is_some()
            && !self.is_shared()
            && is_young(self.options.environment.now(), self.claim().record.stamp)
            && self.home.strong_count() > 0
    }

    /// Right after the name was looked at.
    pub(super) fn move_back(&mut self) -> Moved {
        let private = self.claim().private.clone().expect("because it may be moved");
        match sys::rename_exclusive(&self.names.lock, &private) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.remove_renamed();
                return Moved::Lost("it is no longer there");
            }
            Err(error) => return Moved::Refused(error),
        }
        // If it cannot be looked at, it most likely is ours: only a theft makes it another's.
        if sys::lstat(&private).is_ok_and(|moved| moved.id != self.claim().id) {
            // Exclusively: if its name is taken by now, it stays where it is.
            let _ = sys::rename_exclusive(&private, &self.names.lock);
            self.remove_renamed();
            self.claim = None;
            return Moved::Lost("another lock stood at its name, and was put back");
        }
        let claim = self.claim.take().expect("because only the release takes it");
        let parked = Preparation { path: private, claim: Some(claim) };
        // Without the handle it is dropped, which removes it.
        if let Some(home) = self.home.upgrade() {
            home.park(parked);
        }
        Moved::Released
    }
}

/// Whether a lock that was acquired at `stamp` is younger than foreign peers must think it to take
/// it. A stamp from the future tells nothing.
fn is_young(now: i64, stamp: i64) -> bool {
    (0..MOVABLE).contains(&now.saturating_sub(stamp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_moved_for_fifteen_seconds_by_the_clock() {
        let second = 1_000_000_000;
        assert!(is_young(100 * second, 100 * second));
        assert!(is_young(100 * second, 85 * second + 1));
        assert!(!is_young(100 * second, 85 * second));
        assert!(!is_young(100 * second, 101 * second));
        assert!(!is_young(i64::MIN, i64::MAX) && !is_young(i64::MAX, i64::MIN));
    }
}
