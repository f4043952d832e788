//! The errors: one enum per operation.

use std::path::PathBuf;

use agentslock_core::{FieldError, FlushError, OpenError, SectionError, StageError};

use crate::reference::Reference;
use crate::unit::Kind;

/// Why a unit was not added to a pass.
#[derive(Debug, thiserror::Error)]
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
    /// The pass has a unit of this reference already.
    #[error("the unit `{reference}` was added a second time")]
    Twice {
        /// The unit's reference.
        reference: Reference,
    },
}

/// Why the units were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadUnitsError {
    /// The document cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The section is not an object, say.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// An entry is not an object.
    #[error("`{}`: section {section:?}, entry {entry:?} is not an object", path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// The section.
        section: &'static str,
        /// The entry's key.
        entry: String,
        /// What it is.
        source: serde_json::Error,
    },
    /// A field of an entry is not as expected.
    #[error("`{}`: section {section:?}, entry {entry:?} is not as expected", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The section.
        section: &'static str,
        /// The entry's key.
        entry: String,
        /// Which field, and why.
        source: FieldError,
    },
}

/// Why a pass was not written. Unless [`FlushError`] says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteUnitsError {
    /// The units that are there cannot be read, so that it is not known which to keep.
    #[error(transparent)]
    Read(#[from] ReadUnitsError),
    /// The document is of a format that this crate does not know.
    #[error(
        "`{}` has format version {found}; this program writes version {supported} only: update it",
        path.display(), supported = agentslock_core::LOCK_VERSION
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u64,
    },
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
    /// The units cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written.
    #[error(transparent)]
    Flush(#[from] FlushError),
}

impl From<SectionError> for WriteUnitsError {
    fn from(error: SectionError) -> Self {
        ReadUnitsError::from(error).into()
    }
}
