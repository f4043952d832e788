//! The errors.

use std::fmt;
use std::path::PathBuf;

use agentslock_core::{
    FlushError, OpenError, ParseDigestError, ParseTimestampError, ReadError, SectionError,
    StageError, VersionError,
};

use crate::machine::{Event, Status};
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// A digest that was given is none.
    #[error(transparent)]
    Digest(#[from] ParseDigestError),
    /// A time that was given is none.
    #[error(transparent)]
    Timestamp(#[from] ParseTimestampError),
    /// The section as it is cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The document is of a format that this crate does not know.
    #[error(transparent)]
    Version(#[from] VersionError),
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
    /// The section cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written.
    #[error(transparent)]
    Flush(#[from] FlushError),
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
        let verb = if self.0.len() == 1 { "depends" } else { "depend" };
        write!(f, " {verb} on it and need a new definition")
    }
}
