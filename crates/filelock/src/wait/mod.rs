//! Waiting for a lock: judge what is in the way, clear it if its holder is gone, else sleep.

mod away;
mod backoff;
mod deadline;
pub(crate) mod line;
mod watch;

use std::fs::File;
use std::time::{Duration, Instant};

use crate::clear::clear;
use crate::clear::cleared::Cleared;
use crate::clear::sweep::Sweep;
use crate::environment::unique_number;
use crate::error::AcquireError;
use crate::holder::{Holder, Liveness};
use crate::judge::judge;
use crate::judge::kernel::still_runs;
use crate::judge::occupant::{Found, Occupant, Removable, Stranger};
use crate::judge::verdict::{LEFT_ALONE, Verdict};
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::Record;
use crate::sys::{self, Dir, FileId, Stat};
use crate::wait::away::Away;
use crate::wait::backoff::Backoff;
use crate::wait::deadline::Deadline;
use crate::wait::watch::{Due, Watch};

/// A directory that another process is about to remove.
struct Leaving {
    /// Open, without an OS lock, so that its inode number does not go to the next directory.
    _dir: Dir,
    id: FileId,
    /// Since when it is left to that process.
    since: Instant,
    /// Whether we wanted to clear it, and found its record removed. Nobody is about to create one.
    is_cleared: bool,
}

/// What a look came to.
pub(crate) enum Next {
    /// The lock is worth another try.
    Try,
    /// Its holder, of another user, is dead: exchange it for ones own.
    Exchange(Box<Dead>),
    /// It is held. Look again after so long.
    Pause(Duration),
}

/// A dead lock of another user.
pub(crate) struct Dead {
    /// Its record's file, whose OS lock was granted.
    pub(crate) file: File,
    pub(crate) record: Record,
    pub(crate) holder: Holder,
}

/// What a look at an occupant came to.
enum Judged {
    /// The name is worth a try: nothing is there, or what was there is cleared.
    Free,
    Exchangeable(Box<Dead>),
    Held,
}

