//! Whether a holder lives.

use crate::holder::Liveness;

#[derive(Debug)]
pub(crate) enum Verdict {
    Alive(Liveness),
    /// Proved by the kernel.
    Dead,
    /// By the clock, which can be wrong.
    Expired,
    /// By a person, who breaks the lock whether its holder lives or not.
    Broken,
    /// Its record is gone, and its owner lives: about to remove it, or stopped there.
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
