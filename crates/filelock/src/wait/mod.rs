//! Waiting for a lock: judge what is in the way, clear it if its holder is gone, else sleep.

mod backoff;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::clear::clear;
use crate::clear::sweep::{Occasion, sweep};
use crate::error::AcquireError;
use crate::holder::{Holder, Liveness};
use crate::judge::judge;
use crate::judge::kernel::still_runs;
use crate::judge::occupant::{Found, Occupant};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys::{self, FileId, Fingerprint, Stat};

const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// The longest pause while the lock keeps changing hands: a long waiter must not starve.
const MOVING_PAUSE: Duration = sys::MOVING_PAUSE;
/// The longest pause while one holder stays.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// Whether a holder that stays lives is asked this often.
const ASK_AGAIN: Duration = sys::ASK_AGAIN;
/// Even if the kernel says that a holder that stays lives, or each look finds another one, one is judged this often.
const JUDGE_AGAIN: Duration = Duration::from_millis(100);
/// How often a lock that is found free or cleared after the deadline is tried all the same, so
/// that a call with no time to wait still replaces a dead holder.
const TRIES_AFTER_DEADLINE: u32 = 2;

/// One call's waiting.
pub(crate) struct Wait<'a> {
    names: &'a Names,
    options: &'a LockOptions,
    asks_kernel: bool,
    started: Instant,
    /// Tells whether the occupant is still the one of the last round, at the cost of one lstat.
    fingerprint: Option<Fingerprint>,
    /// When it was judged last; an occupant that has just come was not.
    judged: Option<Instant>,
    /// Whether anybody was judged yet.
    is_contended: bool,
    /// When anybody was judged last, or the kernel asked whether it runs.
    asked: Instant,
    holder: Option<Holder>,
    replaced: Option<Holder>,
    /// When a verdict that rests on the clock was last acted on, and on whom.
    timed: Option<(Instant, FileId, Option<i64>)>,
    pause: Duration,
    random: u64,
    tries_after_deadline: u32,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(
        names: &'a Names,
        options: &'a LockOptions,
        asks_kernel: bool,
        started: Instant,
    ) -> Self {
        Self {
            names,
            options,
            asks_kernel,
            started,
            fingerprint: None,
            judged: None,
            is_contended: false,
            asked: started,
            holder: None,
            replaced: None,
            timed: None,
            pause: FIRST_PAUSE,
            random: 0,
            tries_after_deadline: 0,
        }
    }

    /// The holder that was found gone and cleared away, unless another one was seen since.
    pub(crate) fn into_replaced(self) -> Option<Holder> {
        self.replaced
    }

    /// Returns when the lock is worth another try.
    pub(crate) fn until_worth_a_try(&mut self) -> Result<(), AcquireError> {
        loop {
            // lstat is all that a poll costs: unlike a failing rename it does not take the parent
            // directory's lock in the kernel, which those who acquire and release need.
            match sys::lstat(&self.names.lock) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return self.try_now();
                }
                stat => {
                    let fingerprint = stat.ok().as_ref().map(Stat::fingerprint);
                    let moved = fingerprint.is_none() || fingerprint != self.fingerprint;
                    self.fingerprint = fingerprint;
                    if moved {
                        self.pause = self.pause.min(MOVING_PAUSE);
                        self.judged = None;
                    }
                    if moved && fingerprint.is_some() && self.may_spare_a_newcomer() {
                        self.replaced = None;
                    } else if !self.still_runs() && self.judge_and_clear()? {
                        return self.try_now();
                    }
                }
            }
            let waited = self.started.elapsed();
            let Some(left) = self.options.timeout.checked_sub(waited).filter(|d| !d.is_zero())
            else {
                return Err(self.timed_out(waited));
            };
            if let Some(callback) = &self.options.on_wait
                && callback(waited, self.holder.as_ref()) == ControlFlow::Break(())
            {
                return Err(AcquireError::GaveUp {
                    path: self.names.target.clone(),
                    waited,
                    holder: self.holder.take().map(Box::new),
                });
            }
            std::thread::sleep(self.next_pause().min(left));
        }
    }

    /// Whether whoever has come since the last round need not be judged before the next one. It was just now alive
    /// enough to take the lock; and where the lock changes hands quickly, judging each holder costs far more
    /// than looking, and takes the processor from those who pass it on. Not for long, since what seems to be
    /// a newcomer each time can be a dead one's directory that somebody keeps touching.
    fn may_spare_a_newcomer(&self) -> bool {
        self.is_contended
            && self.asked.elapsed() < JUDGE_AGAIN
            && self.started.elapsed() < self.options.timeout
    }

    /// Whether the occupant, which looks the same, need not be judged yet: it was just now, or the kernel still says
    /// that it runs. The latter is believed for a while only, since a ctime can be so coarse that the next
    /// holder's directory looks like the last one's, and the holder named in an error must be the right one.
    fn still_runs(&mut self) -> bool {
        let Some(judged) = self.judged else { return false };
        if self.asked.elapsed() < ASK_AGAIN {
            return true;
        }
        self.asked = Instant::now();
        let runs = self.holder.as_ref().is_some_and(|holder| holder.liveness == Liveness::Running);
        let runs = runs && judged.elapsed() < JUDGE_AGAIN;
        self.fingerprint.is_some_and(|fingerprint| runs && still_runs(self.names, fingerprint))
    }

    /// Whether the name is worth a try: nothing is there, or what was there is cleared.
    fn judge_and_clear(&mut self) -> Result<bool, AcquireError> {
        self.asked = Instant::now();
        self.judged = Some(self.asked);
        if !std::mem::replace(&mut self.is_contended, true) && self.asks_kernel {
            sweep(self.names, self.options, Occasion::Contention);
        }
        let occupant = match judge(self.names, self.options, self.asks_kernel) {
            Found::Nothing => return Ok(true),
            Found::NotALock(kind) => {
                return Err(AcquireError::NotALock {
                    path: self.names.target.clone(),
                    lock: self.names.lock.clone(),
                    kind: kind.describe(),
                });
            }
            Found::Occupied(occupant) => *occupant,
        };
        let holder = occupant.holder(&self.options.environment);
        self.holder = Some(holder.clone());
        // A last look, so that one who was slow to renew is hit only if it renews from here on.
        if !self.may_act(&occupant) || occupant.has_renewed() {
            self.replaced = None;
            return Ok(false);
        }
        let timed = occupant.stat.filter(|_| occupant.verdict.is_timed());
        let timed = timed.map(|stat| (Instant::now(), stat.id, holder.stamp));
        let dead = matches!(occupant.verdict, Verdict::Dead);
        if !matches!(occupant.verdict, Verdict::Remnant { .. }) {
            self.replaced = Some(holder);
        }
        let cleared = clear(self.names, occupant)?;
        if cleared && timed.is_some() {
            self.timed = timed;
        }
        if dead {
            sweep(self.names, self.options, Occasion::DeadHolder);
        }
        Ok(cleared)
    }

    /// The kernel's word is proof. The clock's word is not: clocks jump, and machines sleep; it is
    /// acted on at most once per occupant, and once per TTL in one call.
    fn may_act(&self, occupant: &Occupant) -> bool {
        match &occupant.verdict {
            Verdict::Alive(_) => false,
            verdict if !verdict.is_timed() => true,
            _ => {
                let stamp = occupant.record.as_ref().map(|record| record.stamp);
                let id = occupant.stat.map(|stat| stat.id);
                self.timed.is_none_or(|(at, acted_on, its_stamp)| {
                    at.elapsed() >= self.options.ttl && (id, stamp) != (Some(acted_on), its_stamp)
                })
            }
        }
    }

    /// The lock looks free. The deadline counts nevertheless: where the lock changes hands
    /// quickly, it can look free in each round and be taken in each try.
    fn try_now(&mut self) -> Result<(), AcquireError> {
        self.fingerprint = None;
        let waited = self.started.elapsed();
        if waited >= self.options.timeout {
            if self.tries_after_deadline == TRIES_AFTER_DEADLINE {
                return Err(self.timed_out(waited));
            }
            self.tries_after_deadline += 1;
        }
        Ok(())
    }

    fn timed_out(&mut self, waited: Duration) -> AcquireError {
        AcquireError::Timeout {
            path: self.names.target.clone(),
            lock: self.names.lock.clone(),
            waited,
            holder: self.holder.take().map(Box::new),
        }
    }
}
