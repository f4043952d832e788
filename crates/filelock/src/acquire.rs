//! Acquiring, from the first try to the guard: which way to claim, and the loop around it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::claim::parent::is_local;
use crate::claim::prepare::{Preparation, PrepareError};
use crate::claim::publish::Publication;
use crate::claim::slot::Slot;
use crate::claim::{Claim, in_place};
use crate::environment::Way;
use crate::error::AcquireError;
use crate::guard::{Acquired, LockGuard};
use crate::judge::kernel::is_held;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys;
use crate::wait::Wait;

/// How often a claim is prepared anew when somebody removes or takes over the preparation.
const PREPARATIONS: u32 = 8;

/// Acquires the lock of `path` with the default options: waits up to 5 s.
///
/// # Errors
///
/// See [`LockOptions::acquire`].
pub fn acquire(path: impl AsRef<Path>) -> Result<LockGuard, AcquireError> {
    LockOptions::new().acquire(path)
}

/// Acquires the lock of `path` if that needs no waiting; `None` when it is held.
///
/// # Errors
///
/// See [`LockOptions::try_acquire`].
pub fn try_acquire(path: impl AsRef<Path>) -> Result<Option<LockGuard>, AcquireError> {
    LockOptions::new().try_acquire(path)
}

impl LockOptions {
    /// Acquires the lock of `path`, waiting up to the timeout.
    ///
    /// `path` itself is neither opened nor created. Missing parent directories are created, and removed
    /// again if the lock is not acquired.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Timeout`] and [`AcquireError::GaveUp`] when it stayed held,
    /// [`AcquireError::Denied`] when the directory cannot be written to, and the other variants
    /// as they say. In each case the lock is not held and nothing is left behind, but where a lock is
    /// made in place and that took more than 2 s: then an empty directory can stay, which anybody clears.
    pub fn acquire(&self, path: impl AsRef<Path>) -> Result<LockGuard, AcquireError> {
        self.check()?;
        acquire_from(&Names::of(path.as_ref())?, self, None)
    }

    /// Acquires the lock of `path` if it is free or its holder is gone; `None` when it is held.
    /// Never waits.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire), without the two that tell of waiting.
    pub fn try_acquire(&self, path: impl AsRef<Path>) -> Result<Option<LockGuard>, AcquireError> {
        self.check()?;
        try_acquire_from(&Names::of(path.as_ref())?, self, None)
    }
}

