//! Why a held lock could not be verified or renewed.

use std::io;
use std::path::PathBuf;

use super::harmless;

/// Why the caller does not hold the lock of a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotHeld {
    /// The lock is no longer ours: another process judged us gone and replaced us, or removed it.
    /// Another process may hold it now. What it guards must not be written any more.
    Lost {
        /// The lock that was ours.
        lock: PathBuf,
        /// How that shows.
        how: &'static str,
    },
    /// The guard was made by another process, of which this one is a forked child. The parent
    /// still holds the lock; dropping the guard in the child releases nothing.
    ForeignProcess {
        /// The lock.
        lock: PathBuf,
        /// The id of the process that acquired it.
        owner: u32,
    },
}

/// Why a lock could not be shown to be still ours
/// ([`LockGuard::verify`](crate::LockGuard::verify)).
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// We do not hold it.
    NotHeld(NotHeld),
    /// The operating system did not let us look. Whether we still hold the lock is not known.
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// Why a lock was not renewed ([`LockGuard::renew`](crate::LockGuard::renew)).
#[derive(Debug)]
#[non_exhaustive]
pub enum RenewError {
    /// The lock could not be shown to be ours; nothing was written.
    Verify(VerifyError),
    /// The lock is ours, but its stamp could not be overwritten. It still shows an old time, or a
    /// mixture of the old and the new one.
    Write {
        /// The record.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl VerifyError {
    /// Whether another process can hold the lock by now: what it guards must not be written.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::NotHeld(NotHeld::Lost { .. }))
    }
}

impl RenewError {
    /// Whether another process can hold the lock by now: what it guards must not be written.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Verify(error) if error.is_lost())
    }
}

impl NotHeld {
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            // Not `NotFound`: a program that reads, changes and writes would begin with an empty
            // file.
            Self::Lost { .. } => io::ErrorKind::Other,
            Self::ForeignProcess { .. } => io::ErrorKind::PermissionDenied,
        }
    }
}

impl From<VerifyError> for io::Error {
    fn from(error: VerifyError) -> Self {
        let kind = match &error {
            VerifyError::NotHeld(error) => error.kind(),
            VerifyError::Io { source, .. } => harmless(source),
        };
        Self::new(kind, error)
    }
}

impl From<RenewError> for io::Error {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::Verify(error) => error.into(),
            RenewError::Write { ref source, .. } => Self::new(harmless(source), error),
        }
    }
}
