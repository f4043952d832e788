//! Releasing: compare-and-delete, as in clearing.
//!
//! ```text
//! verify              not ours any more: lost, touch nothing of others
//! fchmod              only if made in place: sticky, "was there with its record"
//! unlink holder       through our descriptor         dies here: a sticky directory without a
//!                                                    record, which anybody removes 50 ms later
//! rmdir L             if it still is our directory   another has removed it, or taken the name: fine
//! close               the OS lock goes with it
//! sched_yield         if the lock had to be waited for: others may be waiting, too
//! ```
//!
//! Between the last two steps on the disk a waiter sees an empty directory of ours. If it removed
//! that by its name as well, the second removal could hit a directory that a foreign claimant made
//! between the two. So a waiter leaves it to its owner for 50 ms. An owner that is not able to
//! remove it gives its `flock` up.
//!
//! A handle's lock is moved instead of being taken apart: see `move_back.rs`. If the directory that
//! the lock lies in was renamed: `renamed.rs`.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Weak;

use crate::clear::sweep::Sweep;
use crate::error::{NotHeld, VerifyError, harmless};
use crate::guard::move_back::Moved;
use crate::guard::{LockGuard, State};
use crate::record::{self, PUBLISHED};
use crate::sys;
use crate::wait::line;

/// Why a lock was not released ([`LockGuard::release`]).
#[derive(Debug)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It was not ours to release, and was left alone.
    NotHeld(NotHeld),
    /// The operating system refused. The guard comes back: to try again, or to drop, after which
    /// the next waiter finds the lock dead and clears it. If the clock alone speaks for the lock,
    /// its record may say by now that it expired. Others can then take it at once.
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

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotHeld(error) => error.fmt(f),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

impl Error for ReleaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotHeld(error) => error.source(),
            Self::Io { source, .. } => Some(source),
        }
    }
}

impl From<NotHeld> for ReleaseError {
    fn from(error: NotHeld) -> Self {
        Self::NotHeld(error)
    }
}

impl LockGuard {
    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// [`NotHeld::Lost`] when the lock was no longer ours; nothing of others was touched. If the
    /// directory that it lies in was renamed, it is lost, too, and was removed from there.
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
    if guard.state == State::Done {
        return Ok(());
    }
    let outcome = give_up(guard);
    if guard.state == State::Done {
        guard.after_release();
    }
    outcome
}

fn give_up(guard: &mut LockGuard) -> Result<(), Failure> {
    // Whether somebody's file is at the private name that the lock was to be moved to.
    let mut barred = false;
    if guard.state == State::Held {
        let moves = guard.may_move();
        let verified = if moves { guard.verify_name_last() } else { guard.verify() };
        match verified {
            Err(VerifyError::NotHeld(NotHeld::Lost { .. })) => {
                guard.state = State::Done;
                guard.remove_bar();
                guard.remove_renamed();
            }
            Err(VerifyError::NotHeld(_)) => {
                guard.state = State::Done;
                guard.disown();
            }
            _ => {}
        }
        verified?;
        if moves {
            match guard.move_back() {
                Moved::Released => {
                    guard.state = State::Done;
                    return Ok(());
                }
                Moved::Lost(how) => {
                    guard.state = State::Done;
                    return Err(guard.lost(how).into());
                }
                Moved::Refused(error) => barred = error.kind() == ErrorKind::AlreadyExists,
            }
        }
        remove_record(guard)?;
    }
    if guard.state == State::RecordGone {
        remove_directory(guard)?;
        guard.state = State::Done;
    }
    if barred {
        guard.remove_bar();
    }
    Ok(())
}

