//! What can end a verb without success, and the exit status for it.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::document::broken;
use crate::who::{Who, span};
use agentslock_core::{
    Disturbance, FileError, FlushError, OpenError, SectionError, StageError, VersionError,
};

/// 1: the answer is no.
pub(crate) const NO: u8 = 1;
/// 2: usage, input or I/O.
pub(crate) const TROUBLE: u8 = 2;
/// 75, `EX_TEMPFAIL` of sysexits(3): the lock was not to be had in time. Try again later.
pub(crate) const LOCKED: u8 = 75;

/// Git (since 2.44) takes a driver's 1 to 128 for "merged, with conflicts", and only what is above
/// for a failure. The driver that is installed passes neither on: it has git merge by line then.
pub(crate) const MERGE_FAILED: u8 = 129;

/// The words for programs: what a failure is called in JSON. The manual lists them.
pub(crate) const KINDS: [&str; 25] = [
    "absent",
    "not-expected",
    "free",
    "no-such-handle",
    "usage",
    "input",
    "malformed",
    "cut-off",
    "conflict-markers",
    "later-version",
    "nested",
    "io",
    "git",
    "run",
    "not-durable",
    "locked",
    "lock-lost",
    "lost-after-write",
    "output",
    "changed",
    "being-replaced",
    "removed",
    "left-out",
    "directory-gone",
    "interrupted",
];

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: u8,
    /// A word for programs.
    pub(crate) kind: &'static str,
    /// A sentence for people.
    pub(crate) message: String,
    /// The file that it is about, if known.
    pub(crate) path: Option<PathBuf>,
    /// The number of the operating system's error, if there was one.
    pub(crate) errno: Option<i32>,
    /// Who holds the lock that could not be had.
    pub(crate) holder: Option<Box<agentslock_core::Fields>>,
    /// The exit status of the command that failed, if one did.
    pub(crate) command_status: Option<u8>,
}

impl Failure {
    pub(crate) fn new(status: u8, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
            path: None,
            errno: None,
            holder: None,
            command_status: None,
        }
    }

    /// Bad input from the command line or a stream.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(TROUBLE, "input", message)
    }

    /// What a person or another program must put right.
    pub(crate) fn trouble(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(TROUBLE, kind, message)
    }

    /// What the operating system refused.
    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        let failure = Self::new(TROUBLE, "io", format!("{what}: {error}"));
        Self { errno: error.raw_os_error(), ..failure }
    }

    /// What a library says, its causes included.
    fn of(status: u8, kind: &'static str, error: &(dyn Error + 'static)) -> Self {
        Self { errno: errno(error), ..Self::new(status, kind, chain(error)) }
    }

    /// Of a verb whose "no" is an answer.
    pub(crate) fn into_trouble(self) -> Self {
        Self { status: TROUBLE, ..self }
    }

    /// Of a verb that does one step after the other, and had done these before.
    pub(crate) fn after(mut self, dry_run: bool, steps: &[String]) -> Self {
        if !dry_run && !steps.is_empty() {
            write!(self.message, "; done before that: {}", steps.join(", "))
                .expect("because writing to a string cannot fail");
        }
        self
    }

    /// Of a verb that did nothing.
    pub(crate) fn undone(mut self, what: &str) -> Self {
        self.message = format!("{}; nothing was {what}", self.message);
        self
    }

    pub(crate) fn about(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        // A transparent error says what its source says.
        if !text.ends_with(&said) {
            write!(text, ": {said}").expect("because writing to a string cannot fail");
        }
        cause = error.source();
    }
    text
}

/// The number of the operating system's error among the causes.
fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.raw_os_error();
        }
        cause = error.source();
    }
    None
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        if let OpenError::Malformed { path, error: wrong } = &error {
            let (kind, message) = broken::explain(path, wrong);
            return Self::new(TROUBLE, kind, message);
        }
        if let OpenError::BeingReplaced(error) = error {
            return error.into();
        }
        Self::of(TROUBLE, "io", &error)
    }
}

impl From<SectionError> for Failure {
    fn from(error: SectionError) -> Self {
        Self::of(TROUBLE, "malformed", &error)
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self::of(TROUBLE, "input", &error)
    }
}

impl From<FlushError> for Failure {
    fn from(error: FlushError) -> Self {
        if let FlushError::Open(error @ OpenError::Malformed { .. }) = error {
            return error.into();
        }
        let error = match error {
            FlushError::File(FileError::Lock(error)) => return error.into(),
            FlushError::Open(error @ OpenError::BeingReplaced(_)) => return error.into(),
            FlushError::Version(error) => return error.into(),
            error => error,
        };
        let (status, kind) = match &error {
            FlushError::File(FileError::BeingReplaced { .. }) => (LOCKED, "being-replaced"),
            FlushError::File(FileError::Removed { .. }) => (LOCKED, "removed"),
            FlushError::File(FileError::LeftOut { .. }) => (TROUBLE, "left-out"),
            FlushError::File(FileError::DirectoryGone { .. }) => (TROUBLE, "directory-gone"),
            FlushError::File(FileError::Unsettled { last: Disturbance::FileChanged, .. }) => {
                (LOCKED, "changed")
            }
            error if error.is_contention() => (LOCKED, "locked"),
            // Whoever repeats it could do it twice.
            error if error.is_lost() && error.is_committed() => (TROUBLE, "lost-after-write"),
            error if error.is_lost() => (LOCKED, "lock-lost"),
            FlushError::File(FileError::NotDurable(_)) => (TROUBLE, "not-durable"),
            _ => (TROUBLE, "io"),
        };
        Self::of(status, kind, &error)
    }
}

