//! Acquiring in a thread: what is public, and the thread that pauses between the steps.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::acquisition::{Acquisition, Step};
use crate::claim::slot::Slot;
use crate::error::AcquireError;
use crate::guard::{LockGuard, bound};
use crate::holder::{Holder, Liveness};
use crate::judge::judge;
use crate::judge::occupant::Found;
use crate::names::Names;
use crate::options::{LockOptions, ON_WAIT_EVERY};
use crate::sys;

/// What a wait tells of, and what ends it.
type Callback<'a> = dyn FnMut(Duration, Option<&Holder>) -> ControlFlow<()> + 'a;

/// What a try came to that does not wait.
#[derive(Debug)]
#[must_use = "dropping a guard releases the lock at once"]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once, and a guard is no larger")]
pub enum TryAcquired {
    /// The lock is ours.
    Acquired(LockGuard),
    /// Another holder has it: this one, as far as it could be looked at. `None` if the lock changed
    /// hands at each look.
    Held(Option<Holder>),
}

impl TryAcquired {
    /// The guard, if the lock was acquired.
    pub fn acquired(self) -> Option<LockGuard> {
        match self {
            Self::Acquired(guard) => Some(guard),
            Self::Held(_) => None,
        }
    }

    /// Who has the lock, if another holder has it and could be looked at.
    pub fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Acquired(_) => None,
            Self::Held(holder) => holder.as_ref(),
        }
    }
}

/// Acquires the lock of `path` with the default options: waits up to 5 s.
///
/// # Errors
///
/// See [`LockOptions::acquire`].
pub fn acquire(path: impl AsRef<Path>) -> Result<LockGuard, AcquireError> {
    LockOptions::new().acquire(path)
}

/// Acquires the lock of `path` if that needs no waiting; else says who holds it.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("build.log");
/// use filelock::TryAcquired;
///
/// match filelock::try_acquire(&path)? {
///     TryAcquired::Acquired(guard) => guard.release()?,
///     other => eprintln!("held by {:?}", other.holder()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// See [`LockOptions::try_acquire`].
pub fn try_acquire(path: impl AsRef<Path>) -> Result<TryAcquired, AcquireError> {
    LockOptions::new().try_acquire(path)
}

/// Acquires the locks of several files with the default options: waits up to 5 s for all of them.
///
/// # Errors
///
/// See [`LockOptions::acquire_all`].
pub fn acquire_all<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
) -> Result<Vec<LockGuard>, AcquireError> {
    LockOptions::new().acquire_all(paths)
}

/// The lock of `path`: the directory beside it that exists while the lock is held. Touches nothing.
///
/// `path` is made absolute; `.` components and trailing separators are dropped; no link is
/// followed. Two paths with the same answer have one lock.
///
/// # Errors
///
/// [`AcquireError::UnusablePath`].
pub fn lock_path(path: impl AsRef<Path>) -> Result<PathBuf, AcquireError> {
    Ok(Names::of(path.as_ref())?.lock)
}

impl LockOptions {
    /// Acquires the lock of `path`, waiting up to the timeout.
    ///
    /// `path` itself is neither opened nor created; missing parent directories are created. Threads
    /// and tasks of one process that wait for one lock get it in the order in which they came.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Timeout`] and [`AcquireError::GaveUp`] if it stayed held;
    /// [`AcquireError::Deadlock`] if this thread holds the lock itself. [`AcquireError::Denied`] if
    /// the directory cannot be written to, and the other variants as they say. After an error the
    /// lock is not held and nothing is left on disk. Exception: if making a lock in place took more
    /// than 2 s, an empty directory can remain. The next waiter removes it.
    pub fn acquire(&self, path: impl AsRef<Path>) -> Result<LockGuard, AcquireError> {
        self.check()?;
        acquire_from(&Names::of(path.as_ref())?, self, None, &mut |_, _| ControlFlow::Continue(()))
    }

