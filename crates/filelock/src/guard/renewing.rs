//! Renewing a held lock at intervals, in a thread that the caller asked for.
//!
//! | step | if the lock is released or lost here |
//! |---|---|
//! | the thread sleeps, a second at most | a release wakes and joins it, then releases |
//! | the thread renews | a release waits for that one write, then releases |
//! | the renewal finds the lock lost | the thread tells the caller once, and ends |
//! | the renewal fails otherwise | it is tried again soon; a [`TTL`] after the last success it is told as lost |

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::environment::{Environment, Moment};
use crate::error::RenewError;
use crate::guard::LockGuard;
use crate::guard::release::ReleaseError;
use crate::options::{RENEW_EVERY, TTL};

/// A lock that is being renewed: a [`LockGuard`] with a thread of its own. Made by
/// [`LockGuard::keep_renewed`].
///
/// [`release`](Self::release) it, or drop it: the thread ends first.
#[derive(Debug)]
#[must_use = "dropping it releases the lock at once"]
pub struct RenewedGuard {
    /// `None` once it was released.
    guard: Option<Arc<LockGuard>>,
    thread: Option<JoinHandle<()>>,
    stop: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Stop {
    is_asked: Mutex<bool>,
    asked: Condvar,
}

impl LockGuard {
    /// Starts a thread that renews the lock every [`RENEW_EVERY`], until it is
    /// released or lost. Without that, whoever goes by the clock takes a holder for gone after a
    /// [`TTL`].
    ///
    /// If the lock is lost, or could not be renewed for a TTL, `on_lost` is called once, in that
    /// thread, with the reason. Stop writing then: another process may hold the lock. The guard
    /// still has to be dropped.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let log = directory.path().join("events.ndjson");
    /// let guard = filelock::acquire(&log)?.keep_renewed(|lost| eprintln!("{lost}"))?;
    /// // … for hours …
    /// guard.release()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The operating system's if it starts no thread. Then the lock is released.
    pub fn keep_renewed<F>(self, on_lost: F) -> io::Result<RenewedGuard>
    where
        F: FnOnce(RenewError) + Send + 'static,
    {
        start(self, Renewal::begin(), on_lost)
    }
}

/// Starts the thread.
pub(crate) fn start<F>(guard: LockGuard, renewal: Renewal, on_lost: F) -> io::Result<RenewedGuard>
where
    F: FnOnce(RenewError) + Send + 'static,
{
    let guard = Arc::new(guard);
    let stop = Arc::<Stop>::default();
    let (weak, asked) = (Arc::downgrade(&guard), Arc::clone(&stop));
    let thread = thread::Builder::new().name("filelock renew".to_owned()).spawn(move || {
        let mut renewal = renewal;
        while !asked.within(renewal.pause()) {
            let Some(guard) = weak.upgrade() else { return };
            let lost = renewal.renew_if_due(&guard);
            // Not ours while the caller hears of it, who may release it.
            drop(guard);
            if let Some(lost) = lost {
                return on_lost(lost);
            }
        }
    })?;
    Ok(RenewedGuard { guard: Some(guard), thread: Some(thread), stop })
}

impl Stop {
    /// Whether it is asked for within `time`.
    fn within(&self, time: Duration) -> bool {
        let is_asked = self.is_asked.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.asked.wait_timeout_while(is_asked, time, |is_asked| !*is_asked);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn ask(&self) {
        *self.is_asked.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.asked.notify_all();
    }
}

impl RenewedGuard {
    /// Ends the thread, and releases the lock.
    ///
    /// # Errors
    ///
    /// As [`LockGuard::release`]. A guard that comes back is renewed no more.
    pub fn release(mut self) -> Result<(), ReleaseError> {
        match self.stop() {
            Some(guard) => guard.release(),
            None => Ok(()),
        }
    }

    /// Ends the thread, and gives the guard back.
    fn stop(&mut self) -> Option<LockGuard> {
        self.stop.ask();
        if let Some(thread) = self.thread.take()
            // `on_lost` can own this guard, and then it is that thread that drops it.
            && thread.thread().id() != thread::current().id()
        {
            // It has said what it had to say, even if it has panicked.
            let _ = thread.join();
        }
        let guard = Arc::try_unwrap(self.guard.take()?);
        Some(guard.expect("because the thread lets go of it before it ends or tells of a loss"))
    }
}

impl Deref for RenewedGuard {
    type Target = LockGuard;

    fn deref(&self) -> &LockGuard {
        self.guard.as_ref().expect("because only the release takes it")
    }
}

impl Drop for RenewedGuard {
    fn drop(&mut self) {
        drop(self.stop());
    }
}

/// How far apart two looks at the clocks are: the lock is renewed so soon after the machine slept.
const STEP: Duration = Duration::from_secs(1);

/// When to renew next, and when not to hope any more. By both clocks: the monotonic one stands
/// still while the machine sleeps, and others go by the wall clock.
#[derive(Debug)]
pub(crate) struct Renewal {
    every: Duration,
    /// The last time that it was shown to be ours.
    last: Moment,
    /// The last try.
    tried: Moment,
    /// How long the caller has slept since, by its own timer.
    slept: Duration,
    failed: bool,
    environment: Environment,
}

impl Renewal {
    pub(crate) fn begin() -> Self {
        Self::every(RENEW_EVERY)
    }

    pub(crate) fn every(every: Duration) -> Self {
        let environment = Environment::default();
        let now = || Moment::now(&environment);
        let (last, tried) = (now(), now());
        Self { every, last, tried, slept: Duration::ZERO, failed: false, environment }
    }

    /// How long until [`renew_if_due`](Self::renew_if_due) is to be called again.
    pub(crate) fn pause(&self) -> Duration {
        self.interval().saturating_sub(self.since_try()).min(STEP)
    }

    /// The caller has slept for so long.
    pub(crate) fn slept(&mut self, pause: Duration) {
        self.slept += pause;
    }

    fn since_try(&self) -> Duration {
        self.tried.elapsed(&self.environment).max(self.slept)
    }

    fn interval(&self) -> Duration {
        if self.failed { self.every / 10 } else { self.every }
    }

    /// Renews, if it is time to; returns why that is the end of it, if it is.
    pub(crate) fn renew_if_due(&mut self, guard: &LockGuard) -> Option<RenewError> {
        if self.since_try() < self.interval() {
            return None;
        }
        self.slept = Duration::ZERO;
        let result = guard.renew_as_owner();
        self.tried = Moment::now(&self.environment);
        self.failed = result.is_err();
        match result {
            Ok(()) => {
                self.last = Moment::now(&self.environment);
                None
            }
            Err(error) if error.is_lost() || self.last.elapsed(&self.environment) >= TTL => {
                Some(error)
            }
            Err(_) => None,
        }
    }
}
