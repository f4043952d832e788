//! A dead lock of another user: judged by its record, and exchanged for ones own preparation.

use crate::calls::Pc;
use crate::config::Broken;
use crate::state::{Flock, NONE, PAST_GRACE, Place, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a process that judges what it may not open.
    pub(crate) fn judge_others(&mut self) {
        let (seen, lock) = (self.my().seen, self.state.lock);
        match self.my().pc {
            // Gone, or another one's by now.
            Pc::OthersRead if lock == NONE || self.may_open(lock) => self.look_away(),
            Pc::OthersRead => {
                let at = *self.state.inode(lock);
                self.me().seen = lock;
                match at.record {
                    Record::Full(owner) if self.is_kernel_backed(at.record) => {
                        self.me().read = owner;
                        self.go(Pc::OthersProbe);
                    }
                    // By name, as any remnant, and by its age alone: its owner cannot be asked.
                    Record::None if at.sticky && at.changed >= PAST_GRACE => {
                        self.condemn(Pc::StillThere);
                    }
                    _ => self.look_away(),
                }
            }
            Pc::OthersProbe if self.grants_record(seen, Flock::Shared) => {
                self.me().record_lock = Flock::Shared;
                self.go(Pc::OthersCompare);
            }
            Pc::OthersCompare if self.is_still_judged() => self.go(Pc::TakeLock),
            Pc::OthersProbe | Pc::OthersCompare => self.look_away(),
            other => unreachable!("{other:?} is no step of judging another user's lock"),
        }
    }

    /// The next call of a process that takes another user's dead lock.
    pub(crate) fn exchange(&mut self) {
        let (seen, own, aside, lock) =
            (self.my().seen, self.my().own, self.my().aside, self.state.lock);
        match self.my().pc {
            // It prepares first.
            Pc::TakeLock if own == NONE => {
                self.close_seen();
                self.go(Pc::MakePrep);
            }
            Pc::TakeLock if self.config.broken == Broken::TakeUnlocked => self.go(Pc::TakeCompare),
            Pc::TakeLock if self.grants_record(seen, Flock::Exclusive) => {
                self.me().record_lock = Flock::Exclusive;
                self.go(Pc::TakeCompare);
            }
            Pc::TakeCompare
                if self.is_still_judged() || self.config.broken == Broken::TakeUncompared =>
            {
                self.go(Pc::Exchange);
            }
            Pc::TakeLock | Pc::TakeCompare => self.look_away(),
            // Both names have to be there.
            Pc::Exchange if lock == NONE || self.state.inode(own).place != Place::Prep => {
                self.look_away();
            }
            Pc::Exchange => {
                self.note_removal(lock);
                self.state.inode_mut(lock).place = Place::Prep;
                self.state.inode_mut(own).place = Place::None;
                (self.me().aside, self.state.lock) = (lock, own);
                self.go(Pc::ExchangeLook);
            }
            // Its own private name is occupied from now on.
            Pc::ExchangeLook if aside == seen => {
                self.close_seen();
                self.state.inode_mut(own).barred = true;
                self.hand_over();
            }
            Pc::ExchangeLook => self.go(Pc::ExchangeBack),
            Pc::ExchangeBack => {
                if lock == own && self.state.inode(aside).place == Place::Prep {
                    self.state.inode_mut(aside).place = Place::None;
                    self.state.inode_mut(own).place = Place::Prep;
                    self.state.lock = aside;
                }
                self.look_away();
            }
            other => unreachable!("{other:?} is no step of an exchange"),
        }
    }

    /// Whether `L/holder` still is the record that was judged.
    fn is_still_judged(&self) -> bool {
        let seen = self.my().seen;
        self.state.lock == seen && self.state.inode(seen).record == Record::Full(self.my().read)
    }
}
