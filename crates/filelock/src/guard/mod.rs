//! Holding a lock: [`LockGuard`], and what its holder can ask of it.

pub(crate) mod release;

use std::path::Path;

use crate::claim::Claim;
use crate::environment::Environment;
use crate::error::{NotHeld, RenewError, VerifyError};
use crate::holder::Holder;
use crate::names::Names;
use crate::record;
use crate::sys;

/// A held lock. [`release`](Self::release) it, or drop it, to let the next one in.
///
/// A process that dies holding it releases it by dying: the kernel drops its OS lock, and the
/// next one to look proves that and replaces it.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock at once"]
pub struct LockGuard {
    pub(crate) claim: Claim,
    pub(crate) names: Names,
    /// The process that acquired it. A forked child has the guard too, but not the right to use it.
    pub(crate) owner: u32,
    pub(crate) takeover: Option<Holder>,
    pub(crate) state: State,
    environment: Environment,
}

/// How far a guard has got on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Held,
    /// Free to all the world, but the empty directory is still there.
    RecordGone,
    Done,
}

impl LockGuard {
    pub(crate) fn new(claim: Claim, names: Names, environment: Environment) -> Self {
        let owner = claim.record.pid;
        Self { claim, names, owner, takeover: None, state: State::Held, environment }
    }

    /// The file that this lock protects: absolute, as named when it was acquired.
    pub fn path(&self) -> &Path {
        &self.names.target
    }

    /// The lock itself, a directory beside the file.
    pub fn lock_path(&self) -> &Path {
        &self.names.lock
    }

    /// What tells this acquisition from all others, as it stands in the record.
    pub fn token(&self) -> &str {
        &self.claim.record.token
    }

    /// Whether the kernel vouches for this holder as long as it lives. If not (a network file
    /// system, or one that this crate does not know), others go by the time of the last
    /// [`renew`](Self::renew).
    pub fn is_kernel_backed(&self) -> bool {
        self.claim.file.is_some()
    }

    /// The previous holder, if this call found it dead or expired and replaced it. What the lock
    /// guards may then be half-written, as after a poisoned mutex.
    ///
    /// `None` does not prove the contrary: another waiter may have cleared the dead lock away
    /// just before this one got it. Data that must be whole should be written so that it always is.
    pub fn takeover(&self) -> Option<&Holder> {
        self.takeover.as_ref()
    }

    /// Shows that the lock is still ours: its name still stands for our directory, and the record
    /// inside is ours. Call it right before committing what the lock guards.
    ///
    /// While the kernel vouches for us and all others are of this crate, it cannot fail. A foreign
    /// peer judges by time alone, and takes a holder that did not renew for 30 s.
    ///
    /// # Errors
    ///
    /// [`NotHeld::Lost`], [`NotHeld::ForeignProcess`] in a forked child, and
    /// [`VerifyError::Io`] when we could not look and therefore do not know.
    pub fn verify(&self) -> Result<(), VerifyError> {
        if self.owner != std::process::id() {
            let (lock, owner) = (self.names.lock.clone(), self.owner);
            return Err(NotHeld::ForeignProcess { lock, owner }.into());
        }
        let lost = |how| Err(NotHeld::Lost { lock: self.names.lock.clone(), how }.into());
        match sys::lstat(&self.names.lock) {
            Ok(stat) if stat.id == self.claim.id => {}
            Ok(_) => return lost("another lock stands at its name"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return lost("it is no longer there");
            }
            Err(source) => return Err(self.failed_to("examine", source)),
        }
        match self
            .claim
            .read_back()
            .map_err(|source| self.failed_to("read the record of", source))?
        {
            None => lost("its record was removed or replaced"),
            Some(record) if record.token == self.claim.record.token => Ok(()),
            Some(_) => lost("its record is another's"),
        }
    }

    /// Verifies, then sets the recorded time to now, for those who judge by time.
    ///
    /// Whoever may hold a lock longer than a few seconds calls it every 10 s: foreign peers take a
    /// holder for gone after 30 s, alive or not. This crate starts no thread to do it.
    ///
    /// # Errors
    ///
    /// [`RenewError::Verify`] with nothing written, or [`RenewError::Write`].
    pub fn renew(&self) -> Result<(), RenewError> {
        self.verify()?;
        self.claim.stamp(self.environment.now()).map_err(|source| RenewError::Write {
            path: self.names.lock.join(record::NAME),
            source,
        })
    }

    /// Lets child processes inherit a share of the OS lock, or not (the default). While any
    /// process has a share, the kernel vouches for the lock: if this process dies, the lock lives
    /// until the last child that inherited it ends, as with flock(1).
    ///
    /// Applies to every child that this process starts from now on. A child has no use for
    /// the descriptor but to keep it open.
    ///
    /// # Platform behavior
    ///
    /// On Windows there is no OS lock to share, and nothing happens.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_inherited(&self, inherited: bool) -> std::io::Result<()> {
        self.claim.dir.set_inherited(inherited)
    }

    fn failed_to(&self, verb: &'static str, source: std::io::Error) -> VerifyError {
        VerifyError::Io { verb, path: self.names.lock.clone(), source }
    }
}
