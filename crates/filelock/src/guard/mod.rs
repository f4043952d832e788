//! Holding a lock: [`LockGuard`], and what its holder can ask of it.

pub(crate) mod bound;
mod move_back;
pub(crate) mod release;
mod renamed;
pub(crate) mod renewing;

use std::path::Path;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::claim::Claim;
use crate::claim::slot::Slot;
use crate::clear::sweep::Sweep;
use crate::error::{NotHeld, RenewError, VerifyError};
use crate::guard::bound::Bond;
use crate::holder::Holder;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record;
use crate::sys;

/// A held lock. [`release`](Self::release) it, or drop it, to let the next one in.
///
/// A process that dies holding it releases it by dying. The kernel drops its OS lock; the next
/// waiter that looks proves that and replaces it.
#[derive(Debug)]
#[must_use = "dropping the guard releases the lock at once"]
pub struct LockGuard {
    /// `None` once the release has taken it.
    claim: Option<Box<Claim>>,
    names: Names,
    /// In a box: most guards have none, and each is passed on.
    takeover: Option<Box<Holder>>,
    state: State,
    options: LockOptions,
    /// The handle that it was acquired through, if any.
    home: Weak<Slot>,
    /// Whether the release is to leave the claim with the handle.
    parks: bool,
    /// Whether it had to be waited for. Then others may be waiting, too.
    waited: bool,
    /// What is to be swept once the lock is free.
    sweep: Option<Sweep>,
    /// Whether a sweep begins then if none is under way, and one is due.
    sweeps_if_due: bool,
    /// Whether a child may have a share of the OS lock.
    is_shared: AtomicBool,
    /// With the thread that acquired it, which does not wait for itself.
    bond: Option<Bond>,
}

/// How the lock was acquired, as far as the release is concerned.
#[derive(Default)]
pub(crate) struct Acquired {
    pub(crate) takeover: Option<Box<Holder>>,
    pub(crate) home: Weak<Slot>,
    pub(crate) parks: bool,
    pub(crate) waited: bool,
    pub(crate) sweep: Option<Sweep>,
    pub(crate) sweeps_if_due: bool,
}

/// How far a guard has got on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    /// Free to all the world, but the empty directory is still there.
    RecordGone,
    Done,
}

impl LockGuard {
    pub(crate) fn new(claim: Box<Claim>, names: Names, options: &LockOptions) -> Self {
        Self {
            claim: Some(claim),
            names,
            takeover: None,
            state: State::Held,
            // What the callback keeps is not to live as long as the guard.
            options: LockOptions { on_wait: None, ..options.clone() },
            home: Weak::new(),
            parks: false,
            waited: false,
            sweep: None,
            sweeps_if_due: false,
            is_shared: AtomicBool::new(false),
            bond: None,
        }
    }

    pub(crate) fn acquired(self, how: Acquired) -> Self {
        // By hand: a type that releases when it is dropped cannot be taken apart.
        let mut guard = self;
        guard.takeover = how.takeover;
        guard.home = how.home;
        guard.parks = how.parks;
        guard.waited = how.waited;
        guard.sweep = how.sweep;
        guard.sweeps_if_due = how.sweeps_if_due;
        guard
    }

    /// It was acquired in this thread.
    pub(crate) fn bind(&mut self) {
        let claim = self.claim();
        self.bond = Some(Bond::with_this_thread(&claim.record.token, claim.owner));
    }

    /// Lets the thread that acquired the lock wait for it again. It is for a guard that goes to
    /// another thread, and is not used there before the first thread acquires again.
    ///
    /// A thread that acquires a lock which it holds would wait for itself, and gets
    /// [`AcquireError::Deadlock`](crate::AcquireError::Deadlock) instead. A guard counts as that of
    /// the thread that acquired it until another thread verifies, renews, releases or drops it, or
    /// this is called. Guards of [`acquire_async`](crate::LockOptions::acquire_async) are no
    /// thread's.
    pub fn unbind(mut self) -> Self {
        self.bond = None;
        self
    }

    fn used(&self) {
        if let Some(bond) = &self.bond {
            bond.used();
        }
    }

    fn claim(&self) -> &Claim {
        self.claim.as_deref().expect("because only the release takes it")
    }

    fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Relaxed)
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
        &self.claim().record.token
    }

    /// Whether the kernel vouches for this holder as long as it lives. If not (a network file
    /// system, or one that this crate does not know), others go by the time of the last
    /// [`renew`](Self::renew).
    pub fn is_kernel_backed(&self) -> bool {
        self.claim().file.is_some() || self.claim().stream.is_some()
    }

    /// The previous holder, if this call found it dead or expired and replaced it. What the lock
    /// guards may then be half-written, as after a poisoned mutex.
    ///
    /// `None` does not prove the contrary: another waiter may have cleared the dead lock away
    /// just before this one got it. Data that must be whole should be written so that it always is.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("events.ndjson");
    /// let guard = filelock::acquire(&path)?;
    /// if let Some(dead) = guard.takeover() {
    ///     eprintln!("{dead} died while it held the lock: looking whether the file is whole");
    /// }
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn takeover(&self) -> Option<&Holder> {
        self.takeover.as_deref()
    }

    /// Shows that the lock is still ours: its name still stands for our directory, and the record
    /// inside is ours. Call it right before committing what the lock guards.
    ///
    /// While the kernel vouches for us and all others are of this crate, it cannot fail. A foreign
    /// peer judges by time alone, and takes a holder that did not renew for 30 s.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("state.json");
    /// let guard = filelock::acquire(&path)?;
    /// let new = path.with_extension("new");
    /// std::fs::write(&new, "{}")?; // this can take long
    /// guard.verify()?; // an error: another process may hold the lock, so do not commit
    /// std::fs::rename(&new, &path)?;
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotHeld::Lost`], [`NotHeld::ForeignProcess`] in a forked child, and
    /// [`VerifyError::Io`] when we could not look and therefore do not know.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.used();
        self.verify_all()
    }

    fn verify_all(&self) -> Result<(), VerifyError> {
        self.verify_process()?;
        self.verify_name()?;
        self.verify_record()
    }

    fn verify_process(&self) -> Result<(), VerifyError> {
        let owner = self.claim().owner;
        if owner.is_current() {
            return Ok(());
        }
        let (lock, owner) = (self.names.lock.clone(), owner.number);
        Err(NotHeld::ForeignProcess { lock, owner }.into())
    }

    fn verify_name(&self) -> Result<(), VerifyError> {
        match sys::lstat(&self.names.lock) {
            Ok(stat) if stat.id == self.claim().id => Ok(()),
            Ok(_) => Err(self.lost("another lock stands at its name")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(self.lost("it is no longer there"))
            }
            Err(source) => Err(self.failed_to("examine", source)),
        }
    }

    fn verify_record(&self) -> Result<(), VerifyError> {
        let found = self.claim().has_our_token();
        match found.map_err(|source| self.failed_to("read the record of", source))? {
            None => Err(self.lost("its record was removed or replaced")),
            Some(true) => Ok(()),
            Some(false) => Err(self.lost("its record is another's")),
        }
    }

    fn lost(&self, how: &'static str) -> VerifyError {
        NotHeld::Lost { lock: self.names.lock.clone(), how }.into()
    }

    /// Verifies, then sets the recorded time to now, for those who judge by time.
    ///
    /// Call it every 10 s if you hold a lock longer than a few seconds. Foreign peers take a holder
    /// for gone after 30 s, alive or not. This crate starts no thread to do it unasked;
    /// [`keep_renewed`](Self::keep_renewed) starts one.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("build.log");
    /// # let parts = ["a", "b"];
    /// let guard = filelock::acquire(&path)?;
    /// let mut renewed = std::time::Instant::now();
    /// for part in parts {
    ///     println!("building {part}"); // each part takes some seconds
    ///     if renewed.elapsed() > filelock::RENEW_EVERY {
    ///         guard.renew()?;
    ///         renewed = std::time::Instant::now();
    ///     }
    /// }
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RenewError::Verify`] with nothing written, or [`RenewError::Write`].
    pub fn renew(&self) -> Result<(), RenewError> {
        self.used();
        self.renew_as_owner()
    }

    /// As [`renew`](Self::renew), for the thread that acquired it.
    fn renew_as_owner(&self) -> Result<(), RenewError> {
        self.verify_all()?;
        self.claim().stamp(self.options.environment.now()).map_err(|source| RenewError::Write {
            path: self.names.lock.join(record::NAME),
            source,
        })
    }

    /// Lets child processes inherit a share of the OS lock, or not (the default). While any process
    /// has a share, the kernel vouches for the lock. If this process dies, the lock lives until the
    /// last child that inherited it ends, as with flock(1).
    ///
    /// Applies to every child that this process starts from now on. A child has no use for the
    /// descriptor but to keep it open. A [`Lock`](crate::Lock) does not use the claim again that
    /// was once shared.
    ///
    /// # Platform behavior
    ///
    /// On Windows there is no OS lock to share, and nothing happens.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_inherited(&self, inherited: bool) -> std::io::Result<()> {
        self.is_shared.fetch_or(inherited, Ordering::Relaxed);
        // Whoever has a share of the one has a share of the other: they are one sign of life.
        if let Some(own) = &self.claim().file {
            own.set_inherited(inherited)?;
        }
        self.claim().dir.set_inherited(inherited)
    }

    fn failed_to(&self, verb: &'static str, source: std::io::Error) -> VerifyError {
        VerifyError::Io { verb, path: self.names.lock.clone(), source }
    }
}
