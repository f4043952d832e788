//! Who holds a lock, for a person: in `holder`, in the line of a wait, in errors, and as JSON.
//!
//! A number in a record says little: it can be of another pid namespace, or used again. A process
//! is named only if the kernel says that it has the lock.
//!
//! ```text
//! step                                    the lock changes hands before the next step
//! the holder was looked at: token T       the last step finds another token: no process is named
//! which processes have the OS lock, and   the same
//!   what they are, in /proc
//! the lock once more: T stands there,     what was found was true then; no later moment is spoken
//!   so the OS lock was T's all along      of
//! ```
//!
//! All that is said later is what was found here. Nothing is asked again when it is printed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use agentslock_core::{Fields, Timestamp};
use filelock::{Holder, Liveness};

use crate::io::fields::push;
use crate::sys;

/// What is known of a lock's holder.
pub(crate) struct Who<'a> {
    holder: &'a Holder,
    process: Process,
    command: Option<String>,
    is_stopped: bool,
}

/// Which process of this machine that is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Process {
    /// The one of the record.
    Here(u32),
    /// One with another number here: it recorded that of its own pid namespace.
    OtherNamespace(u32),
    /// The one of the record is gone. These have inherited the lock. At least one.
    Inherited(Vec<u32>),
    /// The lock has changed hands since it was looked at.
    Elsewhere,
    /// Nobody knows.
    Unknown,
}

/// The words for programs: what is known of a holder. The manual lists them.
pub(crate) const VERDICTS: [&str; 6] =
    ["alive", "dead", "expires", "expired", "unreadable", "unknown"];

/// The lock of a file.
pub(crate) fn lock_of(target: &Path) -> PathBuf {
    let mut lock = target.as_os_str().to_owned();
    lock.push(".lock");
    lock.into()
}

impl<'a> Who<'a> {
    /// Looks at the processes of this machine.
    pub(crate) fn of(holder: &'a Holder, target: &Path) -> Self {
        let mut who = Self { holder, process: Process::Unknown, command: None, is_stopped: false };
        if *holder.liveness() != Liveness::Running {
            return who;
        }
        let lockers = sys::lockers(&lock_of(target));
        who.process = Process::of(holder, &lockers);
        let pid = who.pid().or_else(|| Process::heirs(&lockers).first().copied());
        who.command = pid.and_then(sys::command_line);
        who.is_stopped = pid.is_some_and(sys::is_stopped);
        let now = filelock::inspect(target).ok().flatten();
        match now.as_ref().map(filelock::Inspection::holder) {
            Some(now) if is_same(holder, now) => {
                if who.process == Process::Unknown && now.is_inherited() {
                    who.process = Process::inherited(&lockers);
                }
            }
            _ => who.process = Process::Elsewhere,
        }
        if who.pid().is_none() {
            (who.command, who.is_stopped) = (None, false);
        }
        who
    }

    /// In a sentence: what it is, since when, and what its state is.
    pub(crate) fn sentence(&self) -> String {
        let mut text = match (&self.process, self.holder.pid()) {
            (Process::OtherNamespace(here), Some(pid)) => {
                format!("process {here} ({pid} in its own pid namespace)")
            }
            (Process::Inherited(pids), Some(pid)) => {
                let heirs: Vec<_> = pids.iter().map(ToString::to_string).collect();
                format!("process {} (it inherited the lock of {pid}, which died)", heirs.join(", "))
            }
            (_, Some(pid)) => format!("process {pid}"),
            (Process::Here(pid), None) => format!("process {pid} (its record cannot be read)"),
            (_, None) => "an unknown process (its record cannot be read)".to_owned(),
        };
        if let Some(held) = self.holder.age() {
            text = format!("{text}, for {}", span(held));
        }
        text + ", " + &self.state()
    }

