//! Waiting, judging, clearing, sweeping: `wait/`, `judge/`, `clear/`.

use crate::calls::Pc;
use crate::config::{Broken, Kind};
use crate::state::{DEAD_OURS, Flock, NONE, PAST_GRACE, PAST_TTL, Place, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// One round of waiting. `choice` 0 tries or judges; the others sweep that inode's name.
    pub(crate) fn poll(&mut self, choice: u8) {
        if choice > 0 {
            self.me().seen = choice - 1;
            return self.go(Pc::SweepOpen);
        }
        let next = match self.config.kind(self.p) {
            _ if self.state.lock != NONE => Pc::OpenLock,
            kind if kind.publishes() && self.my().own == NONE => Pc::MakePrep,
            kind if kind.publishes() => Pc::Publish,
            _ => Pc::MakeLock,
        };
        self.go(next);
    }

    /// Whether `slot` looks like a leftover to this process: what `sweep` asks by `lstat`.
    pub(crate) fn looks_left_over(&self, slot: u8) -> bool {
        let inode = self.state.inode(slot);
        // It was ready to be published: its owner has its OS lock, or died.
        let asks_at_any_age = inode.sticky && self.config.kind(self.p) != Kind::Old;
        let limit = match inode.file {
            true => PAST_TTL,
            false if asks_at_any_age => 0,
            false => PAST_GRACE,
        };
        self.config.local
            && inode.place == Place::Prep
            && inode.changed >= limit
            && self.my().own != slot
            && self.may_open(slot)
    }

    /// The next call of a process that judges.
    pub(crate) fn judge(&mut self, choice: u8) {
        let (seen, lock) = (self.my().seen, self.state.lock);
        match self.my().pc {
            Pc::OpenLock => match self.state.at_lock() {
                None => self.go(Pc::Poll),
                Some(at) if at.file => self.go(Pc::FileLook),
                Some(_) if !self.may_open(lock) => self.go(Pc::OthersRead),
                Some(_) => {
                    self.me().seen = lock;
                    self.go(Pc::StatLock);
                }
            },
            Pc::StatLock => {
                let inode = *self.state.inode(seen);
                self.me().saw = (inode.sticky, inode.changed);
                self.go(Pc::ReadRecord);
            }
            Pc::ReadRecord => {
                let (record, age) = (self.state.inode(seen).record, self.state.inode(seen).age);
                let changed = self.my().saw.1;
                match record {
                    Record::None if self.goes_by_the_first_look() => self.judge_emptied(),
                    Record::None => self.go(Pc::StatEmptied),
                    Record::Full(owner) if self.is_kernel_backed(record) => {
                        self.me().read = owner;
                        self.me().saw.1 = age;
                        self.go(Pc::Probe);
                    }
                    _ if self.was_away() => self.look_away(),
                    Record::Full(_) if age >= PAST_TTL => self.expire(record),
                    Record::Empty(_) if changed >= PAST_TTL => self.expire(record),
                    _ => self.look_away(),
                }
            }
            Pc::StatEmptied => {
                let inode = self.state.inode(seen);
                self.me().saw = (inode.sticky, inode.changed);
                self.judge_emptied();
            }
            Pc::Probe if self.config.has_streams() => self.ask_stream(choice > 0),
            Pc::Probe | Pc::ProbeExpired | Pc::ProbeSticky | Pc::ProbeRemnant => {
                let exclusive = self.config.broken == Broken::ExclusiveProbe;
                let wanted = if exclusive { Flock::Exclusive } else { Flock::Shared };
                let granted = self.grants(seen, wanted);
                if self.my().pc == Pc::ProbeSticky && self.leaves_alone(granted, choice > 0) {
                    return self.look_away();
                }
                if !granted {
                    return match self.my().pc {
                        Pc::ProbeSticky => self.condemn(Pc::StillThere),
                        _ => self.look_away(),
                    };
                }
                self.me().seen_lock = wanted;
                match self.my().pc {
                    Pc::Probe => self.go(Pc::Compare),
                    Pc::ProbeExpired => self.condemn(Pc::UnlinkExpired),
                    _ => self.condemn(Pc::StillThere),
                }
            }
            Pc::Compare if lock == seen => self.go(Pc::ReadAgain),
            Pc::Compare => self.look_away(),
            Pc::ReadAgain => {
                if self.state.inode(seen).record == Record::Full(self.my().read) {
                    self.condemn(if self.asks_for_records() {
                        Pc::ClearLock
                    } else {
                        Pc::UnlinkDead
                    });
                } else {
                    self.look_away();
                }
            }
            Pc::FileLook => match self.state.at_lock() {
                Some(at) if at.file => {
                    self.me().seen = lock;
                    self.go(Pc::FileRead);
                }
                _ => self.look_away(),
            },
            Pc::FileRead => {
                let expired = lock == seen && self.state.inode(seen).age >= PAST_TTL;
                if !expired || self.was_away() {
                    return self.look_away();
                }
                self.note_outstay(self.state.inode(seen).record);
                let placed = self.config.broken != Broken::FileRenamedAway;
                self.go(if placed { Pc::FilePlace } else { Pc::FileStill });
            }
            other => unreachable!("{other:?} is no step of judging"),
        }
    }

    /// Whether it looks when a directory changed last only before it finds that there is no record.
    fn goes_by_the_first_look(&self) -> bool {
        self.config.kind(self.p) == Kind::Old || self.config.broken == Broken::EmptiedByFirstLook
    }

    /// A directory without a record.
    fn judge_emptied(&mut self) {
        let (sticky, changed) = self.my().saw;
        if sticky && self.leaves_owners_alone() {
            self.go(Pc::ProbeSticky);
        } else if !sticky && (changed < PAST_GRACE || self.was_away()) {
            self.look_away();
        } else if !sticky && self.asks() && self.config.broken == Broken::RemnantAsked {
            self.go(Pc::ProbeRemnant);
        } else {
            self.condemn(Pc::StillThere);
        }
    }

    /// The occupant is not to be touched, or is no longer there.
    pub(crate) fn look_away(&mut self) {
        self.close_seen();
        self.go(Pc::Poll);
    }

    /// Whether it has noticed that its machine slept. Then it does not act on the clock's word
    /// until holders had their time to renew.
    pub(crate) fn was_away(&self) -> bool {
        self.my().away && self.config.broken != Broken::SleepUnnoticed
    }

    /// A verdict by the clock.
    pub(crate) fn expire(&mut self, record: Record) {
        self.note_outstay(record);
        if self.asks() {
            self.go(Pc::ProbeExpired);
        } else {
            self.condemn(Pc::UnlinkExpired);
        }
    }

    /// Whether the kernel is asked before the clock's word is acted on.
    fn asks(&self) -> bool {
        self.config.local && self.config.broken != Broken::ExpiredUnasked
    }

    /// Whether the OS lock of a dead lock's record is asked for before that is removed: somebody of
    /// another user may be taking the lock. It makes no difference where there is no other user.
    fn asks_for_records(&self) -> bool {
        self.config.broken != Broken::ClearUnlocked
            && self.config.kind(self.p) != Kind::Old
            && self.config.kinds.contains(&Kind::Guest)
    }

    /// Whether an emptied directory is left to an owner that lives.
    fn leaves_owners_alone(&self) -> bool {
        self.asks() && self.config.kind(self.p) != Kind::Old
    }

    /// Whether an emptied directory is left to its owner or, if that is dead, to the waiter that
    /// emptied it. `over`: the 50 ms, which are less than the grace.
    fn leaves_alone(&self, is_dead: bool, over: bool) -> bool {
        let broken = self.config.broken;
        let over = over || self.my().saw.1 >= PAST_GRACE;
        if is_dead {
            !over && broken != Broken::RemnantAtOnce
        } else {
            !over || broken == Broken::StickyTrusted
        }
    }

    /// A verdict of death; `how` is the first call of clearing it.
    pub(crate) fn condemn(&mut self, how: Pc) {
        match self.config.broken {
            Broken::RenameAside => self.go(Pc::AsideRename),
            Broken::RecursiveDelete => self.go(Pc::NukeUnlink),
            _ => self.go(how),
        }
    }

    /// A holder that lives and did not renew in time has broken its part of the promise. Its time
    /// begins anew when its machine wakes up.
    fn note_outstay(&mut self, record: Record) {
        let Some(owner) = record.by().filter(|owner| *owner < DEAD_OURS) else { return };
        let holds = !self.config.kind(owner).is_ours() || self.state.process(owner).pc >= Pc::Held;
        let process = self.state.process(owner);
        if holds && process.is_live() && !process.away {
            self.state.marks.outstayed = true;
        }
    }

    /// The next call of a process that clears a lock.
    pub(crate) fn clear(&mut self, choice: u8) {
        let (seen, lock) = (self.my().seen, self.state.lock);
        match self.my().pc {
            Pc::ClearLock if self.grants_record(seen, Flock::Shared) => {
                self.me().record_lock = Flock::Shared;
                self.go(Pc::UnlinkDead);
            }
            Pc::UnlinkDead | Pc::UnlinkExpired => {
                let was_first = self.unlink_record(seen);
                // Else it is left to who was first; for 50 ms, which are over if `choice` says so.
                let both = self.config.broken == Broken::ClearedByBoth
                    || self.config.kind(self.p) == Kind::Old
                    || !self.config.local;
                if was_first || both || choice > 0 {
                    self.go(Pc::StillThere);
                } else {
                    self.look_away();
                }
            }
            Pc::StillThere if lock == seen => self.go(Pc::RemoveLock),
            Pc::StillThere => self.close_judged(),
            Pc::RemoveLock => {
                self.rmdir_lock();
                self.close_judged();
            }
            Pc::ClearLock | Pc::CloseJudged => self.look_away(),
            Pc::AsideRename if lock == NONE => self.look_away(),
            Pc::AsideRename => {
                self.note_removal(lock);
                self.state.lock = NONE;
                self.state.inode_mut(lock).place = Place::Stale;
                self.close_seen();
                self.me().seen = lock;
                self.go(Pc::AsideDelete);
            }
            Pc::AsideDelete => {
                let inode = self.state.inode_mut(seen);
                (inode.record, inode.place) = (Record::None, Place::None);
                self.look_away();
            }
            Pc::NukeUnlink => {
                if lock != NONE {
                    self.unlink_record(lock);
                }
                self.go(Pc::NukeRmdir);
            }
            Pc::NukeRmdir => {
                self.rmdir_lock();
                self.look_away();
            }
            other => unreachable!("{other:?} is no step of clearing"),
        }
    }

    /// Closing a descriptor that has no OS lock changes nothing for anybody: no step of its own.
    fn close_judged(&mut self) {
        if self.my().seen_lock == Flock::No {
            self.look_away();
        } else {
            self.go(Pc::CloseJudged);
        }
    }

    /// The next call of a process that sweeps one name.
    pub(crate) fn sweep(&mut self) {
        let seen = self.my().seen;
        let named = self.state.inode(seen).place == Place::Prep;
        match self.my().pc {
            Pc::SweepOpen if named => self.go(Pc::SweepLock),
            Pc::SweepLock => {
                let exclusive = self.config.broken == Broken::ExclusiveSweep;
                let wanted = if exclusive { Flock::Exclusive } else { Flock::Shared };
                if !self.grants(seen, wanted) {
                    return self.look_away();
                }
                self.me().seen_lock = wanted;
                self.go(Pc::SweepCompare);
            }
            Pc::SweepCompare if named => self.go(Pc::SweepUnlink),
            Pc::SweepUnlink if self.state.inode(seen).file => {
                self.state.inode_mut(seen).place = Place::None;
                self.look_away();
            }
            Pc::SweepUnlink => {
                self.unlink_record(seen);
                self.go(Pc::SweepRmdir);
            }
            Pc::SweepRmdir => {
                let inode = self.state.inode_mut(seen);
                if inode.record == Record::None {
                    inode.place = Place::None;
                }
                self.look_away();
            }
            Pc::SweepOpen | Pc::SweepCompare => self.look_away(),
            other => unreachable!("{other:?} is no step of sweeping"),
        }
    }
}
