//! A lock that is taken again and again.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::acquire::{TryAcquired, acquire_from, try_acquire_from};
use crate::claim::slot::Slot;
use crate::error::AcquireError;
use crate::guard::LockGuard;
use crate::names::Names;
use crate::options::LockOptions;

/// The lock of one path, for a program that takes it often.
///
/// It excludes the same holders as [`acquire`](crate::acquire()), in the same way. If the system
/// can rename without replacing (Linux, macOS), it is several times faster from the second
/// acquisition on. The lock is moved to its name and back, instead of being made and removed.
///
/// An acquisition that begins within a second after the handle's last release is one of a row. Its
/// release leaves the lock's directory, with its OS lock, at a private name `….lock.prep-…` beside
/// the file. The next acquisition takes it from there. If that begins later than a second after,
/// its release removes it. Dropping the handle removes it, too. So a program that locks once an
/// hour leaves nothing beside the file. A process that ends without dropping its handle (by a
/// signal, [`std::process::exit`]) can leave that directory. It blocks nobody; the first
/// acquisition of the next handle removes it.
///
/// Threads and tasks can share a handle, or clones of it, which are one. Each acquisition has its
/// own guard; while one of them holds the lock, the others wait.
///
/// # Forked children
///
/// A child that was forked without `exec` can use its copy of the handle. It prepares a lock of its
/// own, and leaves its parent's alone. But it has a share of the OS lock of what its parent's
/// handle had open at the fork. If the parent dies while it holds the lock, the lock counts as held
/// until that child ends, or drops its copy. Make handles after the fork. Programs that are started
/// with [`std::process::Command`] have no such share.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let log = directory.path().join("events.ndjson");
/// let lock = filelock::Lock::new(&log)?;
/// for _ in 0..3 {
///     let guard = lock.acquire()?;
///     // … write …
///     guard.release()?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lock {
    pub(crate) names: Names,
    pub(crate) options: LockOptions,
    pub(crate) slot: Arc<Slot>,
}

impl Lock {
    /// The lock of `path`, with the default options. Touches nothing.
    ///
    /// # Errors
    ///
    /// [`AcquireError::UnusablePath`].
    pub fn new(path: impl AsRef<Path>) -> Result<Self, AcquireError> {
        LockOptions::new().lock(path)
    }

    /// The file that this lock protects: absolute, as named when the handle was made.
    pub fn path(&self) -> &Path {
        &self.names.target
    }

    /// Acquires the lock, waiting up to the options' timeout.
    ///
    /// # Errors
    ///
    /// See [`LockOptions::acquire`].
    pub fn acquire(&self) -> Result<LockGuard, AcquireError> {
        acquire_from(&self.names, &self.options, Some(&self.slot), &mut |_, _| {
            ControlFlow::Continue(())
        })
    }

    /// Acquires the lock if it is free or its holder is gone; else says who holds it. Never
    /// waits.
    ///
    /// # Errors
    ///
    /// See [`LockOptions::try_acquire`].
    pub fn try_acquire(&self) -> Result<TryAcquired, AcquireError> {
        try_acquire_from(&self.names, &self.options, Some(&self.slot))
    }
}

impl LockOptions {
    /// The lock of `path`, to be taken again and again with these options. Touches nothing.
    ///
    /// A program that changes its root makes its handles before that, with the names that hold
    /// afterwards. Then its locks name the running boot, even if there is no `/proc` any more.
    /// Without that name others wait 30 s for it if it dies.
    ///
    /// # Errors
    ///
    /// [`AcquireError::UnusablePath`] and [`AcquireError::UnusableOption`].
    pub fn lock(&self, path: impl AsRef<Path>) -> Result<Lock, AcquireError> {
        self.check()?;
        let names = Names::of(path.as_ref())?;
        // Remembered for later.
        let _ = self.environment.kernel_id();
        Ok(Lock { names, options: self.clone(), slot: Arc::default() })
    }
}
