//! The two Go generations, as `xtask/peers/foreign.py` has them with their known bug: each acquires once.

use crate::calls::Pc;
use crate::state::{Inode, NO_INODE, NONE, PAST_GRACE, PAST_TTL, Place, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a foreign peer.
    pub(crate) fn peer(&mut self) {
        let (p, own, lock) = (self.p, self.my().own, self.state.lock);
        let is_file = self.config.kind(p) == crate::config::Kind::File;
        let again = if is_file { Pc::PeerLink } else { Pc::PeerMkdir };
        match self.my().pc {
            Pc::PeerMkdir | Pc::PeerLink if lock != NONE => self.go(Pc::PeerRead),
            Pc::PeerMkdir => {
                let new = self.create(NO_INODE);
                (self.state.lock, self.me().own) = (new, new);
                self.go(Pc::PeerOpen);
            }
            Pc::PeerLink => {
                let new = Inode { file: true, record: Record::Full(p), ..NO_INODE };
                self.state.lock = self.create(new);
                self.go(Pc::PeerHeld);
            }
            // By name, and whoever's record is there is cut to nothing.
            Pc::PeerOpen => match self.state.at_lock() {
                Some(at) if !at.file => {
                    self.state.marks.meddled |= lock != own;
                    let inode = self.state.inode_mut(lock);
                    if inode.record == Record::None {
                        inode.changed = 0;
                    }
                    inode.record = Record::Empty(p);
                    self.me().own = lock;
                    self.go(Pc::PeerWrite);
                }
                _ => {
                    self.me().own = NONE;
                    self.go(again);
                }
            },
            Pc::PeerWrite => {
                if self.state.inode(own).record == Record::Empty(p) {
                    self.state.inode_mut(own).record = Record::Full(p);
                }
                // It keeps nothing open.
                self.me().own = NONE;
                self.go(Pc::PeerHeld);
            }
            Pc::PeerRead => match self.state.at_lock() {
                Some(at) if matches!(at.record, Record::Full(_)) && at.file == is_file => {
                    let stale = at.age >= PAST_TTL;
                    self.go(if stale { clear(is_file) } else { again });
                }
                _ => self.go(Pc::PeerStat),
            },
            Pc::PeerStat => {
                // The bug: what is not there is stale.
                let stale = self.state.at_lock().is_none_or(|at| at.changed >= PAST_GRACE);
                self.go(if stale { clear(is_file) } else { again });
            }
            Pc::PeerUnlink | Pc::PeerHeld if !is_file => {
                if lock != NONE {
                    self.unlink_record(lock);
                }
                let clears = self.my().pc == Pc::PeerUnlink;
                self.go(if clears { Pc::PeerRmdir } else { Pc::PeerReleaseRmdir });
            }
            Pc::PeerRmdir => {
                self.rmdir_lock();
                self.go(again);
            }
            Pc::PeerReleaseRmdir => {
                self.rmdir_lock();
                self.end();
            }
            Pc::PeerRename if lock == NONE => self.go(again),
            Pc::PeerRename => {
                self.note_removal(lock);
                self.state.lock = NONE;
                self.state.inode_mut(lock).place = Place::Stale;
                self.me().own = lock;
                self.go(Pc::PeerDelete);
            }
            Pc::PeerDelete => {
                let inode = self.state.inode_mut(own);
                (inode.record, inode.place) = (Record::None, Place::None);
                self.me().own = NONE;
                self.go(again);
            }
            // Unlinks the name, which fails on a directory.
            Pc::PeerHeld => {
                if self.state.at_lock().is_some_and(|at| at.file) {
                    self.note_removal(lock);
                    self.state.lock = NONE;
                }
                self.end();
            }
            other => unreachable!("{other:?} is no step of a foreign peer"),
        }
    }
}

fn clear(is_file: bool) -> Pc {
    if is_file { Pc::PeerRename } else { Pc::PeerUnlink }
}
