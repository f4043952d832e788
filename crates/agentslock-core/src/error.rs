//! The errors: one enum per operation, and [`Error`], which holds any of them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use filelock::Holder;

use crate::document::reserved::LOCK_VERSION;
use crate::json::fields::FieldError;
use crate::json::locate::DecodeError;
use crate::json::syntax::SyntaxError;

/// Why a document was not opened. The file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file could not be read, or is no file.
    #[error(transparent)]
    Read(#[from] fsops::ReadFileError),
    /// The file is not a lock document. This crate never overwrites such a file: repair it, or
    /// restore it from version control.
    #[error("`{}`, {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        error: SyntaxError,
    },
}

/// Why a section was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The section is not what the caller expects.
    #[error("{}: section {section:?} is not as expected", Place(path, *at))]
    Decode {
        /// The file.
        path: PathBuf,
        /// Where in the file; `None` if it is not in the file, but was staged.
        at: Option<Position>,
        /// The section.
        section: String,
        /// What was expected.
        source: DecodeError,
    },
    /// An entry of the section is not what the caller expects: not an object, say.
    #[error("{}: section {section:?}, entry {entry:?} is not as expected", Place(path, *at))]
    Entry {
        /// The file.
        path: PathBuf,
        /// Where in the file; `None` if it is not in the file, but was staged.
        at: Option<Position>,
        /// The section.
        section: String,
        /// The entry's key.
        entry: String,
        /// What was expected.
        source: DecodeError,
    },
    /// A field is not what the caller expects.
    #[error("{}: section {section:?}{} is not as expected", Place(path, *at), Named(entry.as_deref()))]
    Field {
        /// The file.
        path: PathBuf,
        /// Where in the file; `None` if it is not in the file, but was staged.
        at: Option<Position>,
        /// The section.
        section: String,
        /// The key of the entry that has the field; `None` if it is the section's own.
        entry: Option<String>,
        /// Which field, and what is wrong with it.
        source: FieldError,
    },
    /// The name is a reserved top-level key, not a section.
    #[error("`{}`: {name:?} is not a section: {instead}", path.display())]
    Reserved {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// What to use instead.
        instead: &'static str,
    },
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 1.
    pub column: usize,
}

/// A file, in a message, and the place in it, if there is one.
struct Place<'a>(&'a Path, Option<Position>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.display())?;
        match self.1 {
            Some(Position { line, column }) => write!(f, ", line {line}, column {column}"),
            None => Ok(()),
        }
    }
}

/// An entry, in a message, if there is one.
struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |entry| write!(f, ", entry {entry:?}"))
    }
}

/// Why a typed section is not written into a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// The document is of a later format.
    #[error(
        "`{}` has format version {found}; this program writes version {LOCK_VERSION} only: update it",
        path.display()
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u64,
    },
    /// The version is not a whole number.
    #[error(transparent)]
    Unreadable(#[from] SectionError),
}

/// Why typed sections were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The document cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A section is not of the shape that it should be of.
    #[error(transparent)]
    Section(#[from] SectionError),
}

/// Why a change was not staged. What was staged before still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The name is a reserved top-level key, not a section.
    #[error("{name:?} is not a section: {instead}")]
    Reserved {
        /// The name.
        name: String,
        /// What to use instead.
        instead: &'static str,
    },
    /// The value cannot be expressed in JSON.
    #[error("the value for section {section:?} cannot be written as JSON")]
    Serialize {
        /// The section.
        section: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The text is not one JSON value.
    #[error("the value for section {section:?} is not JSON: {error}")]
    NotJson {
        /// The section.
        section: String,
        /// What is wrong, and where.
        error: SyntaxError,
    },
    /// The value is nested too deeply to be written indented.
    #[error(
        "the value for section {section:?} is nested too deeply to be indented: {limit} levels at most, \
         and fewer if it is large"
    )]
    TooDeep {
        /// The section.
        section: String,
        /// The limit, in levels.
        limit: usize,
    },
}