/// Looks before it prepares anything: most tries that fail end there.
pub(crate) fn try_acquire_from(
    names: &Names,
    options: &LockOptions,
    slot: Option<&Arc<Slot>>,
) -> Result<Option<LockGuard>, AcquireError> {
    // A directory that does not exist is made by the acquisition.
    let is_local = sys::file_system_is_local(&names.parent).unwrap_or(false);
    if options.environment.asks_kernel(is_local) && is_held(names) {
        return Ok(None);
    }
    let once = LockOptions { timeout: Duration::ZERO, on_wait: None, ..options.clone() };
    match acquire_from(names, &once, slot) {
        Ok(guard) => Ok(Some(guard)),
        Err(error) if error.is_contention() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Acquires with what the handle of `slot` has parked, if anything.
pub(crate) fn acquire_from(
    names: &Names,
    options: &LockOptions,
    slot: Option<&Arc<Slot>>,
) -> Result<LockGuard, AcquireError> {
    let (environment, started) = (&options.environment, Instant::now());
    let start = slot.map(|slot| slot.start()).unwrap_or_default();
    let home = slot.map(Arc::downgrade).unwrap_or_default();
    let mut how = Acquired { home, parks: start.parks, sweep: start.sweep, ..Acquired::default() };
    let mut parked = start.parked.and_then(|parked| parked.reissue(environment));
    if let Some(ready) = parked.take() {
        // It was parked on a file system of this kernel, and if the rename succeeds, it still is there.
        match ready.publish(names, environment)? {
            Publication::Done(claim) => {
                if let Some(guard) = hand_over(claim, names, options) {
                    return Ok(guard.acquired(how));
                }
            }
            Publication::Taken(ready) => parked = Some(ready),
            Publication::Gone | Publication::Unsupported => {}
        }
    }
    let was_parked = parked.is_some();
    let (is_local, created) = is_local(names)?;
    let asks_kernel = environment.asks_kernel(is_local);
    let way = environment.way(asks_kernel);
    let mut claiming = Claiming { way, ready: parked, movable: slot.is_some() };
    let mut wait = Wait::new(names, options, asks_kernel, started);
    match claiming.until_claimed(&mut wait, names, options, was_parked) {
        Ok(guard) => {
            created.keep();
            how.waited = wait.has_waited();
            let (takeover, sweep) = wait.into_found();
            how.takeover = takeover;
            how.sweep = sweep.or(how.sweep).filter(|_| asks_kernel);
            Ok(guard.acquired(how))
        }
        Err(error) => {
            // What had been parked before is again.
            if let Some(ready) = claiming.ready.filter(|_| was_parked)
                && let Some(slot) = slot
            {
                slot.park(ready);
            }
            Err(error)
        }
    }
}

/// One call's claiming.
struct Claiming {
    /// Chosen per file system.
    way: Way,
    /// The preparation serves all tries of a call, and is removed when the call ends without it.
    ready: Option<Preparation>,
    /// Whether a handle may move the lock back when it is released.
    movable: bool,
}

impl Claiming {
    /// Tries until the lock is ours. `taken`: the last try, of a moment ago, has failed.
    fn until_claimed(
        &mut self,
        wait: &mut Wait<'_>,
        names: &Names,
        options: &LockOptions,
        taken: bool,
    ) -> Result<LockGuard, AcquireError> {
        if taken {
            wait.until_worth_a_try()?;
        }
        loop {
            if let Some(claim) = self.attempt(names, options)?
                && let Some(guard) = hand_over(claim, names, options)
            {
                return Ok(guard);
            }
            wait.until_worth_a_try()?;
            // Only the callback can have forked this thread. What its parent has prepared is not ours.
            if options.on_wait.is_some() {
                self.ready = self.ready.take().filter(Preparation::is_ours);
            }
        }
    }

    /// One try. `None`: another process has the lock.
    fn attempt(
        &mut self,
        names: &Names,
        options: &LockOptions,
    ) -> Result<Option<Claim>, AcquireError> {
        let environment = &options.environment;
        let mut disturbed = names.preparation("");
        for tries in 1..=PREPARATIONS {
            if self.way != Way::Published {
                return in_place::attempt(names, options, self.way == Way::InPlace);
            }
            let prepared = match self.ready.take() {
                Some(ready) => Ok(ready),
                None => Preparation::new(names, options, self.movable),
            };
            let preparation = match prepared {
                Ok(preparation) => preparation,
                Err(PrepareError::Retry(path)) => {
                    disturbed = path;
                    continue;
                }
                Err(PrepareError::Unsupported) => {
                    self.way = Way::InPlace;
                    continue;
                }
                // Another call, which failed, may have removed the directory, and a third one put it
                // there again.
                Err(PrepareError::Failed(AcquireError::Intercepted { .. }))
                    if tries < PREPARATIONS =>
                {
                    continue;
                }
                Err(PrepareError::Failed(error)) => return Err(error),
            };
            match preparation.publish(names, environment)? {
                Publication::Done(claim) => return Ok(Some(claim)),
                Publication::Taken(preparation) => {
                    self.ready = Some(preparation);
                    return Ok(None);
                }
                Publication::Gone => {}
                Publication::Unsupported => self.way = Way::InPlace,
            }
        }
        Err(AcquireError::Disturbed { path: disturbed, attempts: PREPARATIONS })
    }
}

/// Makes the guard. If we were stopped between stamping the record and publishing it, others see
/// an old time: it is renewed, and the lock verified, before the caller gets it. `None`: lost
/// meanwhile, which only time-based peers can do to us.
///
/// Where only time vouches for us it stays as it is, less than half the TTL old: renewing it would be one
/// more moment in which others, who have judged it already, and we both believe to be right.
fn hand_over(claim: Claim, names: &Names, options: &LockOptions) -> Option<LockGuard> {
    let stale = claim.is_stale(&options.environment);
    let guard = LockGuard::new(claim, names.clone(), options);
    if stale && guard.is_kernel_backed() && guard.renew().is_err() {
        return None;
    }
    Some(guard)
}
