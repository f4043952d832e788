//! Acquiring, from the first try to the guard: which way to claim, and the loop around it.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::claim::parent::is_local;
use crate::claim::prepare::{Preparation, PrepareError};
use crate::claim::publish::Publication;
use crate::claim::{Claim, in_place};
use crate::environment::{Environment, Way};
use crate::error::AcquireError;
use crate::guard::LockGuard;
use crate::names::Names;
use crate::options::LockOptions;
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
}

fn acquire_with(path: &Path, options: &LockOptions) -> Result<LockGuard, AcquireError> {
    options.check()?;
    let names = Names::of(path)?;
    let environment = &options.environment;
    let (is_local, created) = is_local(&names)?;
    let asks_kernel = environment.asks_kernel(is_local);
    let mut claiming = Claiming { way: environment.way(asks_kernel), ready: None };
    let mut wait = Wait::new(&names, options, asks_kernel, Instant::now());
    loop {
        if let Some(claim) = claiming.attempt(&names, options)?
            && let Some(mut guard) = hand_over(claim, &names, environment)
        {
            guard.takeover = wait.into_replaced();
            created.keep();
            return Ok(guard);
        }
        wait.until_worth_a_try()?;
    }
}

/// One call's claiming.
struct Claiming {
    /// Chosen per file system.
    way: Way,
    /// The preparation serves all tries of a call, and is removed when the call ends without it.
    ready: Option<Preparation>,
}

impl Claiming {
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
            let prepared =
                self.ready.take().map_or_else(|| Preparation::new(names, environment), Ok);
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
fn hand_over(claim: Claim, names: &Names, environment: &Environment) -> Option<LockGuard> {
    let stale = claim.is_stale(environment);
    let guard = LockGuard::new(claim, names.clone(), environment.clone());
    if stale && guard.is_kernel_backed() && guard.renew().is_err() {
        return None;
    }
    Some(guard)
}
