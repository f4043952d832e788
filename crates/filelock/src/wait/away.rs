//! Whether a waiter was away: its machine slept, or it was stopped. So was the holder, perhaps.
//!
//! After a closed lid both clocks show an old stamp, and a waiter that looks every few milliseconds
//! is faster than a holder that renews. So no verdict that rests on the clock is acted on until the
//! holder had the time to renew.
//!
//! ```text
//! step                                    the machine sleeps here
//! look, judge, act on the clock's word    noticed before it acts: see `has_returned`
//! pause                                   noticed at the next step
//! wait in line behind others              noticed at the next step, a quarter of a second apart
//! the call begins                         not noticed: nobody knows how long the machine was awake
//! ```

use std::time::{Duration, Instant};

/// How much longer than it was asked for a pause must take, by the wall clock, to count as being
/// away. A busy machine is not that slow; a shorter sleep is less than what a holder has left
/// before it expires.
const AWAY: Duration = Duration::from_secs(5);

/// One call's presence.
pub(super) struct Away {
    /// When this call was last seen at work, by the wall clock, and how long it wanted to pause.
    last: (i64, Duration),
    /// Since when it is back, if it was away.
    returned: Option<Instant>,
}

impl Away {
    pub(super) fn new(now: i64) -> Self {
        Self { last: (now, Duration::ZERO), returned: None }
    }

    /// A pause of so long begins.
    pub(super) fn pausing(&mut self, now: i64, pause: Duration) {
        self.last = (now, pause);
    }

    /// This call is at work.
    pub(super) fn at_work(&mut self, now: i64) {
        let (last, pause) = std::mem::replace(&mut self.last, (now, Duration::ZERO));
        let took =
            u64::try_from(now.saturating_sub(last)).map_or(Duration::ZERO, Duration::from_nanos);
        if took.saturating_sub(pause) > AWAY {
            self.returned = Some(Instant::now());
        }
    }

    /// Whether it has returned within the last `patience`, which is how long a holder is left to
    /// renew.
    pub(super) fn has_returned(&mut self, now: i64, patience: Duration) -> bool {
        self.at_work(now);
        self.returned.is_some_and(|returned| returned.elapsed() < patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const PATIENCE: Duration = Duration::from_secs(3600);

    #[test]
    fn a_pause_that_took_much_longer_than_asked_for_is_noticed() {
        for (took, noticed) in [(0, false), (4, false), (6, true), (3600, true), (-3600, false)] {
            let mut away = Away::new(0);
            away.pausing(SECOND, Duration::from_millis(10));
            away.at_work(SECOND + took * SECOND);
            assert_eq!(away.has_returned(SECOND + took * SECOND, PATIENCE), noticed, "{took} s");
        }
    }

    #[test]
    fn a_long_pause_that_was_asked_for_is_not_being_away() {
        let mut away = Away::new(0);
        away.pausing(0, Duration::from_secs(60));
        assert!(!away.has_returned(61 * SECOND, PATIENCE));
    }

    #[test]
    fn a_machine_that_sleeps_between_two_steps_of_a_look_is_noticed() {
        let mut away = Away::new(0);
        away.at_work(0);
        assert!(away.has_returned(60 * SECOND, PATIENCE));
        assert!(!away.has_returned(60 * SECOND, Duration::ZERO), "the holder had its time");
    }
}
