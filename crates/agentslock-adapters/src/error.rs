//! The errors: one enum per operation.

use std::path::PathBuf;

use agentslock_core::{FieldError, FlushError, OpenError, SectionError, StageError};

/// Why the adapters were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadAdaptersError {
    /// The document cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The section is not an object, say.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// An adapter is not an object.
    #[error("`{}`: section \"adapters\", entry {adapter:?} is not an object", path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// The adapter.
        adapter: String,
        /// What it is.
        source: serde_json::Error,
    },
    /// A field of an adapter is not as expected.
    #[error("`{}`: section \"adapters\", entry {adapter:?} is not as expected", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The adapter.
        adapter: String,
        /// Which field, and why.
        source: FieldError,
    },
}

/// Why an adapter was not changed. Unless [`FlushError`] says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeAdapterError {
    /// The section as it is cannot be read.
    #[error(transparent)]
    Read(#[from] ReadAdaptersError),
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
    /// The adapter is not in the document. Activate it first.
    #[error("`{}`: the adapter {adapter:?} is not active", path.display())]
    NotActive {
        /// The file.
        path: PathBuf,
        /// The adapter.
        adapter: String,
    },
    /// A name is empty, or contains `/`, which stands between adapter and view in reports.
    #[error("{name:?} cannot name {what}: it is empty or contains `/`")]
    UnusableName {
        /// The name.
        name: String,
        /// "an adapter" or "a view".
        what: &'static str,
    },
    /// The section cannot be staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The document cannot be locked, read or written.
    #[error(transparent)]
    Flush(#[from] FlushError),
}

impl From<SectionError> for ChangeAdapterError {
    fn from(error: SectionError) -> Self {
        ReadAdaptersError::from(error).into()
    }
}
