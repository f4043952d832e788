//! How long a call may wait.

use std::time::{Duration, Instant};

/// How often a lock is tried that is found free, or was cleared, after the deadline. So a call with
/// no time to wait still replaces a dead holder.
const TRIES_AFTER_DEADLINE: u32 = 2;

/// One call's time.
pub(super) struct Deadline {
    started: Instant,
    /// When the time is over; `None`: never.
    until: Option<Instant>,
    tries_after: u32,
}

impl Deadline {
    pub(super) fn new(started: Instant, until: Option<Instant>) -> Self {
        Self { started, until, tries_after: 0 }
    }

    pub(super) fn has_passed(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// How much longer the call may wait; `Err` with the time waited when it may not.
    pub(super) fn left(&self) -> Result<Duration, Duration> {
        let Some(until) = self.until else { return Ok(Duration::MAX) };
        match until.saturating_duration_since(Instant::now()) {
            Duration::ZERO => Err(self.started.elapsed()),
            left => Ok(left),
        }
    }

    /// Counts a try of a lock that looks free. `Err` with the time waited when there were enough.
    pub(super) fn count_try(&mut self) -> Result<(), Duration> {
        if !self.has_passed() {
            return Ok(());
        }
        if self.tries_after == TRIES_AFTER_DEADLINE {
            return Err(self.started.elapsed());
        }
        self.tries_after += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_looks_free_is_tried_twice_after_the_deadline() {
        let mut passed = Deadline::new(Instant::now(), Some(Instant::now()));
        assert!(passed.has_passed() && passed.left().is_err());
        assert!(passed.count_try().is_ok() && passed.count_try().is_ok());
        assert!(passed.count_try().is_err());
    }

    #[test]
    fn before_the_deadline_every_try_is_allowed_and_none_is_counted() {
        let mut ahead = Deadline::new(Instant::now(), None);
        for _ in 0..10 {
            assert!(ahead.count_try().is_ok());
        }
        assert!(!ahead.has_passed() && ahead.left().is_ok());
        assert_eq!(ahead.tries_after, 0);
    }
}
