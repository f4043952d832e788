//! What a waiter remembers of its looks: whether the occupant has changed, and when it was judged.
//!
//! ```text
//! has come since the last look, not the first one       spared until the next look
//! is the one of the last look, judged                   asked every ASK_AGAIN whether it runs,
//!                                                       judged every JUDGE_AGAIN
//! anything else                                         judged now
//! ```

use std::time::{Duration, Instant};

use crate::sys::{self, Fingerprint};

/// Whether a holder that stays lives is asked this often.
const ASK_AGAIN: Duration = Duration::from_millis(if sys::LOOK_OPENS { 50 } else { 8 });
/// Even if the kernel says that a holder that stays lives, or each look finds another one, one is
/// judged this often.
const JUDGE_AGAIN: Duration = Duration::from_millis(100);

/// One call's looks.
pub(super) struct Watch {
    /// Tells whether the occupant is still the one of the last look, at the cost of one lstat.
    fingerprint: Option<Fingerprint>,
    /// When it was judged last; an occupant that has just come was not.
    judged: Option<Instant>,
    /// Whether anybody was judged yet.
    is_contended: bool,
    /// When anybody was judged last, or the kernel asked whether it runs.
    asked: Instant,
}

/// What is to be done about an occupant whose kernel is asked or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Ask the kernel whether the holder with this fingerprint still runs; judge it if not.
    Ask(Fingerprint),
    Judge,
}

impl Watch {
    pub(super) fn new(started: Instant) -> Self {
        Self { fingerprint: None, judged: None, is_contended: false, asked: started }
    }

    /// Takes note of a look; `None` if it failed. Whether the occupant is another one, as far as
    /// can be told.
    pub(super) fn look(&mut self, found: Option<Fingerprint>) -> bool {
        let moved = found.is_none() || found != self.fingerprint;
        self.fingerprint = found;
        if moved {
            self.judged = None;
        }
        moved
    }

    /// Whether anybody was judged: whether the lock had to be waited for.
    pub(super) fn is_contended(&self) -> bool {
        self.is_contended
    }

    /// The name was free: whatever comes next has just come.
    pub(super) fn forget(&mut self) {
        self.fingerprint = None;
    }

    /// Whether an occupant that has come since the last look need not be judged before the next
    /// one. It was just now alive enough to take the lock. If the lock changes hands quickly,
    /// judging each holder costs far more than looking. It takes the processor from those that pass
    /// the lock on. Not for long, since what seems to be a newcomer each time can be a dead one's
    /// directory that somebody keeps touching.
    pub(super) fn may_spare_a_newcomer(&self) -> bool {
        self.fingerprint.is_some() && self.is_contended && self.asked.elapsed() < JUDGE_AGAIN
    }

    /// What is due for the occupant. `runs`: when it was judged, the kernel said that it runs. That
    /// is believed for a while only. A ctime can be so coarse that the next holder's directory
    /// looks like the last one's. An error must name the right holder.
    pub(super) fn due(&mut self, runs: bool) -> Due {
        let Some(judged) = self.judged else { return Due::Judge };
        if self.asked.elapsed() < ASK_AGAIN {
            return Due::Nothing;
        }
        self.asked = Instant::now();
        match self.fingerprint {
            Some(fingerprint) if runs && judged.elapsed() < JUDGE_AGAIN => Due::Ask(fingerprint),
            _ => Due::Judge,
        }
    }

    /// Takes note that the occupant is judged now. Whether it is the first one of this call.
    pub(super) fn judging(&mut self) -> bool {
        self.asked = Instant::now();
        self.judged = Some(self.asked);
        !std::mem::replace(&mut self.is_contended, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::FileId;

    fn fingerprint(inode: u64) -> Fingerprint {
        (FileId { device: 1, inode }, 0)
    }

    #[test]
    fn the_first_occupant_is_judged_and_a_newcomer_is_spared_one_look() {
        let mut watch = Watch::new(Instant::now());
        assert!(watch.look(Some(fingerprint(1))) && !watch.may_spare_a_newcomer());
        assert_eq!(watch.due(false), Due::Judge);
        assert!(watch.judging());
        assert!(!watch.look(Some(fingerprint(1))));
        assert_eq!(watch.due(true), Due::Nothing);
        assert!(watch.look(Some(fingerprint(2))) && watch.may_spare_a_newcomer());
        assert!(!watch.look(Some(fingerprint(2))));
        assert_eq!(watch.due(true), Due::Judge);
        assert!(!watch.judging(), "it is not the first one that was judged");
    }

    #[test]
    fn a_look_that_failed_is_no_newcomer_and_never_spared() {
        let mut watch = Watch::new(Instant::now());
        watch.judging();
        assert!(watch.look(None) && !watch.may_spare_a_newcomer());
        assert_eq!(watch.due(true), Due::Judge);
    }

    #[test]
    fn an_occupant_that_was_judged_long_ago_is_asked_and_at_last_judged() {
        let mut watch = Watch::new(Instant::now());
        watch.look(Some(fingerprint(1)));
        watch.judging();
        let Some(past) = Instant::now().checked_sub(ASK_AGAIN) else { return };
        watch.asked = past;
        assert_eq!(watch.due(true), Due::Ask(fingerprint(1)));
        assert_eq!(watch.due(true), Due::Nothing, "it was asked just now");
        watch.asked = past;
        assert_eq!(watch.due(false), Due::Judge, "the kernel did not vouch for it");
        let Some(past) = Instant::now().checked_sub(JUDGE_AGAIN) else { return };
        (watch.asked, watch.judged) = (past, Some(past));
        assert_eq!(watch.due(true), Due::Judge);
    }
}
