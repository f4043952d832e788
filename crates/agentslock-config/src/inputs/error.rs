//! What can be wrong with the inputs, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// One of the files that a resolve is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// `.agentsrc.json` of the person.
    UserLocal,
    /// `.agentsrc.local.json` of the repository.
    ProjectLocal,
    /// `.agentsrc.json` of the repository.
    RepoLocal,
}

/// Why there is no digest of the inputs. One bad file leaves all without one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// A file could not be read.
    #[error("the {slot} inputs `{}` could not be read", path.display())]
    Read {
        /// Which of the files.
        slot: Slot,
        /// Where it is.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A file is not one JSON value with distinct keys.
    #[error("the {slot} inputs, line {line}, column {column}: {problem}")]
    Malformed {
        /// Which of the files.
        slot: Slot,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What is wrong there.
        problem: InputsProblem,
    },
}

/// What is wrong with a file that a resolve is made from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputsProblem {
    /// It is not JSON.
    #[error("{0}")]
    Syntax(&'static str),
    /// An object has a key twice.
    #[error("the key {0:?} occurs a second time in its object")]
    DuplicateKey(String),
    /// Something other than white space follows the value.
    #[error("expected the end of the file after the value")]
    TrailingData,
    /// It is nested deeper than the Go programs read.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// The deepest nesting that Go's decoder reads (encoding/json, `maxNestingDepth`).
pub(super) const MAX_DEPTH: usize = 10_000;

impl Slot {
    /// All slots, in the order in which they are digested.
    pub const ALL: [Self; 3] = [Self::UserLocal, Self::ProjectLocal, Self::RepoLocal];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserLocal => "user-local",
            Self::ProjectLocal => "project-local",
            Self::RepoLocal => "repo-local",
        }
    }
}

impl Slot {
    /// Where its file lies, for the repository at `repository` and the person whose own files are
    /// in `agents_home`; `None` without such a directory.
    pub fn path(self, repository: &Path, agents_home: Option<&Path>) -> Option<PathBuf> {
        match self {
            Self::UserLocal => agents_home.map(|home| home.join(".agentsrc.json")),
            Self::ProjectLocal => Some(repository.join(".agentsrc.local.json")),
            Self::RepoLocal => Some(repository.join(".agentsrc.json")),
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl InputsProblem {
    /// Its name: `syntax`, `duplicate-key`, `trailing-data`, `too-deep`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::DuplicateKey(_) => "duplicate-key",
            Self::TrailingData => "trailing-data",
            Self::TooDeep => "too-deep",
        }
    }
}
