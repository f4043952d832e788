//! One acquisition, step by step: it says "acquired" or "pause for so long", and pauses nowhere
//! itself. A thread drives it in `acquire.rs`, a task in `asynchronous.rs`.
//!
//! ```text
//! step      in line behind others of this process? pause, and be woken     dropped here: the next one is woken
//! step      what the handle has parked; else prepare; publish              dropped here: the preparation goes
//! step      look, judge, clear; worth a try: publish; else pause           the same
//! denied    on Windows: pause, step again, until the deadline, a TTL at most  the same
//! acquired  the guard takes all over, the next one in line is first        dropped here: the guard releases
//! ```
//!
//! Dropping it at any point leaves nothing on the disk, and wakes the next one in line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::claim::Claim;
use crate::claim::claiming::Claiming;
use crate::claim::parent::{CreatedParents, is_local};
use crate::claim::prepare::Preparation;
use crate::claim::publish::Publication;
use crate::claim::slot::Slot;
use crate::error::AcquireError;
use crate::guard::{Acquired, LockGuard, bound};
use crate::holder::Holder;
use crate::judge::heir::settled;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys;
use crate::wait::line::{Turn, WATCH};
use crate::wait::{Next, Wait};

/// How long a call pauses that was denied. On Windows a denial was tried again for half a second
/// before.
const DENIED_PAUSE: Duration = Duration::from_millis(10);

/// What a step came to.
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once, and a guard is no larger")]
pub(crate) enum Step {
    Acquired(LockGuard),
    /// Step again after so long, or as soon as the turn is woken.
    Pause(Duration),
}

pub(crate) struct Acquisition<'a> {
    names: &'a Names,
    options: &'a LockOptions,
    slot: Option<&'a Arc<Slot>>,
    started: Instant,
    /// When the time is over; `None`: never.
    until: Option<Instant>,
    turn: Turn,
    /// A callback ran since the last step, and can have forked this thread.
    callback_ran: bool,
    /// Since when each step is denied.
    denied: Option<Instant>,
    /// From the first try on.
    under_way: Option<UnderWay<'a>>,
}

struct UnderWay<'a> {
    claiming: Claiming,
    wait: Wait<'a>,
    how: Acquired,
    was_parked: bool,
    asks_kernel: bool,
    /// Directories that were made for it, and are removed unless it succeeds.
    created: CreatedParents,
    /// The last try has failed: the next step begins with a look.
    looks: bool,
}

impl<'a> Acquisition<'a> {
    /// `slot`: that of the handle, whose parked claim is used if there is one.
    pub(crate) fn new(
        names: &'a Names,
        options: &'a LockOptions,
        slot: Option<&'a Arc<Slot>>,
    ) -> Self {
        let started = Instant::now();
        let until = options.until(started);
        Self {
            names,
            options,
            slot,
            started,
            until,
            turn: Turn::default(),
            callback_ran: false,
            denied: None,
            under_way: None,
        }
    }

    pub(crate) fn turn(&self) -> &Turn {
        &self.turn
    }

    pub(crate) fn callback_ran(&mut self) {
        self.callback_ran = true;
    }

    pub(crate) fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Who holds the lock, as far as this acquisition has seen.
    pub(crate) fn holder(&self) -> Option<&Holder> {
        self.under_way.as_ref()?.wait.holder()
    }

    pub(crate) fn gave_up(&self, holder: Option<&Holder>) -> AcquireError {
        self.settled(AcquireError::GaveUp {
            path: self.names.target.clone(),
            waited: self.waited(),
            holder: holder.cloned().map(Box::new),
        })
    }

