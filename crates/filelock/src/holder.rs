//! What is known about whoever holds a lock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::environment::is_token_of_this_process;
use crate::process::ProcessId;
use crate::record::facts::{Facts, ProcessFacts};
use crate::sys;

/// Whoever held a lock at the moment when it was looked at.
///
/// A picture, not a promise: by the time it is read, the lock may have changed hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub(crate) pid: Option<u32>,
    pub(crate) stamp: Option<i64>,
    pub(crate) age: Option<Duration>,
    pub(crate) token: Option<String>,
    pub(crate) facts: Facts,
    pub(crate) user: Option<u32>,
    pub(crate) liveness: Liveness,
    /// Decided after the look, by `judge::heir`: it takes a second look.
    pub(crate) is_inherited: bool,
    /// The thread that looked has the guard. Decided with `is_inherited`.
    pub(crate) is_of_this_thread: bool,
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
    /// We may not look into the lock. It belongs to another user, who alone can; or it is this
    /// user's own ([`Holder::is_of_this_user`]), and a sandbox or a changed mode keeps us out.
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

    /// The process, if its number means the same to us: it runs on this machine, in our pid
    /// namespace. By the time it is used, the process may have ended and another one have its
    /// number: then [`process_start`](Self::process_start) differs.
    pub fn pid_here(&self) -> Option<u32> {
        let here = ProcessFacts::of_this(ProcessId::current());
        let there = &self.facts.process;
        let is_here = there.host == here.host
            && there.machine == here.machine
            && there.pid_namespace == here.pid_namespace;
        self.pid.filter(|_| is_here)
    }

    /// Whether the process that acquired the lock had ended, and another one kept it: a child that
    /// it forked, or that inherited the lock
    /// ([`set_inherited`](crate::LockGuard::set_inherited)).
    ///
    /// It is decided once: by [`inspect`](crate::inspect()), and when an
    /// [`AcquireError`](crate::AcquireError) is made. The lock is looked at again after the process
    /// was found gone, so that one who released it and ended is not meant. A holder from elsewhere
    /// (a callback, `try_acquire`) says `false`: a wait does not ask each time. It is `false`, too,
    /// on other systems than Linux, and if the process does not run in our pid namespace.
    pub fn is_inherited(&self) -> bool {
        self.is_inherited
    }

    /// Whether the process that acquired the lock is known to be gone by now, although the lock was
    /// held when it was looked at.
    pub(crate) fn has_ended(&self) -> bool {
        self.liveness == Liveness::Running
            && self
                .pid_here()
                .zip(self.facts.process.start)
                .is_some_and(|(pid, start)| sys::has_ended(pid, start).unwrap_or(false))
    }

    /// As seen in a second look, after the holder of the `first` one was found gone.
    pub(crate) fn seen_again(self, first: &Self) -> Self {
        let is_inherited =
            self.liveness == Liveness::Running && self.token.is_some() && self.token == first.token;
        Self { is_inherited, ..self }
    }

    /// When the lock was acquired, by the holder's clock. Of a holder that did not record that,
    /// when it acquired the lock or last renewed it.
    pub fn since(&self) -> Option<SystemTime> {
        time(self.facts.since.or(self.stamp)?)
    }

    /// When the lock was acquired or last renewed, by the holder's clock: what others judge by
    /// where only time can tell.
    pub fn renewed(&self) -> Option<SystemTime> {
        time(self.stamp?)
    }

    /// How long [`since`](Self::since) is ago, by our clock. Zero for a time in the future.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The name of the holder's machine, as it recorded itself. Two machines can have one name.
    pub fn host(&self) -> Option<&str> {
        self.facts.process.host.as_deref()
    }

    /// The pid namespace in which [`pid`](Self::pid) means the holder, on Linux: the inode of
    /// `/proc/self/ns/pid` (namespaces(7)).
    pub fn pid_namespace(&self) -> Option<u64> {
        self.facts.process.pid_namespace
    }

    /// When the holder's process started, on Linux: field 22 of `/proc/PID/stat`, in clock ticks
    /// since the boot (`proc_pid_stat(5)`).
    pub fn process_start(&self) -> Option<u64> {
        self.facts.process.start
    }

    /// What the holder says that it is doing ([`LockOptions::label`](crate::LockOptions::label)).
    /// One line, without control characters, but otherwise whatever another user chose to write.
    pub fn label(&self) -> Option<&str> {
        self.facts.label.as_deref()
    }

    /// The token of the acquisition. `None` for a foreign holder that wrote none.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The numeric user that owns the lock, where the system tells.
    pub fn user(&self) -> Option<u32> {
        self.user
    }

    /// Whether the lock belongs to the user that this process acts as. `false` where users have no
    /// numbers.
    pub fn is_of_this_user(&self) -> bool {
        self.user.is_some_and(sys::is_this_user)
    }

    /// Whether the holder lives, and how that is known.
    pub fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// Whether the calling process holds the lock: the token is one of ours, and the pid is. Then
    /// waiting longer cannot help, unless another thread releases the lock.
    pub fn is_this_process(&self) -> bool {
        self.pid == Some(std::process::id()) && self.token().is_some_and(is_token_of_this_process)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(_) if self.is_this_process() => f.write_str("this very process")?,
            Some(pid) => self.fmt_process(pid, f)?,
            None => f.write_str("somebody who left no readable record")?,
        }
        if let Some(age) = self.age {
            write!(f, ", for {}", seconds(age))?;
        }
        match &self.liveness {
            Liveness::Running if self.is_inherited => {
                f.write_str(", which has ended; a process that it forked or started keeps the lock")
            }
            Liveness::Running => f.write_str(", still running"),
            Liveness::Dead => f.write_str(" (died: the lock can be taken now)"),
            Liveness::Expires { within } => {
                write!(f, " (judged by time: expires in {} unless renewed)", seconds(*within))
            }
            Liveness::Expired => f.write_str(" (expired)"),
            Liveness::Unreadable if self.is_of_this_user() => f.write_str(
                " (this user's own lock, which this program may not look into: a sandbox, a privacy \
                 setting or a changed mode keeps it out)",
            ),
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

impl Holder {
    /// Where the number means another process than here, that is said, so that nobody ends the
    /// wrong one.
    fn fmt_process(&self, pid: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {pid}")?;
        let (there, here) = (&self.facts.process, ProcessFacts::of_this(ProcessId::current()));
        if there.host.is_some() && there.host != here.host {
            write!(f, " on {}", there.host.as_deref().unwrap_or_default())?;
        } else if there.pid_namespace.is_some() && there.pid_namespace != here.pid_namespace {
            f.write_str(" in another pid namespace")?;
        }
        if let Some(label) = self.label() {
            write!(f, " ({label})")?;
        }
        Ok(())
    }
}

fn time(stamp: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_nanos(u64::try_from(stamp).ok()?))
}

