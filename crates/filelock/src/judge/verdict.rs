//! Whether a holder lives.

use std::time::Duration;

use crate::holder::Liveness;

/// How long a directory whose record is gone is left to the process that removed the record.
pub(crate) const LEFT_ALONE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) enum Verdict {
    Alive(Liveness),
    /// Proved by the kernel.
    Dead,
    /// By the clock, which can be wrong.
    Expired,
    /// By a person, who breaks the lock whether its holder lives or not.
    Broken,
    /// Its record is gone. Who removed that, its owner or a waiter, is about to remove the rest.
    Leaving,
    /// No holder inside. `timed`: only the clock says that none is about to appear.
    Remnant {
        timed: bool,
    },
}

impl Verdict {
    /// Whether only the clock speaks for it.
    pub(crate) fn is_timed(&self) -> bool {
        matches!(self, Self::Expired | Self::Remnant { timed: true })
    }
}