/// One call's waiting.
pub(crate) struct Wait<'a> {
    names: &'a Names,
    options: &'a LockOptions,
    asks_kernel: bool,
    deadline: Deadline,
    watch: Watch,
    away: Away,
    backoff: Backoff,
    holder: Option<Holder>,
    replaced: Option<Holder>,
    /// When a verdict that rests on the clock was last acted on, and on whom.
    timed: Option<(Instant, FileId, Option<i64>)>,
    /// What is left to another process.
    leaving: Option<Leaving>,
    /// A sweep that is due, or not through yet.
    sweep: Option<Sweep>,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(
        names: &'a Names,
        options: &'a LockOptions,
        asks_kernel: bool,
        started: Instant,
        until: Option<Instant>,
    ) -> Self {
        Self {
            names,
            options,
            asks_kernel,
            deadline: Deadline::new(started, until),
            watch: Watch::new(started),
            away: Away::new(options.environment.now()),
            backoff: Backoff::new(unique_number(std::process::id())),
            holder: None,
            replaced: None,
            timed: None,
            leaving: None,
            sweep: None,
        }
    }

    /// The holder that was found gone and cleared away, unless another one was seen since; and what
    /// is left to sweep.
    pub(crate) fn into_found(self) -> (Option<Holder>, Option<Sweep>) {
        (self.replaced, self.sweep)
    }

    /// Takes note that `holder` was replaced by an exchange. Others may have died with it.
    pub(crate) fn has_replaced(&mut self, holder: Holder) {
        self.replaced = Some(holder);
        self.sweep.get_or_insert_with(|| Sweep::after_a_death(self.names, self.options));
    }

    /// Whether there was anybody in the way.
    pub(crate) fn has_waited(&self) -> bool {
        self.watch.is_contended()
    }

    /// Who holds the lock, as last seen.
    pub(crate) fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// A step of the call begins, whatever it comes to.
    pub(crate) fn at_work(&mut self) {
        self.away.at_work(self.options.environment.now());
    }

    /// The call pauses for so long.
    pub(crate) fn pausing(&mut self, pause: Duration) {
        self.away.pausing(self.options.environment.now(), pause);
    }

    /// Looks whether the lock is worth another try.
    pub(crate) fn look(&mut self) -> Result<Next, AcquireError> {
        // lstat is all that a poll costs. Unlike a failing rename it does not take the parent
        // directory's lock in the kernel, which acquiring and releasing need.
        match sys::lstat(&self.names.lock) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.forget_left();
                return self.try_now();
            }
            stat => {
                let found = stat.ok().as_ref().map(Stat::fingerprint);
                let moved = self.watch.look(found);
                if moved {
                    self.backoff.lock_moved();
                }
                if found.is_some_and(|(id, _)| self.is_not_left(id)) {
                    self.forget_left();
                }
                let is_newcomer = moved && self.leaving.is_none();
                if is_newcomer && self.watch.may_spare_a_newcomer() && !self.deadline.has_passed() {
                    self.replaced = None;
                } else if !self.is_spared() {
                    match self.judge_and_clear()? {
                        Judged::Free => return self.try_now(),
                        Judged::Exchangeable(dead) => return Ok(Next::Exchange(dead)),
                        Judged::Held => {}
                    }
                }
            }
        }
        // Its holder lives, and so there is time.
        if let Some(sweep) = self.sweep.take() {
            self.sweep = sweep.piece(self.names, self.options);
        }
        match self.deadline.left() {
            Ok(left) => Ok(Next::Pause(self.backoff.next().map_or(left, |pause| pause.min(left)))),
            Err(waited) => Err(self.timed_out(waited)),
        }
    }

    /// Whether the occupant, which looks the same, need not be judged: it was just now, or the
    /// kernel still says that it runs.
    fn is_spared(&mut self) -> bool {
        let runs = self.holder.as_ref().is_some_and(|holder| holder.liveness == Liveness::Running);
        match self.watch.due(runs) {
            Due::Nothing => true,
            Due::Ask(fingerprint) => still_runs(self.names, fingerprint),
            Due::Judge => false,
        }
    }

    fn judge_and_clear(&mut self) -> Result<Judged, AcquireError> {
        let first = self.watch.judging();
        let occupant = match judge(self.names, self.options, self.asks_kernel) {
            Found::Nothing => return Ok(Judged::Free),
            Found::NotALock(Stranger { kind, age }) => {
                return Err(AcquireError::NotALock {
                    path: self.names.target.clone(),
                    lock: self.names.lock.clone(),
                    kind,
                    age,
                });
            }
            Found::Occupied(occupant) => self.left_to_another(*occupant),
        };
        let holder = occupant.holder(&self.options.environment);
        self.holder = Some(holder.clone());
        if first && self.asks_kernel {
            self.sweep = Sweep::if_due(self.names, self.options);
        }
        // A last look, so that one who was slow to renew is hit only if it renews from here on.
        if !self.may_act(&occupant) || occupant.has_renewed() {
            self.leave_alone(occupant);
            return Ok(Judged::Held);
        }
        self.leaving = None;
        let occupant = match occupant {
            Occupant { removable: Removable::Others(Some(file)), record: Some(record), .. } => {
                self.replaced = None;
                return Ok(Judged::Exchangeable(Box::new(Dead { file, record, holder })));
            }
            other => other,
        };
        let timed = occupant.stat.filter(|_| occupant.verdict.is_timed());
        let timed = timed.map(|stat| (Instant::now(), stat.id, holder.stamp));
        let dead = matches!(occupant.verdict, Verdict::Dead);
        if matches!(occupant.verdict, Verdict::Dead | Verdict::Expired) {
            self.replaced = Some(holder);
        }
        let id = occupant.stat.map(|stat| stat.id);
        // On a network file system an open directory does not keep its inode number.
        let cleared = clear(self.names, occupant, self.options, self.asks_kernel)?;
        let is_taken = matches!(cleared, Cleared::Taken);
        let is_done = matches!(cleared, Cleared::Done);
        if timed.is_some() && matches!(cleared, Cleared::Done | Cleared::ByAnother(_)) {
            self.timed = timed;
        }
        if let (Cleared::ByAnother(dir), Some(id)) = (cleared, id) {
            let since = Instant::now();
            self.leaving = Some(Leaving { _dir: dir, id, since, is_cleared: true });
        }
        if is_taken && let Some(holder) = &mut self.holder {
            holder.liveness =
                Liveness::Unknown("a process of another user is taking its lock".to_owned());
        }
        if dead && self.asks_kernel && self.sweep.is_none() {
            self.sweep = Some(Sweep::after_a_death(self.names, self.options));
        }
        Ok(if is_done { Judged::Free } else { Judged::Held })
    }

    /// If it is what we wanted to clear when another process had removed its record: that one's for
    /// a moment.
    fn left_to_another(&self, occupant: Occupant) -> Occupant {
        let id = occupant.stat.map(|stat| stat.id);
        let is_that = |leaving: &Leaving| leaving.is_cleared && Some(leaving.id) == id;
        let is_emptied =
            occupant.record.is_none() && matches!(occupant.removable, Removable::Directory(_));
        if is_emptied && self.leaving.as_ref().is_some_and(is_that) {
            return Occupant { verdict: Verdict::Leaving, ..occupant };
        }
        occupant
    }

    /// Whether something else is left alone than this.
    fn is_not_left(&self, id: FileId) -> bool {
        self.leaving.as_ref().is_some_and(|leaving| leaving.id != id)
    }

    /// What was left alone is gone. If that took long, others can have had the lock since.
    fn forget_left(&mut self) {
        if self.leaving.take().is_some_and(|leaving| leaving.since.elapsed() >= LEFT_ALONE) {
            self.replaced = None;
        }
    }

    /// Takes note of an occupant that is left as it is.
    fn leave_alone(&mut self, occupant: Occupant) {
        if let (Some(stat), Removable::Directory(dir)) = (occupant.stat, occupant.removable) {
            let is_leaving = matches!(occupant.verdict, Verdict::Leaving);
            self.leaving.take_if(|leaving| !is_leaving || leaving.id != stat.id);
            if is_leaving && self.leaving.is_none() {
                let since = Instant::now();
                self.leaving = Some(Leaving { _dir: dir, id: stat.id, since, is_cleared: false });
            }
        }
        if !self.leaving.as_ref().is_some_and(|leaving| leaving.is_cleared) {
            self.replaced = None;
        }
    }

    /// The kernel's word is proof. The clock's word is not: clocks jump, and machines sleep. It is
    /// acted on at most once per occupant, and once per TTL in one call. It is not acted on for
    /// half a TTL after this call was away, which is more than the time between two renewals.
    fn may_act(&mut self, occupant: &Occupant) -> bool {
        match &occupant.verdict {
            Verdict::Alive(_) => false,
            Verdict::Leaving => self.leaving.as_ref().is_some_and(|leaving| {
                let is_that = occupant.stat.is_some_and(|stat| stat.id == leaving.id);
                is_that && leaving.since.elapsed() >= LEFT_ALONE
            }),
            verdict if !verdict.is_timed() => true,
            _ if self.away.has_returned(self.options.environment.now(), self.options.ttl / 2) => {
                false
            }
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
    fn try_now(&mut self) -> Result<Next, AcquireError> {
        self.watch.forget();
        self.leaving = None;
        self.deadline.count_try().map_err(|waited| self.timed_out(waited))?;
        Ok(Next::Try)
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
