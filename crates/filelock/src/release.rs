//! Releasing: compare-and-delete, as in reclaiming.
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

use crate::error::{ReleaseError, VerifyError};
use crate::guard::LockGuard;
use crate::record::{self, PUBLISHED};
use crate::sys;

/// How far a guard has got on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Held,
    /// Free to all the world, but the empty directory is still there.
    RecordGone,
    Done,
}

/// Why a release failed, before it is known whether the guard goes back to the caller.
pub(crate) enum Failure {
    Lost(&'static str),
    ForeignProcess,
    Io(&'static str, io::Error),
}

pub(crate) fn release(guard: &mut LockGuard) -> Result<(), Failure> {
    if guard.state == State::Held {
        let verified = guard.verify();
        if matches!(verified, Err(VerifyError::Lost { .. } | VerifyError::ForeignProcess { .. })) {
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
                return Err(Failure::Lost("its record was removed"));
            }
            Err(error) => return Err(Failure::Io("remove the record of", error)),
        }
    }
    if guard.state == State::RecordGone {
        let lock = &guard.names.lock;
        let is_ours = match sys::look(lock) {
            Ok(found) => found.id == guard.claim.id,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            // We do not know. Whoever drops the guard, or releases once more, looks again.
            Err(error) => return Err(Failure::Io("examine", error)),
        };
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
            VerifyError::Lost { how, .. } => Self::Lost(how),
            VerifyError::ForeignProcess { .. } => Self::ForeignProcess,
            VerifyError::Io { verb, source, .. } => Self::Io(verb, source),
        }
    }
}

impl Failure {
    pub(crate) fn with(self, guard: LockGuard) -> ReleaseError {
        let lock = guard.names.lock.clone();
        match self {
            Self::Lost(how) => ReleaseError::Lost { lock, how },
            Self::ForeignProcess => ReleaseError::ForeignProcess { lock, owner: guard.owner },
            Self::Io(verb, source) => {
                ReleaseError::Io { verb, path: lock, guard: Box::new(guard), source }
            }
        }
    }
}
