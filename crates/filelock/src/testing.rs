//! What tests and checks can set, and programs must not: the clock, when a silent holder counts as
//! gone, the way to claim. With the feature `testing` only.
//!
//! Two programs that share a lock and go by different times break its guarantee. No promise of
//! stability covers this module.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

pub use crate::environment::{Environment, Way};
use crate::error::RenewError;
use crate::guard::LockGuard;
use crate::guard::renewing::{self, Renewal, RenewedGuard};
use crate::options::LockOptions;
use crate::record::Record;
pub use crate::sys::{FLOCK_FAILS, STREAMS};

impl LockOptions {
    /// How long after its last renewal a holder counts as gone if the kernel cannot vouch for it.
    /// That is a foreign one, or one on a network file system.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long a lock without a record may be a claim in the making, before it counts as a
    /// leftover.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The world as the lock sees it.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Published, Self::InPlace, Self::ByTime];

    /// As [`Display`](fmt::Display) prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::InPlace => "in-place",
            Self::ByTime => "by-time",
        }
    }

    /// Options for a lock claimed this way, with a clock that is so many nanoseconds ahead.
    pub fn options(self, clock_offset: i64) -> LockOptions {
        LockOptions::new().environment(Environment { clock_offset, ..self.into() })
    }

    /// Whether the kernel vouches for a holder that claimed this way.
    pub fn is_kernel_backed(self) -> bool {
        self != Self::ByTime
    }
}

impl From<Way> for Environment {
    fn from(way: Way) -> Self {
        Self { way: Some(way), ..Self::default() }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Way {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) prints.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|way| way.name() == text);
        known.ok_or_else(|| format!("`{text}` is no way to claim a lock"))
    }
}

/// As [`LockGuard::keep_renewed`], at another interval.
///
/// # Errors
///
/// The operating system's if it starts no thread.
pub fn renew_every<F>(guard: LockGuard, every: Duration, on_lost: F) -> io::Result<RenewedGuard>
where
    F: FnOnce(RenewError) + Send + 'static,
{
    renewing::start(guard, Renewal::every(every), on_lost)
}

/// Reads a record and writes it again: the parser's door for fuzzing.
pub fn rewrite_record(bytes: &[u8]) -> Option<Vec<u8>> {
    Record::parse(bytes).map(|record| record.encode())
}
