//! The errors: one enum per operation.

use std::path::PathBuf;

use agentslock_core::{
    FlushError, ParseDigestError, ParseTimestampError, SectionError, StageError, VersionError,
};

use crate::kind::Kind;
use crate::reference::{ParseReferenceError, Reference};

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

/// Why a pass was not written. Unless [`FlushError`] says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A section as it is cannot be read, so that it is not known which entries to keep.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The document is of a format that this crate does not know.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// A unit of a kind that the pass does not own has the reference of one that it does.
    #[error(
        "`{}`: the pass resolved `{reference}`, which is locked as a unit of kind `{kind}`, which the \
         pass does not own",
        path.display()
    )]
    Taken {
        /// The file.
        path: PathBuf,
        /// The reference.
        reference: Reference,
        /// The kind that it is locked as.
        kind: Kind,
    },
    /// The pass has a reference that is none, and that is not in the document either.
    #[error(transparent)]
    Reference(#[from] ParseReferenceError),
    /// The pass has a digest that is none, and that is not in the document at that place either.
    #[error(transparent)]
    Digest(#[from] ParseDigestError),
    /// The units cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written.
    #[error(transparent)]
    Flush(#[from] FlushError),
}

/// Why a stamp was not written. Unless [`FlushError`] says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// The stamp as it is cannot be read, so that it is not known which of its fields to keep.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// The document is of a format that this crate does not know.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The stamp's time is none.
    #[error(transparent)]
    Timestamp(#[from] ParseTimestampError),
    /// The stamp cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written.
    #[error(transparent)]
    Flush(#[from] FlushError),
}