fn remove_record(guard: &mut LockGuard) -> Result<(), Failure> {
    if guard.claim().private.is_none() {
        // From now on it was there with its record, so that its absence means what it means for a
        // published lock: free, at once. On network file systems and FUSE a record that a judge has
        // open lives on under another name for a moment. It keeps the directory from being removed.
        // Without this, others would wait for the grace.
        let _ = guard.claim().dir.set_mode(PUBLISHED);
    }
    match guard.claim().dir.unlink(record::NAME) {
        Ok(()) => {
            guard.state = State::RecordGone;
            if let Some(claim) = &mut guard.claim {
                // Before Windows 10 the record's name stays until this is closed.
                claim.stream = None;
            }
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            guard.state = State::Done;
            guard.remove_bar();
            Err(guard.lost("its record was removed").into())
        }
        Err(error) => {
            if !guard.is_kernel_backed() {
                // Else others would wait until it expires. A process that keeps a file from being
                // removed (a scanner, on Windows) seldom keeps it from being written.
                let _ = guard.claim().expire();
            }
            Err(Failure::Io("remove the record of", error))
        }
    }
}

fn remove_directory(guard: &LockGuard) -> Result<(), Failure> {
    let (lock, id) = (&guard.names.lock, guard.claim().id);
    // After an error we do not know. Whoever drops the guard, or releases once more, looks again.
    if !sys::is_at(lock, id).map_err(|error| Failure::Io("examine", error))? {
        guard.remove_emptied_renamed();
        return Ok(());
    }
    match sys::rmdir_if(lock, id) {
        Ok(()) => Ok(()),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => {
                guard.remove_emptied_renamed();
                Ok(())
            }
            // Not empty: a successor has the name, or a stranger's file is inside, which
            // whoever comes next is told of. Either way we hold nothing any more.
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                Ok(())
            }
            _ => {
                // Waiters leave it to its owner while that lives, for a moment. We cannot remove
                // it.
                guard.claim().dir.unlock();
                Err(Failure::Io("remove", error))
            }
        },
    }
}

impl LockGuard {
    /// The record first: the rename is to follow the look at the name at once.
    fn verify_name_last(&self) -> Result<(), VerifyError> {
        self.verify_process()?;
        self.verify_record()?;
        self.verify_name()
    }

    /// Removes the file that a person who broke this lock left at its private name. Not a
    /// directory, and no other process moves anything there.
    fn remove_bar(&self) {
        if let Some(claim) = &self.claim
            && claim.record.private.is_some()
            && claim.owner.is_current()
            && let Some(private) = &claim.private
        {
            let _ = sys::unlink(private);
        }
    }

    /// It is the parent's: nothing but to close the descriptors.
    fn disown(&mut self) {
        (self.waited, self.sweep, self.home) = (false, None, Weak::new());
        self.sweeps_if_due = false;
    }

    /// The lock is free, or lost, or another process's.
    fn after_release(&mut self) {
        // Its directory and OS lock go before anything else takes time.
        let closed = self.claim.take();
        drop(closed);
        self.bond = None;
        line::released(&self.names.lock);
        if self.waited {
            // Whoever waits on this processor gets it before we take the lock again.
            std::thread::yield_now();
        }
        let home = self.home.upgrade();
        if let Some(home) = &home {
            home.released();
        }
        // A handle knows by itself when one is due.
        if self.sweep.is_none() && self.sweeps_if_due && home.is_none() {
            self.sweep = Sweep::if_due(&self.names, &self.options);
        }
        if let Some(sweep) = self.sweep.take()
            && let Some(left) = sweep.after_release(&self.names, &self.options)
            && let Some(home) = home
        {
            home.keep_sweep(left);
        }
    }
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

/// What is left of a failed release once its guard is gone.
#[derive(Debug)]
struct Unreleased {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl fmt::Display for Unreleased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {} `{}`", self.verb, self.path.display())
    }
}

impl Error for Unreleased {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl From<ReleaseError> for io::Error {
    /// Drops the guard, which tries once more: whoever keeps the error does not keep the lock.
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NotHeld(error) => Self::new(error.kind(), error),
            ReleaseError::Io { verb, path, guard, source } => {
                drop(guard);
                Self::new(harmless(&source), Unreleased { verb, path, source })
            }
        }
    }
}