    /// As [`acquire`](Self::acquire), and calls `callback` while it waits: at once, then every 50
    /// ms. It gets the time waited so far and the holder as last seen. `Break` ends the wait with
    /// [`AcquireError::GaveUp`].
    ///
    /// The callback runs in this thread: what it takes, the wait takes longer. It is not called if
    /// there is nothing to wait for.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// # let directory = tempfile::tempdir()?;
    /// # let log = directory.path().join("events.ndjson");
    /// let mut told = false;
    /// let guard = filelock::LockOptions::new().acquire_with(&log, |waited, holder| {
    ///     if waited > Duration::from_secs(1) && !told {
    ///         told = true;
    ///         match holder {
    ///             Some(holder) => eprintln!("waiting for {holder}"),
    ///             None => eprintln!("waiting"),
    ///         }
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_with<F>(
        &self,
        path: impl AsRef<Path>,
        mut callback: F,
    ) -> Result<LockGuard, AcquireError>
    where
        F: FnMut(Duration, Option<&Holder>) -> ControlFlow<()>,
    {
        self.check()?;
        acquire_from(&Names::of(path.as_ref())?, self, None, &mut callback)
    }

    /// Acquires the locks of several files, or none of them. Waits up to the timeout for all
    /// together.
    ///
    /// The locks are taken in the order of their absolute names, each once. So two programs that
    /// want the same files never wait for each other. (Two names of one file are two locks.) The
    /// guards are in that order.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let (from, to) = (directory.path().join("from.json"), directory.path().join("to.json"));
    /// let guards = filelock::acquire_all([&from, &to])?;
    /// // … change both …
    /// for guard in guards {
    ///     guard.release()?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), of the first lock that could not be had. Those that were
    /// acquired by then are released again.
    pub fn acquire_all<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Vec<LockGuard>, AcquireError> {
        self.check()?;
        let names = Names::of_all(paths)?;
        let deadline = self.until(Instant::now());
        let options = Self { deadline, ..self.clone() };
        let acquire = |names: &Names| {
            acquire_from(names, &options, None, &mut |_, _| ControlFlow::Continue(()))
        };
        names.iter().map(acquire).collect()
    }

    /// Acquires the lock of `path` if it is free or its holder is gone; else says who holds it.
    /// Never waits.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), without those that tell of waiting.
    pub fn try_acquire(&self, path: impl AsRef<Path>) -> Result<TryAcquired, AcquireError> {
        self.check()?;
        try_acquire_from(&Names::of(path.as_ref())?, self, None)
    }
}

/// Looks before it prepares anything: most tries that fail end there.
pub(crate) fn try_acquire_from(
    names: &Names,
    options: &LockOptions,
    slot: Option<&Arc<Slot>>,
) -> Result<TryAcquired, AcquireError> {
    // A directory that does not exist is made by the acquisition.
    let is_local = sys::file_system_is_local(&names.parent).unwrap_or(false);
    let asks_kernel = options.environment.asks_kernel(is_local);
    if asks_kernel && let Found::Occupied(occupant) = judge(names, options, asks_kernel) {
        let holder = occupant.holder(&options.environment);
        if *holder.liveness() == Liveness::Running {
            return Ok(TryAcquired::Held(Some(holder)));
        }
    }
    let once =
        LockOptions { timeout: Duration::ZERO, deadline: None, on_wait: None, ..options.clone() };
    match acquire_from(names, &once, slot, &mut |_, _| ControlFlow::Continue(())) {
        Ok(guard) => Ok(TryAcquired::Acquired(guard)),
        Err(error) if error.is_contention() => Ok(TryAcquired::Held(error.into_holder())),
        Err(error) => Err(error),
    }
}

/// Acquires in this thread, with what the handle of `slot` has parked, if anything.
pub(crate) fn acquire_from(
    names: &Names,
    options: &LockOptions,
    slot: Option<&Arc<Slot>>,
    callback: &mut Callback<'_>,
) -> Result<LockGuard, AcquireError> {
    let mut acquisition = Acquisition::new(names, options, slot);
    let mut called = None;
    loop {
        let pause = match acquisition.step()? {
            Step::Acquired(mut guard) => {
                guard.bind();
                return Ok(guard);
            }
            Step::Pause(pause) => pause,
        };
        let shared = acquisition.turn().holder();
        let holder = acquisition.holder().or(shared.as_ref());
        if holder.and_then(Holder::token).is_some_and(bound::is_held_here) {
            return Err(acquisition.deadlock());
        }
        if called.is_none_or(|at: Instant| at.elapsed() >= ON_WAIT_EVERY) {
            called = Some(Instant::now());
            if options.tell(acquisition.waited(), holder).is_break()
                || callback(acquisition.waited(), holder).is_break()
            {
                return Err(acquisition.gave_up(holder));
            }
            acquisition.callback_ran();
        }
        acquisition.turn().sleep(pause.min(ON_WAIT_EVERY));
    }
}
