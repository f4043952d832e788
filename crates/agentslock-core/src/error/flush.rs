//! Errors of a flush, of an update, and of the lock inside one.

use std::io;
use std::path::PathBuf;

use filelock::Holder;

use super::read::{OpenError, VersionError};

/// Why a flush or an update did not complete. Unless [`is_committed`](Self::is_committed) says
/// otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The file could not be locked or replaced; or another program was in the way.
    /// [`BeingReplaced`](lockedfile::Error::BeingReplaced): it was replacing the document when the
    /// wait ended. [`Removed`](lockedfile::Error::Removed): it removed the document that this
    /// handle had read. For a new one, open the document again.
    /// [`DirectoryGone`](lockedfile::Error::DirectoryGone): it moved the document's directory.
    #[error(transparent)]
    File(lockedfile::Error),
    /// The document is of a later format, or its version is not a whole number. Nothing of this
    /// project writes such a document.
    #[error(transparent)]
    Version(#[from] VersionError),
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

    /// Whether another process was in the way until the timeout: it held the lock, or was replacing
    /// the document. Trying again later can help.
    pub fn is_contention(&self) -> bool {
        let of_open = match self {
            Self::Open(OpenError::BeingReplaced(error)) => Some(error),
            _ => None,
        };
        self.file().or(of_open).is_some_and(lockedfile::Error::is_contention)
    }

    /// Who held the lock at the last look, if it was held until the wait ended. `None` for every
    /// other error, and if the lock changed hands at each look.
    pub fn contention(&self) -> Option<&Holder> {
        self.file().and_then(lockedfile::Error::contention)
    }

    /// Whether the lock was lost: another process removed it, or took this process for dead.
    /// Ask [`is_committed`](Self::is_committed) first: it can be lost after the write.
    pub fn is_lost(&self) -> bool {
        self.file().is_some_and(lockedfile::Error::is_lost)
    }

    /// Whether nothing was written, and the same call can succeed later: another process held or
    /// took the lock, or replaced, changed or removed the document.
    pub fn is_transient(&self) -> bool {
        self.is_contention() || self.file().is_some_and(lockedfile::Error::is_transient)
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
    /// There is no lock to renew: the handle is not the one that an update's closure gets.
    #[error("no lock to renew: this handle is not inside an update")]
    OutsideUpdate,
    /// The lock's own error.
    #[error(transparent)]
    Renew(#[from] filelock::RenewError),
}

impl From<FlushError> for io::Error {
    fn from(error: FlushError) -> Self {
        match error {
            FlushError::File(error) => error.into(),
            FlushError::Open(error) => error.into(),
            FlushError::InsideUpdate { .. } => Self::new(io::ErrorKind::Deadlock, error),
            FlushError::Version(_) | FlushError::NoFile => {
                Self::new(io::ErrorKind::Unsupported, error)
            }
        }
    }
}