    /// Decides what the error says of the holder, so that it says the same whenever it is shown.
    fn settled(&self, mut error: AcquireError) -> AcquireError {
        if let AcquireError::Timeout { holder: Some(holder), .. }
        | AcquireError::GaveUp { holder: Some(holder), .. } = &mut error
        {
            let asks_kernel = self.under_way.as_ref().map_or_else(
                || {
                    let is_local = sys::file_system_is_local(&self.names.parent);
                    self.options.environment.asks_kernel(is_local.unwrap_or(false))
                },
                |under_way| under_way.asks_kernel,
            );
            let seen = settled((**holder).clone(), self.names, self.options, asks_kernel);
            let is_of_this_thread = seen.token().is_some_and(bound::is_held_here);
            **holder = Holder { is_of_this_thread, ..seen };
        }
        error
    }

    pub(crate) fn deadlock(&self) -> AcquireError {
        AcquireError::Deadlock { path: self.names.target.clone(), lock: self.names.lock.clone() }
    }

    /// Goes on as far as it can without a pause.
    pub(crate) fn step(&mut self) -> Result<Step, AcquireError> {
        if let Some(under_way) = &mut self.under_way {
            under_way.wait.at_work();
        }
        let left = self.left();
        // Once the time is over, one more try is made, in line or not.
        if !left.is_zero() && !self.turn.comes(&self.names.lock) {
            return Ok(self.pause(WATCH.min(left)));
        }
        match self.go_on().map_err(|error| self.settled(error))? {
            Step::Pause(pause) => {
                let wait = self.under_way.as_ref().map(|under_way| &under_way.wait);
                self.turn.line_up(&self.names.lock, wait.and_then(Wait::holder));
                let pause = if self.turn.is_first() { pause } else { WATCH };
                Ok(self.pause(pause.min(self.left())))
            }
            acquired @ Step::Acquired(_) => Ok(acquired),
        }
    }

    fn pause(&mut self, pause: Duration) -> Step {
        if let Some(under_way) = &mut self.under_way {
            under_way.wait.pausing(pause);
        }
        Step::Pause(pause)
    }

    fn left(&self) -> Duration {
        let until = self.until.map(|until| until.saturating_duration_since(Instant::now()));
        until.unwrap_or(Duration::MAX)
    }

    fn go_on(&mut self) -> Result<Step, AcquireError> {
        match self.advance() {
            Err(error) if self.waits_out(&error) => Ok(Step::Pause(DENIED_PAUSE)),
            other => {
                self.denied = None;
                other
            }
        }
    }

    /// Whether a denial is waited out: until the deadline, and for a TTL at most. A directory that
    /// may not be written to denies for ever.
    fn waits_out(&mut self, error: &AcquireError) -> bool {
        let is_denied = match error {
            AcquireError::Denied { source, .. } | AcquireError::Io { source, .. } => {
                sys::can_pass(source)
            }
            _ => false,
        };
        if !is_denied || !self.options.environment.denials_pass() || self.left().is_zero() {
            return false;
        }
        self.denied.get_or_insert_with(Instant::now).elapsed() < self.options.ttl
    }

    fn advance(&mut self) -> Result<Step, AcquireError> {
        if self.under_way.is_none()
            && let Some(guard) = self.begin()?
        {
            return Ok(Step::Acquired(guard));
        }
        let (names, options) = (self.names, self.options);
        let under_way = self.under_way.as_mut().expect("because it has begun");
        if std::mem::take(&mut self.callback_ran) {
            // What the parent has prepared is not ours.
            let ready = under_way.claiming.ready.take();
            under_way.claiming.ready = ready.filter(Preparation::is_ours);
        }
        loop {
            if !std::mem::replace(&mut under_way.looks, true)
                && let Some(claim) = under_way.claiming.attempt(names, options)?
                && let Some(guard) = hand_over(claim, names, options)
            {
                let under_way = self.under_way.take().expect("because it has begun");
                return Ok(Step::Acquired(under_way.finish(guard)));
            }
            match under_way.wait.look()? {
                Next::Try => under_way.looks = false,
                Next::Exchange(dead) => {
                    let holder = dead.holder.clone();
                    if let Some(claim) = under_way.claiming.exchange(dead, names, options)?
                        && let Some(guard) = hand_over(claim, names, options)
                    {
                        let mut under_way = self.under_way.take().expect("because it has begun");
                        under_way.wait.has_replaced(holder);
                        // Its private name has the dead lock, until that one's user sweeps it. Then
                        // nothing would bar the way of a release that was stopped right before it
                        // moves, when the lock has been broken and taken again.
                        under_way.how.parks = false;
                        return Ok(Step::Acquired(under_way.finish(guard)));
                    }
                }
                Next::Pause(pause) => return Ok(Step::Pause(pause)),
            }
        }
    }

