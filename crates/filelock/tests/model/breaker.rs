//! Breaking a lock, whoever holds it: `inspect::break_lock`.

use crate::calls::Pc;
use crate::config::{Broken, Kind};
use crate::state::{DEAD_OURS, NONE, Place, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a person who breaks what was found.
    pub(crate) fn break_lock(&mut self) {
        let (seen, lock) = (self.my().seen, self.state.lock);
        match self.my().pc {
            Pc::BreakOpen if lock == NONE => self.end(),
            Pc::BreakOpen => {
                self.me().seen = lock;
                self.go(Pc::BreakRead);
            }
            Pc::BreakRead => match self.state.inode(seen).record {
                Record::Full(owner) => {
                    self.me().read = owner;
                    // Only a handle that lives moves its lock, and its record says so.
                    let moves = owner < DEAD_OURS && self.config.kind(owner) == Kind::Move;
                    let bars = moves && self.config.broken != Broken::BreakUnbarred;
                    self.go(if bars { Pc::BreakBar } else { Pc::BreakCompare });
                }
                _ => self.end(),
            },
            // Exclusively: if the holder has moved its lock there, it has released it.
            Pc::BreakBar if self.state.inode(seen).place == Place::Prep => self.end(),
            Pc::BreakBar => {
                self.state.inode_mut(seen).barred = true;
                self.go(Pc::BreakCompare);
            }
            Pc::BreakCompare if lock == seen => self.go(Pc::BreakReadAgain),
            Pc::BreakReadAgain if self.state.inode(seen).record == Record::Full(self.my().read) => {
                self.go(Pc::BreakUnlink);
            }
            Pc::BreakUnlink => {
                self.unlink_record(seen);
                self.go(Pc::BreakStill);
            }
            Pc::BreakStill if lock == seen => self.go(Pc::BreakRmdir),
            Pc::BreakRmdir => {
                self.rmdir_lock();
                self.end();
            }
            // It has changed hands, or its name has.
            Pc::BreakCompare | Pc::BreakReadAgain | Pc::BreakStill => self.end(),
            other => unreachable!("{other:?} is no step of breaking"),
        }
    }
}