/// Why a flush or an update did not complete. Unless [`is_committed`](Self::is_committed) says
/// otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The file could not be locked or replaced.
    #[error(transparent)]
    File(lockedfile::Error),
    /// The document as it is by now cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// `flush` was called on the handle that an update's closure gets. What is staged there is
    /// written when the closure returns.
    #[error(
        "`flush` inside an update of `{}`: the update writes when its closure returns",
        path.display()
    )]
    InsideUpdate {
        /// The document.
        path: PathBuf,
    },
    /// The handle was made [from a text](crate::Lockfile::from_text): there is no file to write.
    #[error("this document was made from a text; it has no file to be written to")]
    NoFile,
}

/// A file that cannot be read is [`Open`](FlushError::Open), whichever step of a flush finds it.
impl From<lockedfile::Error> for FlushError {
    fn from(error: lockedfile::Error) -> Self {
        match error {
            lockedfile::Error::Read(error) => Self::Open(OpenError::Read(error)),
            error => Self::File(error),
        }
    }
}

impl FlushError {
    /// Whether the new document is in place in spite of the error, as far as is known.
    pub fn is_committed(&self) -> bool {
        self.file().is_some_and(lockedfile::Error::is_committed)
    }

    /// Whether another process held the lock until the timeout. Trying again later can help.
    pub fn is_contention(&self) -> bool {
        self.file().is_some_and(lockedfile::Error::is_contention)
    }

    /// Who held the lock at the last look, if it was held until the wait ended. `None` for every
    /// other error, and if the lock changed hands at each look.
    pub fn contention(&self) -> Option<&Holder> {
        self.file().and_then(lockedfile::Error::contention)
    }

    /// Whether the lock was lost: another process removed it, or took this process for dead.
    pub fn is_lost(&self) -> bool {
        self.file().is_some_and(lockedfile::Error::is_lost)
    }

    fn file(&self) -> Option<&lockedfile::Error> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

/// Why the lock was not renewed in the middle of an update.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewLockError {
    /// No lock is held: the handle is not the one that an update's closure gets.
    #[error("no lock to renew: this handle is not inside an update")]
    NotHeld,
    /// The lock's own error.
    #[error(transparent)]
    Renew(#[from] filelock::RenewError),
}

/// A missing document is no error, so no kind of these says `NotFound` for the document itself.
impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Read(error) => error.into(),
            OpenError::Malformed { .. } => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Open(error) => error.into(),
            ReadError::Section(_) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<FlushError> for io::Error {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::File(error) => error.into(),
            FlushError::Open(error) => error.into(),
            FlushError::InsideUpdate { .. } => Self::new(io::ErrorKind::Deadlock, error),
            FlushError::NoFile => Self::new(io::ErrorKind::Unsupported, error),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Open(error) => error.into(),
            Error::Flush(error) => error.into(),
            Error::RenewLock(RenewLockError::Renew(error)) => error.into(),
            Error::Section(_) => Self::new(io::ErrorKind::InvalidData, error),
            Error::Stage(_) => Self::new(io::ErrorKind::InvalidInput, error),
            Error::Version(_) => Self::new(io::ErrorKind::Unsupported, error),
            Error::RenewLock(RenewLockError::NotHeld) => Self::other(error),
        }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Open(error) => error.into(),
            ReadError::Section(error) => error.into(),
        }
    }
}

/// Any error of this crate: what an update's closure can return with `?`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// See [`OpenError`].
    #[error(transparent)]
    Open(#[from] OpenError),
    /// See [`SectionError`].
    #[error(transparent)]
    Section(#[from] SectionError),
    /// See [`StageError`].
    #[error(transparent)]
    Stage(#[from] StageError),
    /// See [`VersionError`].
    #[error(transparent)]
    Version(#[from] VersionError),
    /// See [`FlushError`].
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// See [`RenewLockError`].
    #[error(transparent)]
    RenewLock(#[from] RenewLockError),
}
