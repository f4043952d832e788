//! How long a call may wait.

use std::time::{Duration, Instant};

/// How often a lock that is found free or cleared after the deadline is tried all the same, so
/// that a call with no time to wait still replaces a dead holder.
const TRIES_AFTER_DEADLINE: u32 = 2;

/// One call's time.
pub(super) struct Deadline {
    pub(super) started: Instant,
    timeout: Duration,
    tries_after: u32,
}

impl Deadline {
    pub(super) fn new(started: Instant, timeout: Duration) -> Self {
        Self { started, timeout, tries_after: 0 }
    }

    pub(super) fn has_passed(&self) -> bool {
        self.started.elapsed() >= self.timeout
    }

    /// How long the call has waited, and how much longer it may; `Err` with the former when it may not.
    pub(super) fn left(&self) -> Result<(Duration, Duration), Duration> {
        let waited = self.started.elapsed();
        match self.timeout.checked_sub(waited) {
            Some(left) if !left.is_zero() => Ok((waited, left)),
            _ => Err(waited),
        }
    }

    /// Counts a try of a lock that looks free. `Err` with the time waited when there were enough.
    pub(super) fn count_try(&mut self) -> Result<(), Duration> {
        let waited = self.started.elapsed();
        if waited < self.timeout {
            return Ok(());
        }
        if self.tries_after == TRIES_AFTER_DEADLINE {
            return Err(waited);
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
        let mut passed = Deadline::new(Instant::now(), Duration::ZERO);
        assert!(passed.has_passed() && passed.left().is_err());
        assert!(passed.count_try().is_ok() && passed.count_try().is_ok());
        assert!(passed.count_try().is_err());
    }

    #[test]
    fn before_the_deadline_every_try_is_allowed_and_none_is_counted() {
        let mut ahead = Deadline::new(Instant::now(), Duration::from_secs(3600));
        for _ in 0..10 {
            assert!(ahead.count_try().is_ok());
        }
        assert!(!ahead.has_passed() && ahead.left().is_ok());
        assert_eq!(ahead.tries_after, 0);
    }
}
