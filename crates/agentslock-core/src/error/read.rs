//! Errors of reading: a document, a section, the version.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::document::reserved::LOCK_VERSION;
use crate::json::field_error::FieldError;
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
    /// The file is unfinished, and another program is writing it: the wait for it ended
    /// ([`lockedfile::Error::BeingReplaced`], with what is known). Trying again later can help.
    #[error(transparent)]
    BeingReplaced(lockedfile::Error),
}

/// What a wait for a file comes to.
impl From<lockedfile::Error> for OpenError {
    fn from(error: lockedfile::Error) -> Self {
        match error {
            lockedfile::Error::Read(error) => Self::Read(error),
            other => Self::BeingReplaced(other),
        }
    }
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
        /// The version that it has; `u64::MAX` if it is larger.
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

/// A missing document is no error, so no kind of these says `NotFound` for the document itself.
impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Read(error) => error.into(),
            OpenError::BeingReplaced(error) => error.into(),
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
