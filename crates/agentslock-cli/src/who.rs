//! Who holds a lock, for a person: in `holder`, in the line of a wait, in errors, and as JSON.
//!
//! A number in a record says little: it can be of another pid namespace, or used again. A process
//! is named only if the kernel says that it has the lock open.

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
}

/// Which process of this machine that is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Process {
    /// The one of the record.
    Here(u32),
    /// One with another number here: it recorded that of its own pid namespace.
    OtherNamespace(u32),
    /// The one of the record is gone. These have inherited the lock.
    Inherited(Vec<u32>),
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
        let lock = lock_of(target);
        let process = if matches!(holder.liveness(), Liveness::Running) {
            Process::of(holder.pid(), &lock)
        } else {
            Process::Unknown
        };
        Self { holder, process }
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
            (_, None) => "an unknown process (its record cannot be read)".to_owned(),
        };
        if let Some(held) = self.holder.age() {
            text = format!("{text}, for {}", span(held));
        }
        text + ", " + &self.state()
    }

    fn state(&self) -> String {
        match self.holder.liveness() {
            Liveness::Running if self.pid().is_some_and(sys::is_stopped) => {
                "stopped (by ^Z?)".to_owned()
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
            Liveness::Running if !self.pid().is_some_and(sys::is_stopped) => text,
            Liveness::Expires { within } => text + &format!(", expires in {}", span(*within)),
            _ => text + ", " + &self.state(),
        }
    }

    /// The process as it is numbered here.
    fn pid(&self) -> Option<u32> {
        match &self.process {
            Process::Here(pid) | Process::OtherNamespace(pid) => Some(*pid),
            Process::Inherited(pids) => pids.first().copied(),
            Process::Unknown => None,
        }
    }

    pub(crate) fn command(&self) -> Option<String> {
        self.pid().and_then(sys::command_line)
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
            (Liveness::Running, Some(pid)) if sys::is_stopped(pid) => {
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
            Process::Here(_) | Process::Unknown => {}
        }
        if let Some(command) = self.command() {
            push(&mut fields, "command", &command);
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
        push(&mut fields, "stopped", &self.pid().is_some_and(sys::is_stopped));
        push(&mut fields, "next", &self.next());
        fields
    }
}

impl Process {
    fn of(recorded: Option<u32>, lock: &Path) -> Self {
        let with_it = sys::processes_with(lock);
        let Some(recorded) = recorded else {
            return if with_it.is_empty() { Self::Unknown } else { Self::Inherited(with_it) };
        };
        let is_it = |pid: &&u32| sys::number_inside(**pid) == Some(recorded);
        if let Some(pid) = with_it.iter().find(is_it) {
            return Self::OtherNamespace(*pid);
        }
        if with_it.contains(&recorded) && sys::is_running(recorded) {
            return Self::Here(recorded);
        }
        let heirs: Vec<u32> = with_it.into_iter().filter(|pid| sys::is_running(*pid)).collect();
        // If we may not look into it, the process of that number can be anybody.
        if heirs.is_empty() { Self::Unknown } else { Self::Inherited(heirs) }
    }
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
}
