//! Acquiring and releasing: `acquire.rs`, `claim/`, `guard/`.

use crate::calls::Pc;
use crate::config::{Broken, Kind};
use crate::state::{Flock, NO_INODE, NONE, PAST_GRACE, PAST_TTL, Place, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a process that prepares, publishes, or removes its preparation.
    pub(crate) fn prepare(&mut self) {
        let own = self.my().own;
        match self.my().pc {
            Pc::MakePrep => {
                let new = self.create(crate::state::Inode { place: Place::Prep, ..NO_INODE });
                self.me().own = new;
                self.go(Pc::OpenPrep);
            }
            Pc::OpenPrep if !self.state.is_linked(own) => self.begin_anew(),
            Pc::OpenPrep if self.config.broken == Broken::RecordBeforeFlock => {
                self.go(Pc::CreateInPrep);
            }
            Pc::OpenPrep => self.go(Pc::LockPrep),
            Pc::LockPrep if self.grants(own, Flock::Exclusive) => {
                self.me().own_lock = Flock::Exclusive;
                self.go(Pc::CreateInPrep);
            }
            Pc::LockPrep => self.go(Pc::AgainRmdir),
            Pc::CreateInPrep if !self.state.is_linked(own) => self.go(Pc::AgainRmdir),
            Pc::CreateInPrep => {
                self.set_record(Record::Empty(self.p));
                self.go(Pc::FillInPrep);
            }
            Pc::FillInPrep => {
                self.set_record(Record::Full(self.p));
                self.go(Pc::MarkSticky);
            }
            Pc::MarkSticky => {
                self.state.inode_mut(own).sticky = true;
                self.go(Pc::Publish);
            }
            // Somebody else's is at its private name, or its record is not in it: not used again.
            Pc::ReissueName if self.state.inode(own).place != Place::Prep => self.begin_anew(),
            Pc::ReissueName => self.go(Pc::ReissueRecord),
            Pc::ReissueRecord if self.state.inode(own).record != Record::Full(self.p) => {
                self.go(Pc::AgainUnlink);
            }
            Pc::ReissueRecord => self.go(Pc::ReissueWrite),
            Pc::ReissueWrite => {
                let inode = self.state.inode_mut(own);
                (inode.age, inode.changed) = (0, 0);
                self.go(Pc::Publish);
            }
            // An old stamp is renewed before others see it.
            Pc::Publish if self.state.inode(own).age >= PAST_GRACE => {
                self.state.inode_mut(own).age = 0;
                self.go(Pc::Rename);
            }
            Pc::Publish | Pc::Rename => self.publish(),
            Pc::LateLock if self.grants(own, Flock::Exclusive) => {
                self.me().own_lock = Flock::Exclusive;
                self.go(Pc::Held);
            }
            Pc::LateLock => self.begin_anew(),
            Pc::AgainRmdir => {
                self.remove_preparation();
                self.begin_anew();
            }
            Pc::AgainUnlink => {
                self.unlink_record(own);
                self.go(Pc::AgainRmdir);
            }
            Pc::DropRecord => {
                self.unlink_record(own);
                self.go(Pc::DropPrep);
            }
            Pc::DropPrep => {
                self.remove_preparation();
                self.end();
            }
            other => unreachable!("{other:?} is no step of preparing"),
        }
    }

    /// Exclusive rename of the preparation to the lock's name.
    fn publish(&mut self) {
        let own = self.my().own;
        if self.state.inode(own).place != Place::Prep {
            self.begin_anew();
        } else if self.state.lock != NONE {
            self.go(Pc::Poll);
        } else {
            self.state.lock = own;
            self.state.inode_mut(own).place = Place::None;
            if self.config.broken == Broken::RecordBeforeFlock {
                self.go(Pc::LateLock);
            } else {
                self.hand_over();
            }
        }
    }

    fn remove_preparation(&mut self) {
        let inode = self.state.inode_mut(self.my().own);
        if inode.record == Record::None {
            inode.place = Place::None;
        }
    }

    fn begin_anew(&mut self) {
        self.close_own();
        let next = match self.config.kind(self.p) {
            kind if kind.publishes() => Pc::MakePrep,
            _ => Pc::Poll,
        };
        self.go(next);
    }

    /// Creates the record, empty but stamped, or writes it.
    fn set_record(&mut self, record: Record) {
        let (own, stamp) = (self.my().own, self.my().stamp);
        let created = record == Record::Empty(self.p);
        let inode = self.state.inode_mut(own);
        inode.record = record;
        if created {
            (inode.age, inode.changed) = (stamp, 0);
        }
    }

    /// Whether an old stamp has to be renewed before the caller gets the lock.
    pub(crate) fn hand_over(&mut self) {
        let renews = self.config.local || self.config.broken == Broken::StreamRenewed;
        let stale = renews && self.state.inode(self.my().own).age >= PAST_GRACE;
        self.go(if stale { Pc::RenewLook } else { Pc::Held });
    }

    /// The next call of a process that claims in place.
    pub(crate) fn claim_in_place(&mut self) {
        let (p, own, lock) = (self.p, self.my().own, self.state.lock);
        match self.my().pc {
            Pc::MakeLock if lock != NONE => self.go(Pc::Poll),
            Pc::MakeLock => {
                let new = self.create(NO_INODE);
                (self.state.lock, self.me().own) = (new, new);
                self.go(Pc::OpenMade);
            }
            Pc::OpenMade => match self.state.at_lock() {
                Some(_) if self.is_slow_to_open() => self.begin_anew(),
                Some(_) if self.config.ideal && lock != own => self.begin_anew(),
                Some(at) if !at.file => {
                    self.me().own = lock;
                    self.go(if self.config.local { Pc::LockMade } else { Pc::CreateRecord });
                }
                _ => self.begin_anew(),
            },
            Pc::LockMade if self.grants(own, Flock::Exclusive) => {
                self.me().own_lock = Flock::Exclusive;
                self.go(Pc::CreateRecord);
            }
            Pc::CreateRecord => {
                if !self.state.is_linked(own) || self.state.inode(own).record != Record::None {
                    return self.begin_anew();
                }
                self.set_record(Record::Empty(p));
                self.go(if self.config.has_streams() { Pc::OpenStream } else { Pc::FillRecord });
            }
            Pc::OpenStream => self.open_stream(),
            Pc::FillRecord => {
                // Through the file that it created, wherever that is now.
                if self.state.inode(own).record == Record::Empty(p) {
                    self.state.inode_mut(own).record = Record::Full(p);
                }
                self.go(Pc::ClearSticky);
            }
            Pc::ClearSticky => {
                self.state.inode_mut(own).sticky = false;
                self.go(Pc::NameCheck);
            }
            Pc::NameCheck => self.go(if lock == own { Pc::ReadBack } else { Pc::LostRead }),
            Pc::ReadBack => {
                let mine = self.state.at_lock().is_some_and(|at| at.record == Record::Full(p));
                let slow = self.config.gives_up_slow_claims() && self.my().took == PAST_TTL;
                if mine && !slow {
                    self.hand_over();
                } else {
                    self.go(Pc::LostRead);
                }
            }
            Pc::LostRead => match self.state.inode(own).record {
                Record::Full(other) if other != p => self.begin_anew(),
                _ => self.go(Pc::LostUnlink),
            },
            Pc::LostUnlink => {
                self.unlink_record(own);
                self.go(Pc::LostLook);
            }
            Pc::LostLook => self.go(if lock == own { Pc::LostRmdir } else { Pc::LostClose }),
            Pc::LostRmdir => {
                self.rmdir_lock();
                self.go(Pc::LostClose);
            }
            // Refused, or lost.
            Pc::LockMade | Pc::LostClose => self.begin_anew(),
            other => unreachable!("{other:?} is no step of claiming in place"),
        }
    }

    /// Whether what it made can have been removed as a remnant, and what it opens be another's.
    fn is_slow_to_open(&self) -> bool {
        self.my().took >= PAST_GRACE && self.config.broken != Broken::SlowOpenKept
    }

    /// The next call of a process that has the lock, or is about to.
    pub(crate) fn hold(&mut self) {
        let (p, own, lock) = (self.p, self.my().own, self.state.lock);
        let mine = own != NONE && self.state.inode(own).record == Record::Full(p);
        match self.my().pc {
            Pc::RenewLook if lock == own => self.go(Pc::RenewRead),
            Pc::RenewRead if mine => self.go(Pc::RenewWrite),
            Pc::RenewLook | Pc::RenewRead => self.begin_anew(),
            Pc::RenewWrite => {
                if mine {
                    self.state.inode_mut(own).age = 0;
                }
                self.go(Pc::Held);
            }
            Pc::Held if self.config.broken == Broken::ReleaseUnchecked => {
                // Release begins; by name, whatever that stands for.
                if lock != NONE {
                    self.unlink_record(lock);
                }
                self.go(Pc::ReleaseNukeRmdir);
            }
            // The name is looked at last, right before the rename.
            Pc::Held if self.config.kind(p) == Kind::Move && mine => self.go(Pc::VerifyName),
            Pc::Held if self.config.kind(p) == Kind::Move => self.end(),
            Pc::VerifyName if lock == own => self.go(Pc::MoveBack),
            Pc::MoveBack | Pc::MoveLook | Pc::MovePutBack => self.move_back(),
            Pc::Held if lock == own => self.go(Pc::VerifyRead),
            Pc::VerifyRead if mine && self.config.kind(p) == Kind::InPlace => {
                if self.config.broken == Broken::StreamClosedFirst {
                    self.me().own_lock = Flock::No;
                }
                self.go(Pc::ReleaseSticky);
            }
            Pc::VerifyRead if mine => self.go(Pc::ReleaseUnlink),
            Pc::ReleaseSticky => {
                self.state.inode_mut(own).sticky = true;
                self.go(Pc::ReleaseUnlink);
            }
            Pc::ReleaseUnlink => {
                if self.unlink_record(own) {
                    self.go(Pc::ReleaseLook);
                } else {
                    self.end();
                }
            }
            // The record is opened by name, in its own directory. Then the guard is dropped.
            Pc::ReleaseExpire => {
                if matches!(self.state.inode(own).record, Record::Full(_)) {
                    self.state.marks.torn |= !mine;
                    self.state.inode_mut(own).age = PAST_TTL;
                }
                self.abandon_records();
                self.end();
            }
            Pc::ReleaseLook if lock == own => self.go(Pc::ReleaseRmdir),
            Pc::ReleaseRmdir | Pc::ReleaseNukeRmdir => {
                self.rmdir_lock();
                self.end();
            }
            // Lost: nothing is touched.
            Pc::Held | Pc::VerifyRead | Pc::VerifyName | Pc::ReleaseLook => self.end(),
            other => unreachable!("{other:?} is no step of holding"),
        }
    }

    /// The next call of a release that moves the lock back to its private name.
    fn move_back(&mut self) {
        let (own, lock, aside) = (self.my().own, self.state.lock, self.my().aside);
        match self.my().pc {
            // Lost.
            Pc::MoveBack if lock == NONE => self.end(),
            // That name is taken: taken apart, as a lock that was made in place.
            Pc::MoveBack if self.state.inode(own).barred => self.go(Pc::ReleaseUnlink),
            Pc::MoveBack => {
                if lock != own {
                    self.note_removal(lock);
                    self.me().aside = lock;
                }
                self.state.inode_mut(lock).place = Place::Prep;
                self.state.lock = NONE;
                self.go(Pc::MoveLook);
            }
            Pc::MoveLook if aside != NONE => self.go(Pc::MovePutBack),
            Pc::MoveLook => self.park(),
            // Refused if the name is taken again; then it stays where it is.
            _ => {
                if lock == NONE && self.state.inode(aside).place == Place::Prep {
                    self.state.inode_mut(aside).place = Place::None;
                    self.state.lock = aside;
                }
                self.end();
            }
        }
    }

    /// The lock is free. What was moved is taken again, or removed with the handle.
    pub(crate) fn park(&mut self) {
        match self.my().left.checked_sub(1) {
            Some(left) => {
                self.me().left = left;
                self.go(Pc::ReissueName);
            }
            None => self.go(Pc::DropRecord),
        }
    }
}
