//! The errors.

use std::io;
use std::path::PathBuf;

use agentslock_core::{
    FlushError, Holder, OpenError, ParseDigestError, ParseTimestampError, ReadError, SectionError,
    StageError,
};

use crate::changes::Refused;
use crate::kind::Kind;
use crate::reference::Reference;

/// Why a unit was not added to a pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The pass does not own the unit's kind.
    #[error("the unit `{reference}` is of kind `{kind}`, which this pass does not own")]
    NotOwned {
        /// The unit's reference.
        reference: Reference,
        /// Its kind.
        kind: Kind,
    },
    /// Only an artifact has content.
    #[error("the unit `{reference}` is of kind `{kind}`, and only artifacts have content")]
    NoArtifact {
        /// The unit's reference.
        reference: Reference,
        /// Its kind.
        kind: Kind,
    },
    /// The pass has a unit of this reference already.
    #[error("the unit `{reference}` was added a second time")]
    Twice {
        /// The unit's reference.
        reference: Reference,
    },
}

/// Why a document was not written. Unless [`is_committed`](Self::is_committed) says otherwise, it
/// is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The document, or a section as it is, cannot be read, so that it is not known what to keep.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A pass has units that cannot be written: all of them, not only the first one.
    #[error("`{}`: {}", path.display(), list(refused))]
    Refused {
        /// The file.
        path: PathBuf,
        /// The units, and why.
        refused: Vec<Refused>,
    },
    /// The digest of the inputs is not a digest.
    #[error("the digest of the inputs: {0}")]
    InputsDigest(#[source] ParseDigestError),
    /// The time of a stamp is not a time.
    #[error("section {section:?}, field `{field}`: {source}")]
    Timestamp {
        /// The stamp's section.
        section: &'static str,
        /// The field that holds the time.
        field: &'static str,
        /// What is wrong with it.
        source: ParseTimestampError,
    },
    /// The change cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written, or is of a format that this crate does not
    /// know ([`FlushError::Version`]).
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// The caller's own code inside an update failed: see [`caller`](Self::caller).
    #[error(transparent)]
    Caller(Box<dyn std::error::Error + Send + Sync>),
}

impl WriteError {
    /// For code inside [`ConfigLock::update`](crate::ConfigLock::update) that fails for a reason of
    /// its own: nothing is written, and the update returns this.
    pub fn caller(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Caller(error.into())
    }

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

fn list(refused: &[Refused]) -> String {
    let lines: Vec<_> =
        refused.iter().map(|it| format!("the unit `{}`: {}", it.reference, it.reason)).collect();
    lines.join("; ")
}

impl From<OpenError> for WriteError {
    fn from(error: OpenError) -> Self {
        ReadError::from(error).into()
    }
}

impl From<SectionError> for WriteError {
    fn from(error: SectionError) -> Self {
        ReadError::from(error).into()
    }
}

/// The kind says what happened to the file. A lost lock is [`io::ErrorKind::Other`] and not
/// `NotFound`, which programs take for "no file yet".
impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Read(error) => error.into(),
            WriteError::Flush(error) => error.into(),
            WriteError::Refused { .. }
            | WriteError::InputsDigest(_)
            | WriteError::Timestamp { .. }
            | WriteError::Stage(_) => Self::new(io::ErrorKind::InvalidInput, error),
            WriteError::Caller(_) => Self::other(error),
        }
    }
}
