//! How long a waiter pauses between two looks.

use std::time::Duration;

use crate::sys;

const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause while the lock keeps changing hands: a long waiter must not starve. Where a
/// look opens the lock, a waiter that looks all the time keeps its name from becoming free.
const MOVING_PAUSE: Duration =
    if sys::LOOK_OPENS { Duration::from_millis(5) } else { Duration::from_micros(500) };
/// The longest pause while one holder stays.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// The pauses of one call, without end. Each is between half and the whole of the current length,
/// so that waiters do not march in step. The length doubles up to [`LONGEST_PAUSE`].
pub(super) struct Backoff {
    length: Duration,
    random: u64,
}

impl Backoff {
    /// Two waiters with one seed pause alike.
    pub(super) fn new(seed: u64) -> Self {
        // xorshift stays at zero once it is there.
        Self { length: FIRST_PAUSE, random: seed | 1 }
    }

    /// The lock has changed hands: looks must not be further apart than [`MOVING_PAUSE`] for now.
    pub(super) fn lock_moved(&mut self) {
        self.length = self.length.min(MOVING_PAUSE);
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.length;
        self.length = (pause * 2).min(LONGEST_PAUSE);
        // xorshift64: jitter needs no better.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let thousandths = u32::try_from(self.random % 500).expect("because it is below 500");
        Some(pause / 2 + pause / 1000 * thousandths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_each_at_least_half_of_its_length() {
        for seed in [0, 1, 2, u64::MAX] {
            let mut length = FIRST_PAUSE;
            for pause in Backoff::new(seed).take(50) {
                assert!(pause >= length / 2 && pause <= length, "{pause:?} of {length:?}");
                length = (length * 2).min(LONGEST_PAUSE);
            }
            assert_eq!(length, LONGEST_PAUSE);
        }
    }

    #[test]
    fn after_a_change_of_hands_looks_are_close_and_then_grow_apart_again() {
        let mut backoff = Backoff::new(7);
        assert!(backoff.by_ref().take(50).any(|pause| pause > MOVING_PAUSE));
        backoff.lock_moved();
        assert!(backoff.next().is_some_and(|pause| pause <= MOVING_PAUSE));
        assert!(backoff.take(50).any(|pause| pause > MOVING_PAUSE));
    }

    #[test]
    fn a_change_of_hands_does_not_lengthen_a_short_pause() {
        let mut backoff = Backoff::new(7);
        backoff.lock_moved();
        assert!(backoff.next().is_some_and(|pause| pause <= FIRST_PAUSE));
    }

    #[test]
    fn waiters_with_different_seeds_do_not_march_in_step() {
        let [one, other] = [2, 4].map(|seed| Backoff::new(seed).take(20).collect::<Vec<_>>());
        let alike = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(alike < 3, "{one:?}\n{other:?}");
    }
}
