//! The errors.

use std::fmt;
use std::io;
use std::path::PathBuf;

use agentslock_core::{
    FlushError, Holder, OpenError, ParseDigestError, ParseTimestampError, ReadError, SectionError,
    StageError,
};

use serde::Serialize;

use crate::machine::{Event, Status};
use crate::outdated::OutdatedView;
use crate::view::ViewName;

/// A name is empty, or contains `/`, which stands between adapter and view where views are shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot name {what}: it is empty or contains `/`")]
#[non_exhaustive]
pub struct UnusableNameError {
    /// The name.
    pub name: String,
    /// "an adapter" or "a view".
    pub what: &'static str,
}

/// An event is not possible in the state that a view is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("the event `{event}` is not possible for the view `{view}`, which is {}", State(state.as_ref()))]
#[non_exhaustive]
pub struct IllegalTransition {
    /// The view.
    pub view: ViewName,
    /// Its status; `None` if it is not registered.
    pub state: Option<Status>,
    /// The event.
    pub event: Event,
}

struct State<'a>(Option<&'a Status>);

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(f, "`{status}`"),
            None => f.write_str("not registered"),
        }
    }
}

/// Why an adapter was not changed. Unless [`FlushError`] says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// A name cannot be used.
    #[error(transparent)]
    Name(#[from] UnusableNameError),
    /// A digest that was given is not a digest.
    #[error("{of}: {source}")]
    Digest {
        /// What it was given for.
        of: String,
        /// What is wrong with it.
        source: ParseDigestError,
    },
    /// A time that was given is not a time.
    #[error("{of}: {source}")]
    Timestamp {
        /// What it was given for.
        of: String,
        /// What is wrong with it.
        source: ParseTimestampError,
    },
    /// The section as it is cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The adapter is not in the document. Activate it first.
    #[error("`{}`: the adapter {adapter:?} is not active", path.display())]
    NotActive {
        /// The file.
        path: PathBuf,
        /// The adapter.
        adapter: String,
    },
    /// The adapter must not go live with another schema than it has: views that depend on it do not
    /// fit it. Each has to be registered anew.
    #[error("`{}`: the adapter {adapter:?} must not go live: {}", path.display(), Blocked(views))]
    Blocked {
        /// The file.
        path: PathBuf,
        /// The adapter.
        adapter: String,
        /// The views, sorted.
        views: Vec<ViewName>,
    },
    /// The event is not possible in the state that the view is in.
    #[error("`{}`: {transition}", path.display())]
    Illegal {
        /// The file.
        path: PathBuf,
        /// View, state and event.
        transition: IllegalTransition,
    },
    /// The view was checked against a schema that is gone by now. Check it again.
    #[error("`{}`: {view}; check it again", path.display())]
    Outdated {
        /// The file.
        path: PathBuf,
        /// The view, and what of it is gone.
        view: Box<OutdatedView>,
    },
    /// The section cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written, or is of a format that this crate does not
    /// know ([`FlushError::Version`]).
    #[error(transparent)]
    Flush(#[from] FlushError),
}

impl IllegalTransition {
    /// `event` is not possible for `view` in the state `state`.
    pub fn new(view: ViewName, state: Option<Status>, event: Event) -> Self {
        Self { view, state, event }
    }
}

impl ChangeError {
    /// Who held the lock at the last look, if it was held until the wait ended. `None` for every
    /// other error, and if the lock changed hands at each look.
    pub fn contention(&self) -> Option<&Holder> {
        self.flush().and_then(FlushError::contention)
    }

    /// Whether the lock was held by others all the time. Trying again later can help.
    pub fn is_contention(&self) -> bool {
        self.flush().is_some_and(FlushError::is_contention)
    }

    /// Whether the lock was lost: another process removed it, or took this process for dead.
    /// Ask [`is_committed`](Self::is_committed) first: it can be lost after the write.
    pub fn is_lost(&self) -> bool {
        self.flush().is_some_and(FlushError::is_lost)
    }

    /// Whether nothing was written, and the same call can succeed later: another process held or
    /// took the lock, or replaced, changed or removed the document.
    pub fn is_transient(&self) -> bool {
        self.flush().is_some_and(FlushError::is_transient)
    }

    /// Whether the new document is in place in spite of the error, as far as is known.
    pub fn is_committed(&self) -> bool {
        self.flush().is_some_and(FlushError::is_committed)
    }

    fn flush(&self) -> Option<&FlushError> {
        match self {
            Self::Flush(error) => Some(error),
            _ => None,
        }
    }
}

/// A lost lock is [`io::ErrorKind::Other`] and not `NotFound`, which programs take for "no file
/// yet".
impl From<ChangeError> for io::Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Read(error) => error.into(),
            ChangeError::Flush(error) => error.into(),
            ChangeError::NotActive { .. }
            | ChangeError::Blocked { .. }
            | ChangeError::Illegal { .. }
            | ChangeError::Outdated { .. } => Self::other(error),
            ChangeError::Name(_)
            | ChangeError::Digest { .. }
            | ChangeError::Timestamp { .. }
            | ChangeError::Stage(_) => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

impl From<OpenError> for ChangeError {
    fn from(error: OpenError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<SectionError> for ChangeError {
    fn from(error: SectionError) -> Self {
        ReadError::from(error).into()
    }
}

struct Blocked<'a>(&'a [ViewName]);

impl fmt::Display for Blocked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, view) in self.0.iter().enumerate() {
            write!(f, "{}`{view}`", if index == 0 { "" } else { ", " })?;
        }
        let (verb, need) =
            if self.0.len() == 1 { ("depends", "needs") } else { ("depend", "need") };
        write!(f, " {verb} on it and {need} a new definition")
    }
}
