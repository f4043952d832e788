//! How long a waiter pauses between two looks.

use std::time::Duration;

use super::{LONGEST_PAUSE, Wait};
use crate::environment::unique_token;

impl Wait<'_> {
    /// The next pause, between half and the whole of the current length so that waiters do not
    /// march in step; the length doubles.
    pub(super) fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        if self.random == 0 {
            let seed = u64::from_str_radix(&unique_token(), 16);
            self.random = seed.unwrap_or(1) | 1;
        }
        // xorshift64: jitter needs no better.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let thousandths = u32::try_from(self.random % 500).expect("because it is below 500");
        pause / 2 + pause / 1000 * thousandths
    }
}
