//! Releasing: compare-and-delete, as in clearing.
//!
//! ```text
//! verify              not ours any more: lost, touch nothing
//! fchmod              only if made in place: sticky, "was there with its record"
//! unlink holder       through our descriptor         dies here: a sticky directory without a
//!                                                    record, which anybody may remove at once
//! rmdir L             if it still is our directory   another has removed it, or taken the name: fine
//! close               the OS lock goes with it
//! ```

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::error::{NotHeld, VerifyError};
use crate::guard::{LockGuard, State};
use crate::record::{self, PUBLISHED};
use crate::sys;

/// Why a lock was not released ([`LockGuard::release`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It was not ours to release, and was left alone.
    #[error(transparent)]
    NotHeld(#[from] NotHeld),
    /// The operating system refused. The guard comes back: to try again, or to drop, after which
    /// the next waiter finds the lock dead and clears it.
    #[error("failed to {verb} `{}`", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The guard, which still holds the lock unless its record is gone.
        guard: Box<LockGuard>,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl LockGuard {
    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// [`NotHeld::Lost`] when the lock was no longer ours; nothing was touched.
    /// [`NotHeld::ForeignProcess`] in a forked child; the parent still holds the lock.
    /// [`ReleaseError::Io`] gives the guard back.
    pub fn release(mut self) -> Result<(), ReleaseError> {
        match release(&mut self) {
            Ok(()) => Ok(()),
            Err(failure) => Err(failure.with(self)),
        }
    }
}

impl Drop for LockGuard {
    /// Releases like [`release`](LockGuard::release), without a word about errors. In a forked
    /// child it only closes the descriptor.
    fn drop(&mut self) {
        let _ = release(self);
    }
}

/// Why a release failed, before it is known whether the guard goes back to the caller.
enum Failure {
    NotHeld(NotHeld),
    Io(&'static str, io::Error),
}

fn release(guard: &mut LockGuard) -> Result<(), Failure> {
    if guard.state == State::Held {
        let verified = guard.verify();
        if matches!(verified, Err(VerifyError::NotHeld(_))) {
            guard.state = State::Done;
        }
        verified?;
        if !guard.claim.is_published {
            // From now on it was there with its record, so that its absence means what it means
            // for a published lock: free, at once. On network file systems and FUSE a record that
            // a judge has open lives on under another name for a moment, and keeps the
            // directory from being removed; without this, others would wait for the grace.
            let _ = guard.claim.dir.set_mode(PUBLISHED);
        }
        match guard.claim.dir.unlink(record::NAME) {
            Ok(()) => guard.state = State::RecordGone,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                guard.state = State::Done;
                let lock = guard.names.lock.clone();
                return Err(Failure::NotHeld(NotHeld::Lost {
                    lock,
                    how: "its record was removed",
                }));
            }
            Err(error) => return Err(Failure::Io("remove the record of", error)),
        }
    }
    if guard.state == State::RecordGone {
        let lock = &guard.names.lock;
        // After an error we do not know. Whoever drops the guard, or releases once more, looks again.
        let is_ours =
            sys::is_at(lock, guard.claim.id).map_err(|error| Failure::Io("examine", error))?;
        if is_ours {
            match sys::rmdir_if(lock, guard.claim.id) {
                Ok(()) => {}
                // Not empty: a successor has the name, or a stranger's file is inside, which
                // whoever comes next is told of. Either way we hold nothing any more.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::NotFound
                            | ErrorKind::DirectoryNotEmpty
                            | ErrorKind::AlreadyExists
                            | ErrorKind::NotADirectory
                    ) => {}
                Err(error) => return Err(Failure::Io("remove", error)),
            }
        }
        guard.state = State::Done;
    }
    Ok(())
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::NotHeld(error) => Self::NotHeld(error),
            VerifyError::Io { verb, source, .. } => Self::Io(verb, source),
        }
    }
}

impl Failure {
    fn with(self, guard: LockGuard) -> ReleaseError {
        match self {
            Self::NotHeld(error) => error.into(),
            Self::Io(verb, source) => {
                let path = guard.names.lock.clone();
                ReleaseError::Io { verb, path, guard: Box::new(guard), source }
            }
        }
    }
}

impl From<ReleaseError> for io::Error {
    fn from(error: ReleaseError) -> Self {
        let kind = match &error {
            ReleaseError::NotHeld(error) => error.kind(),
            ReleaseError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}