    fn state(&self) -> String {
        match self.holder.liveness() {
            Liveness::Running if self.is_stopped => "stopped (by ^Z?)".to_owned(),
            Liveness::Running if self.process == Process::Elsewhere => {
                "which has let it go since".to_owned()
            }
            Liveness::Running => "still running".to_owned(),
            Liveness::Dead => "died; the lock can be taken now".to_owned(),
            Liveness::Expires { within } => {
                format!("judged by its time: it expires in {} unless it is renewed", span(*within))
            }
            Liveness::Expired => "expired; the lock can be taken now".to_owned(),
            Liveness::Unreadable if self.holder.is_of_this_user() => {
                "your own, but this program may not look into it: a sandbox, a privacy setting or a \
                 changed mode keeps it out"
                    .to_owned()
            }
            Liveness::Unreadable => match self.user() {
                Some(user) => format!("of the user {user}, who alone can look into it"),
                None => "of another user, who alone can look into it".to_owned(),
            },
            Liveness::Unknown(why) => format!("could not be examined: {why}"),
            _ => "in an unknown state".to_owned(),
        }
    }

    /// What fits into one line of a terminal: number, command, for how long.
    pub(crate) fn brief(&self) -> String {
        let pid = self.pid().or(self.holder.pid());
        let mut text =
            pid.map_or_else(|| "an unknown process".to_owned(), |pid| format!("process {pid}"));
        if let Some(label) = self.label() {
            text = format!("{text} ({})", label.chars().take(20).collect::<String>());
        }
        if let Some(command) = self.command() {
            let program = command.find(' ').unwrap_or(command.len());
            let from = command[..program].rfind('/').map_or(0, |slash| slash + 1);
            let command = &command[from..];
            let short: String = command.chars().take(20).collect();
            let dots = if short.len() < command.len() { "…" } else { "" };
            text = format!("{text} ({short}{dots})");
        }
        if let Some(held) = self.holder.age() {
            text = format!("{text}, for {}", span(held));
        }
        match self.holder.liveness() {
            Liveness::Running if !self.is_stopped && self.process != Process::Elsewhere => text,
            Liveness::Expires { within } => text + &format!(", expires in {}", span(*within)),
            _ => text + ", " + &self.state(),
        }
    }

    /// The process as it is numbered here.
    fn pid(&self) -> Option<u32> {
        match &self.process {
            Process::Here(pid) | Process::OtherNamespace(pid) => Some(*pid),
            Process::Inherited(pids) => pids.first().copied(),
            Process::Elsewhere | Process::Unknown => None,
        }
    }

    pub(crate) fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// What the holder says that it does: if its command line cannot be read.
    pub(crate) fn label(&self) -> Option<&str> {
        self.holder.label().filter(|_| self.command().is_none())
    }

    pub(crate) fn user(&self) -> Option<String> {
        let user = self.holder.user()?;
        Some(sys::user_name(user).unwrap_or_else(|| user.to_string()))
    }

    pub(crate) fn since(&self) -> Option<Timestamp> {
        let since = self.holder.since()?;
        Timestamp::from_system_time(since).ok()
    }

    /// What will happen to the lock, and what can be done about it.
    pub(crate) fn next(&self) -> String {
        match (self.holder.liveness(), self.pid()) {
            (Liveness::Running, _) if self.process == Process::Elsewhere => {
                "it has changed hands meanwhile: look again".to_owned()
            }
            (Liveness::Running, Some(pid)) if self.is_stopped => {
                format!("others wait until it goes on and releases the lock: `kill -CONT {pid}`")
            }
            (Liveness::Running, Some(pid)) => format!(
                "others wait until it is released, or its holder ends; to end it: `kill {pid}`"
            ),
            (Liveness::Running, None) => {
                "others wait until it is released, or its holder ends".to_owned()
            }
            (Liveness::Dead | Liveness::Expired, _) => {
                "the next one that wants the lock gets it at once".to_owned()
            }
            (Liveness::Expires { .. }, _) => {
                "others wait until it is released, or expires without being renewed".to_owned()
            }
            _ => "others wait until it is released".to_owned(),
        }
    }

