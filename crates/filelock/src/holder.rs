//! What is known about whoever holds a lock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whoever held a lock at the moment when it was looked at.
///
/// A picture, not a promise: by the time it is read, the lock may have changed hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub(crate) pid: Option<u32>,
    pub(crate) stamp: Option<i64>,
    pub(crate) age: Option<Duration>,
    pub(crate) token: Option<String>,
    pub(crate) user: Option<u32>,
    pub(crate) liveness: Liveness,
}

/// Why a holder counts as alive or not, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Liveness {
    /// The kernel says that the holder lives: its OS lock is held.
    Running,
    /// The kernel says that the holder is gone: its OS lock was granted to the one who asked.
    Dead,
    /// Nothing but the clock can tell. Counts as alive for this much longer, then as gone.
    Expires {
        /// Time until the holder counts as gone, if it does not renew.
        within: Duration,
    },
    /// By the clock, the holder is gone.
    Expired,
    /// The lock belongs to another user, who alone can look into it.
    Unreadable,
    /// Looking failed; a failed look is no proof of death. Holds the operating system's words.
    Unknown(String),
}

impl Holder {
    /// The process that took the lock, as it recorded itself. On another machine or in another
    /// pid namespace the number means another process, or none.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// When the lock was taken or last renewed, by the holder's clock.
    pub fn since(&self) -> Option<SystemTime> {
        let nanos = u64::try_from(self.stamp?).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))
    }

    /// How long ago that was, by our clock. Zero for a time in the future.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The token of the acquisition. `None` for a foreign holder that wrote none.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The numeric user that owns the lock, where the system tells.
    pub fn user(&self) -> Option<u32> {
        self.user
    }

    /// Whether the holder lives, and how that is known.
    pub fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// Whether the record names the calling process. Then waiting longer cannot help, unless
    /// another thread releases the lock. A holder in another pid namespace can have our number.
    pub fn is_this_process(&self) -> bool {
        self.pid == Some(std::process::id())
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(_) if self.is_this_process() => f.write_str("this very process")?,
            Some(pid) => write!(f, "process {pid}")?,
            None => f.write_str("somebody who left no readable record")?,
        }
        if let Some(age) = self.age {
            write!(f, ", for {}", seconds(age))?;
        }
        match &self.liveness {
            Liveness::Running => f.write_str(" (alive: the kernel holds its lock)"),
            Liveness::Dead => f.write_str(" (dead: the kernel dropped its lock)"),
            Liveness::Expires { within } => {
                write!(f, " (judged by time: expires in {} unless renewed)", seconds(*within))
            }
            Liveness::Expired => f.write_str(" (expired)"),
            Liveness::Unreadable => match self.user {
                Some(user) => {
                    write!(f, " (the lock belongs to user {user}; only that user can free it)")
                }
                None => f.write_str(" (the lock belongs to another user, who alone can free it)"),
            },
            Liveness::Unknown(why) => write!(f, " (could not be examined: {why})"),
        }
    }
}

/// A duration for a person: `1.2 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_reads_as_a_sentence() {
        let mut holder = Holder {
            pid: Some(u32::MAX),
            stamp: Some(1_700_000_000_000_000_000),
            age: Some(Duration::from_millis(1230)),
            token: None,
            user: Some(7),
            liveness: Liveness::Running,
        };
        assert_eq!(
            holder.to_string(),
            "process 4294967295, for 1.2 s (alive: the kernel holds its lock)"
        );
        assert_eq!(holder.since(), Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        holder.pid = Some(std::process::id());
        assert!(holder.to_string().starts_with("this very process"));
    }
}