    /// Tries what is parked; else gets ready to claim.
    fn begin(&mut self) -> Result<Option<LockGuard>, AcquireError> {
        let (names, environment) = (self.names, &self.options.environment);
        let start = self.slot.map(|slot| slot.start(self.options.ttl)).unwrap_or_default();
        let home = self.slot.map(Arc::downgrade).unwrap_or_default();
        let how = Acquired { home, parks: start.parks, sweep: start.sweep, ..Acquired::default() };
        let mut parked = start.parked.and_then(|parked| parked.reissue(environment));
        if let Some(ready) = parked.take() {
            // It was parked on a file system of this kernel, and if the rename succeeds, it still
            // is there.
            match ready.publish(names, environment)? {
                Publication::Done(claim) => {
                    if let Some(guard) = hand_over(claim, names, self.options) {
                        return Ok(Some(guard.acquired(how)));
                    }
                }
                Publication::Taken(ready) => parked = Some(ready),
                Publication::Gone | Publication::Unsupported => {}
            }
        }
        let was_parked = parked.is_some();
        let (is_local, created) = is_local(names, self.options)?;
        let asks_kernel = environment.asks_kernel(is_local);
        let way = environment.way(asks_kernel);
        let claiming = Claiming::new(way, parked, self.slot.is_some());
        let wait = Wait::new(names, self.options, asks_kernel, self.started, self.until);
        let looks = was_parked;
        self.under_way =
            Some(UnderWay { claiming, wait, how, was_parked, asks_kernel, created, looks });
        Ok(None)
    }
}

impl Drop for Acquisition<'_> {
    /// What had been parked before is again, and what was due to be swept still is.
    fn drop(&mut self) {
        let (Some(under_way), Some(slot)) = (self.under_way.take(), self.slot) else { return };
        if let Some(ready) = under_way.claiming.ready.filter(|_| under_way.was_parked) {
            slot.park(ready);
        }
        if let Some(sweep) = under_way.how.sweep {
            slot.keep_sweep(sweep);
        }
    }
}

impl UnderWay<'_> {
    fn finish(self, guard: LockGuard) -> LockGuard {
        self.created.keep();
        let mut how = self.how;
        how.waited = self.wait.has_waited();
        let (takeover, sweep) = self.wait.into_found();
        how.takeover = takeover.map(Box::new);
        how.sweep = sweep.or(how.sweep).filter(|_| self.asks_kernel);
        how.sweeps_if_due = self.asks_kernel;
        guard.acquired(how)
    }
}

/// Makes the guard. If we were stopped between stamping the record and publishing it, others see an
/// old time. It is renewed, and the lock verified, before the caller gets it. `None`: lost
/// meanwhile, which only time-based peers can do to us.
///
/// If no OS lock vouches for us, the stamp stays as it is, less than half the TTL old. Others may
/// have judged it already; after a renewal they and we could both believe that we hold the lock. A
/// stream changes nothing there: who is not told by it goes by time.
fn hand_over(claim: Box<Claim>, names: &Names, options: &LockOptions) -> Option<LockGuard> {
    let renews = claim.file.is_some() && claim.is_stale(&options.environment);
    let guard = LockGuard::new(claim, names.clone(), options);
    if renews && guard.renew().is_err() {
        return None;
    }
    Some(guard)
}