    pub(crate) fn as_json(&self) -> Fields {
        let mut fields = Fields::new();
        if let Some(pid) = self.holder.pid() {
            push(&mut fields, "pid", &pid);
        }
        match &self.process {
            Process::OtherNamespace(pid) => push(&mut fields, "pid_here", pid),
            Process::Inherited(pids) => push(&mut fields, "inherited_by", pids),
            Process::Here(_) | Process::Elsewhere | Process::Unknown => {}
        }
        if let Some(command) = self.command() {
            push(&mut fields, "command", command);
        }
        if let Some(since) = self.since() {
            push(&mut fields, "since", since.as_str());
        }
        if let Some(held) = self.holder.age() {
            push(&mut fields, "age_seconds", &held.as_secs_f64());
        }
        let renewed = self.holder.renewed().and_then(|renewed| renewed.elapsed().ok());
        if let Some(renewed) = renewed {
            push(&mut fields, "renewed_seconds_ago", &renewed.as_secs_f64());
        }
        if let Some(host) = self.holder.host() {
            push(&mut fields, "host", host);
        }
        if let Some(label) = self.holder.label() {
            push(&mut fields, "label", label);
        }
        if let Some(user) = self.holder.user() {
            push(&mut fields, "user", &user);
        }
        if let Some(name) = self.user() {
            push(&mut fields, "user_name", &name);
        }
        let verdict = match self.holder.liveness() {
            Liveness::Running => "alive",
            Liveness::Dead => "dead",
            Liveness::Expires { within } => {
                push(&mut fields, "expires_in_seconds", &within.as_secs_f64());
                "expires"
            }
            Liveness::Expired => "expired",
            Liveness::Unreadable => "unreadable",
            _ => "unknown",
        };
        debug_assert!(VERDICTS.contains(&verdict), "{verdict} is in no list");
        push(&mut fields, "verdict", verdict);
        push(&mut fields, "stopped", &self.is_stopped);
        push(&mut fields, "next", &self.next());
        fields
    }
}

impl Process {
    /// Who took the lock, if the kernel says that it is the holder.
    fn of(holder: &Holder, lockers: &[sys::Locker]) -> Self {
        let took_it = || lockers.iter().filter(|locker| locker.took_it).map(|locker| locker.pid);
        let Some(recorded) = holder.pid() else {
            return took_it()
                .find(|pid| sys::is_running(*pid, None))
                .map_or(Self::Unknown, Self::Here);
        };
        if let Some(pid) = took_it().find(|pid| sys::number_inside(*pid) == Some(recorded)) {
            return Self::OtherNamespace(pid);
        }
        let start = holder.pid_here().and(holder.process_start());
        if took_it().any(|pid| pid == recorded) && sys::is_running(recorded, start) {
            return Self::Here(recorded);
        }
        // If we may not look into it, the process of that number can be anybody.
        Self::Unknown
    }

    fn heirs(lockers: &[sys::Locker]) -> Vec<u32> {
        lockers.iter().filter(|locker| !locker.took_it).map(|locker| locker.pid).collect()
    }

    fn inherited(lockers: &[sys::Locker]) -> Self {
        let heirs = Self::heirs(lockers);
        if heirs.is_empty() { Self::Unknown } else { Self::Inherited(heirs) }
    }
}

/// Whether both are one holding of the lock. A renewal changes neither.
fn is_same(one: &Holder, other: &Holder) -> bool {
    let facts = |holder: &Holder| (holder.pid(), holder.token().map(str::to_owned));
    // Without a token, the time says which holding it is.
    facts(one) == facts(other) && (one.token().is_some() || one.since() == other.since())
}

/// A duration for a person: `1.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_two_units() {
        for (seconds, text) in [
            (0, "0.0 s"),
            (59, "59.0 s"),
            (200, "3 min 20 s"),
            (7500, "2 h 5 min"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    /// The kernel names those who have the OS lock now. They are not whom the caller has seen.
    #[cfg(target_os = "linux")]
    #[test]
    fn after_a_lock_changed_hands_no_process_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("t");
        let look = || filelock::inspect(&target).unwrap().unwrap().holder().clone();
        let first = filelock::acquire(&target).unwrap();
        let seen = look();
        first.release().unwrap();
        let second = filelock::acquire(&target).unwrap();
        second.set_inherited(true).unwrap();
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let who = Who::of(&seen, &target);
        assert_eq!((&who.process, who.pid(), who.command()), (&Process::Elsewhere, None, None));
        assert!(who.sentence().ends_with("which has let it go since"), "{}", who.sentence());
        assert!(!who.next().contains("kill"), "{}", who.next());
        assert!(who.as_json().iter().all(|(name, _)| name != "inherited_by"));
        let now = look();
        let who = Who::of(&now, &target);
        assert_eq!(who.process, Process::Here(std::process::id()));
        assert!(who.sentence().ends_with("still running"), "{}", who.sentence());
        child.kill().unwrap();
        child.wait().unwrap();
        second.release().unwrap();
    }
}
