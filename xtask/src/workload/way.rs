//! The ways in which a lock is claimed and judged.

use clap::ValueEnum;
use filelock::{Environment, LockOptions};

/// How a lock is claimed, and by whom its holder is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Prepared and renamed into place; judged by the kernel.
    Published,
    /// `mkdir`, then the OS lock, then the record; judged by the kernel.
    InPlace,
    /// `mkdir`, then the record, as on a network file system; judged by time.
    ByTime,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Published, Self::InPlace, Self::ByTime];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::InPlace => "in-place",
            Self::ByTime => "by-time",
        }
    }

    /// Options for this way, with a clock that is so many nanoseconds ahead.
    pub(crate) fn options(self, clock_offset: i64) -> LockOptions {
        LockOptions::new().environment(Environment {
            clock_offset,
            force_mkdir_claim: self != Self::Published,
            force_time_based: self == Self::ByTime,
            kernel_id: None,
        })
    }

    /// Whether the kernel vouches for a holder of ours.
    pub(crate) fn is_kernel_backed(self) -> bool {
        self != Self::ByTime
    }
}