/// A duration for a person: `1.2 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            pid: Some(u32::MAX),
            stamp: Some(1_700_000_000_000_000_000),
            age: Some(Duration::from_millis(1230)),
            token: None,
            facts: Facts::default(),
            user: Some(7),
            liveness: Liveness::Running,
            is_inherited: false,
            is_of_this_thread: false,
        }
    }

    #[test]
    fn a_holder_reads_as_a_sentence() {
        let mut holder = holder();
        assert_eq!(holder.to_string(), "process 4294967295, for 1.2 s, still running");
        assert_eq!(holder.since(), Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
        holder.facts.label = Some("set units".into());
        assert_eq!(holder.to_string(), "process 4294967295 (set units), for 1.2 s, still running");
        holder.facts.process.host = Some("another\u{2014}host".into());
        assert!(
            holder.to_string().starts_with("process 4294967295 on another\u{2014}host (set units)")
        );
    }

    #[test]
    fn this_very_process_is_one_whose_token_is_ours_and_not_one_that_has_our_number() {
        let mut holder = holder();
        holder.pid = Some(std::process::id());
        assert!(!holder.is_this_process(), "the first process of another container, say");
        holder.token = Some("00c0ffee00c0ffee00c0ffee".into());
        assert!(!holder.is_this_process());
        holder.token = Some(crate::environment::new_token(std::process::id()));
        assert!(holder.is_this_process());
        assert!(holder.to_string().starts_with("this very process"));
        holder.pid = Some(u32::MAX);
        assert!(!holder.is_this_process(), "a child has its parent's mark, and another number");
    }

    #[test]
    fn a_number_of_another_namespace_is_no_process_of_ours() {
        let mut holder = holder();
        holder.facts.process = ProcessFacts::of_this(ProcessId::current());
        assert_eq!(holder.pid_here(), holder.pid());
        holder.facts.process.pid_namespace = Some(1);
        assert_eq!(holder.pid_here(), None);
    }

    #[test]
    fn a_renewal_does_not_change_since_when_a_lock_is_held() {
        let mut holder = holder();
        holder.facts.since = Some(1_600_000_000_000_000_000);
        assert_eq!(holder.since(), Some(UNIX_EPOCH + Duration::from_secs(1_600_000_000)));
        assert_eq!(holder.renewed(), Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
    }
}
