//! The errors: one enum per operation, and [`Error`], which holds any of them.

mod flush;
mod read;
mod stage;

use std::io;

pub use flush::{FlushError, RenewLockError};
pub use read::{OpenError, Position, ReadError, SectionError, VersionError};
pub use stage::StageError;

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

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Open(error) => error.into(),
            Error::Flush(error) => error.into(),
            Error::RenewLock(RenewLockError::Renew(error)) => error.into(),
            Error::Section(_) => Self::new(io::ErrorKind::InvalidData, error),
            Error::Stage(_) => Self::new(io::ErrorKind::InvalidInput, error),
            Error::Version(_) => Self::new(io::ErrorKind::Unsupported, error),
            Error::RenewLock(RenewLockError::OutsideUpdate) => Self::other(error),
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
