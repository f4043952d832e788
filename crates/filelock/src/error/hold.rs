//! Why a held lock could not be verified or renewed.

use std::io;
use std::path::PathBuf;

/// Why a lock could not be shown to be still ours ([`LockGuard::verify`](crate::LockGuard::verify)).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The lock is no longer ours: somebody judged us gone and replaced us, or removed it by hand.
    /// What it guards must not be written any more.
    #[error(
        "the lock `{}` is lost: {how}; do not write what it guards, acquire it anew",
        lock.display()
    )]
    Lost {
        /// The lock that was ours.
        lock: PathBuf,
        /// How that shows.
        how: &'static str,
    },
    /// The guard was made by another process, of which this one is a forked child.
    #[error(
        "the lock `{}` was acquired by process {owner}, of which this is a child; only that process \
         can use the guard",
        lock.display()
    )]
    ForeignProcess {
        /// The lock.
        lock: PathBuf,
        /// The id of the process that acquired it.
        owner: u32,
    },
    /// The operating system did not let us look. Whether we still hold the lock is not known.
    #[error("failed to {verb} `{}`", path.display())]
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
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenewError {
    /// The lock could not be shown to be ours; nothing was written.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The lock is ours, but its stamp could not be overwritten: it still shows an old time, or
    /// a mixture of the old and the new one.
    #[error("failed to overwrite the time in `{}`", path.display())]
    Write {
        /// The record.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl From<VerifyError> for io::Error {
    fn from(error: VerifyError) -> Self {
        let kind = match &error {
            VerifyError::Lost { .. } => io::ErrorKind::NotFound,
            VerifyError::ForeignProcess { .. } => io::ErrorKind::PermissionDenied,
            VerifyError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}

impl From<RenewError> for io::Error {
    fn from(error: RenewError) -> Self {
        match error {
            RenewError::Verify(error) => error.into(),
            RenewError::Write { ref source, .. } => Self::new(source.kind(), error),
        }
    }
}