impl From<VersionError> for Failure {
    fn from(error: VersionError) -> Self {
        let kind = match error {
            VersionError::Later { .. } => "later-version",
            _ => "malformed",
        };
        let failure = Self::of(TROUBLE, kind, &error);
        Self { message: failure.message + "; nothing was written", ..failure }
    }
}

impl From<lockedfile::Error> for Failure {
    fn from(error: lockedfile::Error) -> Self {
        FlushError::from(error).into()
    }
}

impl From<lockedfile::LogError> for Failure {
    fn from(error: lockedfile::LogError) -> Self {
        match error {
            lockedfile::LogError::File(lockedfile::Error::Verify(error)) => error.into(),
            lockedfile::LogError::File(error) => error.into(),
            lockedfile::LogError::Append(error) => error.into(),
            error => Self::of(TROUBLE, "io", &error),
        }
    }
}

impl From<filelock::AcquireError> for Failure {
    fn from(error: filelock::AcquireError) -> Self {
        locked(&error).unwrap_or_else(|| {
            let (status, kind) =
                if error.is_contention() { (LOCKED, "locked") } else { (TROUBLE, "io") };
            let failure = Self::of(status, kind, &error);
            let is_said = failure.message.contains("nothing was");
            let end = if is_said { "" } else { "; nothing was done" };
            Self { message: failure.message + end, ..failure }
        })
    }
}

/// A lock that another one holds: who, since when, and which command tells more.
fn locked(error: &filelock::AcquireError) -> Option<Failure> {
    let filelock::AcquireError::Timeout { path, waited, holder, .. } = error else { return None };
    let target = path.display();
    let gave_up = if waited.as_secs_f64() < 0.05 {
        String::new()
    } else {
        format!("gave up after {}; ", span(*waited))
    };
    let who = holder.as_deref().map(|holder| Who::of(holder, path));
    let by = who.as_ref().map_or_else(
        || "others".to_owned(),
        |who| {
            let command = who.command().map(|command| format!(": {command}")).unwrap_or_default();
            format!("{}{command}", who.sentence())
        },
    );
    let message = format!(
        "failed to lock `{target}`: {gave_up}it is locked by {by}; nothing was done; for more: \
         `agentslock holder {target}`"
    );
    let holder = who.map(|who| Box::new(who.as_json()));
    Some(Failure { holder, ..Failure::new(LOCKED, "locked", message) })
}

impl From<filelock::VerifyError> for Failure {
    fn from(error: filelock::VerifyError) -> Self {
        match &error {
            filelock::VerifyError::NotHeld(filelock::NotHeld::Lost { .. }) => {
                Self::of(LOCKED, "lock-lost", &error)
            }
            _ => Self::of(TROUBLE, "io", &error),
        }
    }
}

impl From<filelock::InspectError> for Failure {
    fn from(error: filelock::InspectError) -> Self {
        Self::of(TROUBLE, "io", &error)
    }
}

impl From<fsops::ReadFileError> for Failure {
    fn from(error: fsops::ReadFileError) -> Self {
        Self::of(TROUBLE, "io", &error)
    }
}

impl From<fsops::AppendError> for Failure {
    fn from(error: fsops::AppendError) -> Self {
        if let fsops::AppendError::NotDurable { .. } = &error {
            let failure = Self::of(TROUBLE, "not-durable", &error);
            // Nobody sees from a status that a second try would append it twice.
            return Self { message: failure.message + "; do not append it again", ..failure };
        }
        Self::of(TROUBLE, "io", &error)
    }
}

impl From<fsops::ReplaceError> for Failure {
    fn from(error: fsops::ReplaceError) -> Self {
        let kind = if error.is_committed() { "not-durable" } else { "io" };
        Self::of(TROUBLE, kind, &error)
    }
}

impl From<filelock::BreakError> for Failure {
    fn from(error: filelock::BreakError) -> Self {
        let (status, kind) = match &error {
            filelock::BreakError::Free { .. } => (NO, "free"),
            filelock::BreakError::Changed { .. } => (NO, "no-such-handle"),
            _ => (TROUBLE, "io"),
        };
        Self::of(status, kind, &error)
    }
}

impl From<filelock::RenewError> for Failure {
    fn from(error: filelock::RenewError) -> Self {
        match error {
            filelock::RenewError::Verify(error) => error.into(),
            error => Self::of(TROUBLE, "io", &error),
        }
    }
}
