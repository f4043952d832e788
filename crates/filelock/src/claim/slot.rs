//! Where a handle's claim is between two acquisitions.
//!
//! Nothing here waits for a mutex: another thread may have had it when this process was forked, and
//! that thread does not exist here. Whoever finds it taken does without what is parked.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use crate::claim::prepare::Preparation;
use crate::clear::sweep::Sweep;

/// An acquisition that begins at most this long after the handle's last release is one of a row.
/// Its release moves the lock back instead of removing it.
const IN_A_ROW: Duration = Duration::from_secs(1);

/// What the acquisitions of one handle share.
#[derive(Debug, Default)]
pub(crate) struct Slot(Mutex<Parking>);

#[derive(Debug, Default)]
struct Parking {
    /// At most one: threads that acquire at the same time prepare their own.
    parked: Option<Preparation>,
    /// When the handle last released.
    released: Option<Instant>,
    /// When the handle last began to sweep what other processes left behind.
    swept: Option<Instant>,
    /// A sweep that is not through with its directory yet.
    sweep: Option<Sweep>,
}

/// What an acquisition begins with.
#[derive(Debug, Default)]
pub(crate) struct Start {
    pub(crate) parked: Option<Preparation>,
    /// Whether its release is to park the claim.
    pub(crate) parks: bool,
    /// What is left to sweep, after the release.
    pub(crate) sweep: Option<Sweep>,
}

impl Slot {
    fn try_lock(&self) -> Option<MutexGuard<'_, Parking>> {
        match self.0.try_lock() {
            Ok(parking) => Some(parking),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Begins an acquisition. A sweep is due at the first one, and again after each `ttl`.
    pub(crate) fn start(&self, ttl: Duration) -> Start {
        let Some(mut parking) = self.try_lock() else { return Start::default() };
        let now = Instant::now();
        let is_due = parking.swept.is_none_or(|at| now.duration_since(at) >= ttl);
        if is_due {
            parking.swept = Some(now);
        }
        Start {
            parked: parking.parked.take(),
            parks: parking.released.is_some_and(|at| now.duration_since(at) <= IN_A_ROW),
            sweep: parking.sweep.take().or_else(|| is_due.then(Sweep::default)),
        }
    }

    /// Notes that an acquisition was released.
    pub(crate) fn released(&self) {
        if let Some(mut parking) = self.try_lock() {
            parking.released = Some(Instant::now());
        }
    }

    /// Keeps `preparation` for the next acquisition. If there is one already, it is removed.
    pub(crate) fn park(&self, preparation: Preparation) {
        if let Some(mut parking) = self.try_lock()
            && parking.parked.is_none()
        {
            parking.parked = Some(preparation);
        }
    }

    /// Keeps what a sweep has left.
    pub(crate) fn keep_sweep(&self, sweep: Sweep) {
        if let Some(mut parking) = self.try_lock() {
            parking.sweep = Some(sweep);
        }
    }
}
