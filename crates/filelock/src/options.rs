//! What a caller can choose: how long to wait, when a silent holder counts as gone, what to do
//! meanwhile.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::acquire::acquire_with;
use crate::environment::Environment;
use crate::error::AcquireError;
use crate::guard::LockGuard;
use crate::holder::Holder;

type OnWait = dyn Fn(Duration, Option<&Holder>) -> ControlFlow<()> + Send + Sync;

/// How long a lock without a record may be a claim in the making: what the Go generations use.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How a lock is acquired. A by-value builder; [`acquire()`](crate::acquire()) uses the defaults.
///
/// ```
/// use std::time::Duration;
/// # let directory = tempfile::tempdir()?;
/// # let log = directory.path().join("events.ndjson");
/// let guard = filelock::LockOptions::new()
///     .timeout(Duration::from_secs(30))
///     .acquire(&log)?;
/// // … write …
/// guard.release()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until `acquire` or `try_acquire` is called"]
pub struct LockOptions {
    pub(crate) timeout: Duration,
    pub(crate) ttl: Duration,
    pub(crate) grace: Duration,
    pub(crate) on_wait: Option<Arc<OnWait>>,
    pub(crate) environment: Environment,
}

impl LockOptions {
    /// The defaults: wait up to 5 s; a holder that only the clock can judge counts as gone 30 s
    /// after its last renewal, one that left no record after 2 s.
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            ttl: Duration::from_secs(30),
            grace: GRACE,
            on_wait: None,
            environment: Environment::default(),
        }
    }

    /// How long [`acquire`](Self::acquire) waits at most. Zero means one try.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long after its last renewal a holder that the kernel cannot vouch for (a foreign one, or
    /// one on a network file system) counts as gone. All programs that share a lock should agree
    /// on it; the Go generations use the default.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long a lock without a record may be a claim in the making, before it counts as a leftover.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Calls `callback` in each round of waiting with the time waited so far and the holder as last
    /// seen. `Break` ends the wait with [`AcquireError::GaveUp`].
    ///
    /// The callback runs in the waiting thread: what it takes, the wait takes longer.
    pub fn on_wait<F>(mut self, callback: F) -> Self
    where
        F: Fn(Duration, Option<&Holder>) -> ControlFlow<()> + Send + Sync + 'static,
    {
        self.on_wait = Some(Arc::new(callback));
        self
    }

    #[doc(hidden)]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Acquires the lock of `path`, waiting up to the timeout.
    ///
    /// `path` itself is neither opened nor created; missing parent directories are created.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Timeout`] and [`AcquireError::GaveUp`] when it stayed held,
    /// [`AcquireError::Denied`] when the directory cannot be written to, and the other variants
    /// as they say. In each case the lock is not held and nothing is left behind, but where a lock is
    /// made in place and that took more than 2 s: then an empty directory can stay, which anybody clears.
    pub fn acquire(&self, path: impl AsRef<Path>) -> Result<LockGuard, AcquireError> {
        acquire_with(path.as_ref(), self)
    }

    /// Acquires the lock of `path` if it is free or its holder is gone; `None` when it is held.
    /// Never waits.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), without the two that tell of waiting.
    pub fn try_acquire(&self, path: impl AsRef<Path>) -> Result<Option<LockGuard>, AcquireError> {
        let once = Self { timeout: Duration::ZERO, on_wait: None, ..self.clone() };
        match acquire_with(path.as_ref(), &once) {
            Ok(guard) => Ok(Some(guard)),
            Err(error) if error.is_contention() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Refuses values that make no sense, instead of clamping them.
    pub(crate) fn check(&self) -> Result<(), AcquireError> {
        let unusable = |option, reason| Err(AcquireError::UnusableOption { option, reason });
        if self.ttl.is_zero() {
            return unusable("ttl", "zero would make every holder count as gone");
        }
        if self.ttl > MAX_TTL {
            return unusable("ttl", "more than a year");
        }
        if self.grace > self.ttl {
            return unusable("grace", "longer than the ttl");
        }
        Ok(())
    }
}

const MAX_TTL: Duration = Duration::from_secs(365 * 24 * 3600);

impl Default for LockOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LockOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockOptions")
            .field("timeout", &self.timeout)
            .field("ttl", &self.ttl)
            .field("grace", &self.grace)
            .field("on_wait", &self.on_wait.as_ref().map(|_| ".."))
            .finish_non_exhaustive()
    }
}
