//! What a caller can choose: how long to wait, when a silent holder counts as gone, what to do
//! meanwhile.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::environment::Environment;
use crate::error::AcquireError;
use crate::holder::Holder;

type OnWait = dyn Fn(Duration, Option<&Holder>) -> ControlFlow<()> + Send + Sync;

/// How long after its last renewal a holder that only the clock can judge counts as gone. All
/// programs that share a lock must agree on it; the Go generations use the same.
pub const TTL: Duration = Duration::from_secs(30);

/// How often a lock that is held for long should be renewed: a third of the [`TTL`].
pub const RENEW_EVERY: Duration = Duration::from_secs(10);

/// How long a lock without a record may be a claim in the making: what the Go generations use.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// How often a callback hears of a wait.
pub(crate) const ON_WAIT_EVERY: Duration = Duration::from_millis(50);

/// How a lock is acquired. A by-value builder; [`acquire()`](crate::acquire()) uses the defaults.
///
/// ```
/// use std::time::{Duration, Instant};
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
    /// Counts instead of the timeout.
    pub(crate) deadline: Option<Instant>,
    pub(crate) ttl: Duration,
    pub(crate) grace: Duration,
    pub(crate) on_wait: Option<Arc<OnWait>>,
    pub(crate) label: Option<String>,
    /// Whether a missing directory is created.
    pub(crate) creates_parents: bool,
    pub(crate) environment: Environment,
}

impl LockOptions {
    /// The defaults: wait up to 5 s. A holder that only the clock can judge counts as gone a
    /// [`TTL`] after its last renewal. A holder that left no record counts as gone after 2 s.
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            deadline: None,
            ttl: TTL,
            grace: GRACE,
            on_wait: None,
            label: None,
            creates_parents: true,
            environment: Environment::default(),
        }
    }

    /// How long [`acquire`](Self::acquire) waits at most. Zero means one try; what is longer than
    /// the system can count ([`Duration::MAX`]) means for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        (self.timeout, self.deadline) = (timeout, None);
        self
    }

    /// Until when [`acquire`](Self::acquire) waits at most, for a program that has one deadline for
    /// several steps. If it is over, one try is made. Of this and [`timeout`](Self::timeout), the
    /// last call counts.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Calls `callback` while a call waits: at once, then every 50 ms. It gets the time waited so
    /// far and the holder as last seen. `Break` ends the wait with [`AcquireError::GaveUp`].
    ///
    /// The callback runs in the waiting thread or task: what it takes, the wait takes longer. For
    /// one that borrows, or changes what it has: [`acquire_with`](Self::acquire_with).
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("build.log");
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    ///
    /// let options = filelock::LockOptions::new()
    ///     .timeout(Duration::from_secs(60))
    ///     .on_wait(|waited, holder| {
    ///         if let Some(holder) = holder {
    ///             eprint!("\r{:.0?}: waiting for {holder}", waited);
    ///         }
    ///         ControlFlow::Continue(()) // `Break(())` gives up
    ///     });
    /// options.acquire(&path)?.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_wait<F>(mut self, callback: F) -> Self
    where
        F: Fn(Duration, Option<&Holder>) -> ControlFlow<()> + Send + Sync + 'static,
    {
        self.on_wait = Some(Arc::new(callback));
        self
    }

    /// What the caller is doing, for the people who find it in their way: a command line, say.
    /// Stands in the record, which every user may read, as one line of at most 200 bytes. Control
    /// characters become blanks, and what is longer is cut off.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Whether a missing directory of the lock is created (the default). A program that knows that
    /// the directory was there switches it off. Then it does not make a new one after another
    /// process renamed or removed the directory: [`AcquireError::Io`] of kind
    /// [`NotFound`](std::io::ErrorKind::NotFound).
    pub fn create_parents(mut self, create: bool) -> Self {
        self.creates_parents = create;
        self
    }

    /// When a wait that begins at `started` is over; `None`: never. For a program that waits for
    /// something else as well, for as long as for the lock.
    pub fn until(&self, started: Instant) -> Option<Instant> {
        self.deadline.or_else(|| started.checked_add(self.timeout))
    }

    /// Calls the callback of [`on_wait`](Self::on_wait), if there is one: for a program that waits
    /// for something else as well. After `Break` it stops waiting.
    pub fn tell(&self, waited: Duration, holder: Option<&Holder>) -> ControlFlow<()> {
        self.on_wait.as_ref().map_or(ControlFlow::Continue(()), |tell| tell(waited, holder))
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
            .field("deadline", &self.deadline)
            .field("ttl", &self.ttl)
            .field("grace", &self.grace)
            .field("label", &self.label)
            .field("creates_parents", &self.creates_parents)
            .field("on_wait", &self.on_wait.as_ref().map(|_| ".."))
            .finish_non_exhaustive()
    }
}
