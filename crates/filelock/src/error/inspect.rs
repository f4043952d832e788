//! Why a lock was not looked at, or not broken.

use std::io;
use std::path::PathBuf;

use super::acquire::AcquireError;
use crate::holder::Holder;

/// Why a lock could not be looked at.
#[derive(Debug)]
#[non_exhaustive]
pub enum InspectError {
    /// What stands at the lock's name is no lock.
    NotALock {
        /// The name.
        lock: PathBuf,
        /// What was found: "a symbolic link", "a FIFO", …
        kind: &'static str,
    },
    /// The path or the options cannot be used, or the directory cannot be examined.
    Unusable(AcquireError),
}

/// Why a lock was not broken.
#[derive(Debug)]
#[non_exhaustive]
pub enum BreakError {
    /// There is no lock to break.
    Free {
        /// The lock.
        lock: PathBuf,
    },
    /// The lock is not held as the id says: it has changed hands. Look again.
    Changed {
        /// The lock.
        lock: PathBuf,
    },
    /// The lock could not be looked at.
    Inspect(InspectError),
    /// The lock could not be opened: it belongs to another user, and its holder runs, for all that
    /// is known. Only that user, or root, can break it.
    Unreadable {
        /// The lock.
        lock: PathBuf,
        /// What is known of its holder.
        holder: Box<Holder>,
    },
    /// The lock could not be removed, or not as a whole.
    Clear {
        /// The lock.
        lock: PathBuf,
        /// Why.
        source: AcquireError,
    },
}

impl From<InspectError> for io::Error {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Unusable(error) => error.into(),
            InspectError::NotALock { .. } => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

impl From<BreakError> for io::Error {
    fn from(error: BreakError) -> Self {
        match error {
            BreakError::Inspect(error) => error.into(),
            BreakError::Unreadable { .. } => Self::new(io::ErrorKind::PermissionDenied, error),
            BreakError::Free { .. } | BreakError::Changed { .. } | BreakError::Clear { .. } => {
                Self::other(error)
            }
        }
    }
}
