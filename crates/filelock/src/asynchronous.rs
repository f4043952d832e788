//! Acquiring and renewing in a task: the caller's runtime pauses between the steps.

use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::acquisition::{Acquisition, Step};
use crate::claim::slot::Slot;
use crate::error::{AcquireError, RenewError};
use crate::guard::LockGuard;
use crate::guard::renewing::Renewal;
use crate::lock::Lock;
use crate::names::Names;
use crate::options::{LockOptions, ON_WAIT_EVERY};

impl LockOptions {
    /// Acquires the lock of `path` in a task, waiting up to the timeout.
    ///
    /// `sleep` is the runtime's timer: `tokio::time::sleep`, `|pause| async move {
    /// smol::Timer::after(pause).await; }`, `async_std::task::sleep`, or your own. This crate needs
    /// no runtime, and starts no thread.
    ///
    /// No thread waits: the future gives the lock a try, which takes some system calls, and sleeps.
    /// Tasks and threads of one process get a lock in the order in which they came. A release wakes
    /// the next one at once, so that hundreds of tasks can share a log. Do not call
    /// [`acquire`](Self::acquire) in a task: it keeps a thread of the runtime.
    ///
    /// Dropping the future gives up, and leaves nothing behind. A future that is not polled for 250
    /// ms loses its place in line. The guard can go to another task or thread; releasing it waits
    /// for nobody.
    ///
    /// A relative `path` is made absolute by this call; the time counts from the first poll.
    ///
    /// ```
    /// # use std::future::Future;
    /// # async fn example(log: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = filelock::LockOptions::new().acquire_async(log, tokio::time::sleep).await?;
    /// // … write …
    /// guard.release()?;
    /// # Ok(())
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(example(&directory.path().join("events.ndjson")))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), but for [`AcquireError::Deadlock`]: a task that waits for
    /// itself waits until the timeout.
    pub fn acquire_async<P, S, F>(
        &self,
        path: P,
        mut sleep: S,
    ) -> impl Future<Output = Result<LockGuard, AcquireError>> + use<P, S, F>
    where
        P: AsRef<Path>,
        S: FnMut(Duration) -> F,
        F: Future,
    {
        let (names, options) = (Names::of(path.as_ref()), self.clone());
        async move {
            options.check()?;
            acquire_from(&names?, &options, None, &mut sleep).await
        }
    }

    /// Acquires the locks of several files in a task, or none of them. Waits up to the timeout for
    /// all together.
    ///
    /// The order is that of [`acquire_all`](Self::acquire_all). So threads and tasks of all
    /// programs never wait for each other in a circle. `sleep` and the rest are as for
    /// [`acquire_async`](Self::acquire_async). Dropping the future releases what it has acquired by
    /// then.
    ///
    /// ```
    /// # async fn example(from: &std::path::Path, to: &std::path::Path)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let options = filelock::LockOptions::new();
    /// let guards = options.acquire_all_async([from, to], tokio::time::sleep).await?;
    /// // … change both …
    /// for guard in guards {
    ///     guard.release()?;
    /// }
    /// # Ok(())
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    /// # runtime.block_on(example(&from, &to))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`acquire_async`](Self::acquire_async), of the first lock that could not be had. Those
    /// that were acquired by then are released again.
    pub fn acquire_all_async<I, S, F>(
        &self,
        paths: I,
        mut sleep: S,
    ) -> impl Future<Output = Result<Vec<LockGuard>, AcquireError>> + use<I, S, F>
    where
        I: IntoIterator<Item: AsRef<Path>>,
        S: FnMut(Duration) -> F,
        F: Future,
    {
        let (names, options) = (Names::of_all(paths), self.clone());
        async move {
            options.check()?;
            let deadline = options.until(Instant::now());
            let options = Self { deadline, ..options };
            let mut guards = Vec::new();
            for names in names? {
                guards.push(acquire_from(&names, &options, None, &mut sleep).await?);
            }
            Ok(guards)
        }
    }
}

impl Lock {
    /// Acquires the lock in a task, waiting up to the options' timeout. `sleep` is the runtime's
    /// timer, as for [`LockOptions::acquire_async`].
    ///
    /// Tasks can share a handle. The future has a share of it, too: the handle counts as dropped
    /// once the future is gone as well. Dropping the future leaves what the handle has kept as it
    /// was.
    ///
    /// ```
    /// # async fn example(log: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    /// let lock = filelock::Lock::new(log)?;
    /// for _ in 0..3 {
    ///     let guard = lock.acquire_async(tokio::time::sleep).await?;
    ///     // … write …
    ///     guard.release()?;
    /// }
    /// # Ok(())
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(example(&directory.path().join("events.ndjson")))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// See [`LockOptions::acquire_async`].
    pub fn acquire_async<S, F>(
        &self,
        mut sleep: S,
    ) -> impl Future<Output = Result<LockGuard, AcquireError>> + use<S, F>
    where
        S: FnMut(Duration) -> F,
        F: Future,
    {
        let Self { names, options, slot } = self.clone();
        async move { acquire_from(&names, &options, Some(&slot), &mut sleep).await }
    }
}

/// Acquires in this task, with what the handle of `slot` has parked, if anything.
async fn acquire_from<S, F>(
    names: &Names,
    options: &LockOptions,
    slot: Option<&Arc<Slot>>,
    sleep: &mut S,
) -> Result<LockGuard, AcquireError>
where
    S: FnMut(Duration) -> F,
    F: Future,
{
    let mut acquisition = Acquisition::new(names, options, slot);
    let mut called = None;
    loop {
        let mut pause = match acquisition.step()? {
            Step::Acquired(guard) => return Ok(guard),
            Step::Pause(pause) => pause,
        };
        if options.on_wait.is_some() {
            if called.is_none_or(|at: Instant| at.elapsed() >= ON_WAIT_EVERY) {
                called = Some(Instant::now());
                let shared = acquisition.turn().holder();
                let holder = acquisition.holder().or(shared.as_ref());
                if options.tell(acquisition.waited(), holder) == ControlFlow::Break(()) {
                    return Err(acquisition.gave_up(holder));
                }
                acquisition.callback_ran();
            }
            pause = pause.min(ON_WAIT_EVERY);
        }
        let mut slept = pin!(sleep(pause));
        poll_fn(|context| match acquisition.turn().poll_called(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => slept.as_mut().poll(context).map(drop),
        })
        .await;
    }
}

impl LockGuard {
    /// Renews the lock every [`RENEW_EVERY`](crate::RENEW_EVERY), in a task, until it is lost;
    /// returns how. `sleep` is the runtime's timer, as for
    /// [`acquire_async`](LockOptions::acquire_async).
    ///
    /// Run it beside the work, and drop it when that is done:
    ///
    /// ```
    /// # async fn work() {}
    /// # async fn example(log: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    /// let guard = filelock::LockOptions::new().acquire_async(log, tokio::time::sleep).await?;
    /// tokio::select! {
    ///     lost = guard.renew_until_lost(tokio::time::sleep) => return Err(lost.into()),
    ///     () = work() => {}
    /// }
    /// guard.release()?;
    /// # Ok(())
    /// # }
    /// # let directory = tempfile::tempdir()?;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(example(&directory.path().join("events.ndjson")))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn renew_until_lost<S, F>(&self, mut sleep: S) -> RenewError
    where
        S: FnMut(Duration) -> F,
        F: Future,
    {
        let mut renewal = Renewal::begin();
        loop {
            let pause = renewal.pause();
            sleep(pause).await;
            renewal.slept(pause);
            if let Some(lost) = renewal.renew_if_due(self) {
                return lost;
            }
        }
    }
}
