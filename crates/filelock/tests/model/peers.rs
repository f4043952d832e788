//! The three Go generations, with their known bug: each acquires once.

use crate::calls::Pc;
use crate::config::Kind;
use crate::state::{Inode, NO_INODE, NONE, PAST_GRACE, PAST_TTL, Place, Process, Record};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a foreign peer.
    pub(crate) fn peer(&mut self) {
        match self.my().pc {
            Pc::PeerMkdir | Pc::PeerLink if self.state.lock != NONE => self.go(Pc::PeerRead),
            Pc::PeerMkdir | Pc::PeerLink | Pc::PeerOpen | Pc::PeerWrite => self.peer_claims(),
            Pc::PeerRead | Pc::PeerStat => self.peer_judges(),
            Pc::PeerUnlink | Pc::PeerRmdir | Pc::PeerRename | Pc::PeerDelete => self.peer_clears(),
            Pc::PeerHeld | Pc::PeerReleaseRmdir => self.peer_releases(),
            other => unreachable!("{other:?} is no step of a foreign peer"),
        }
    }

    fn is_file_peer(&self) -> bool {
        self.config.kind(self.p) == Kind::File
    }

    /// How long ago a directory without a readable record must have changed to be stale.
    fn peer_limit(&self) -> u8 {
        if self.config.kind(self.p) == Kind::Directory { PAST_TTL } else { PAST_GRACE }
    }

    fn peer_tries_again(&mut self) {
        self.go(if self.is_file_peer() { Pc::PeerLink } else { Pc::PeerMkdir });
    }

    fn peer_claims(&mut self) {
        let (p, own, lock) = (self.p, self.my().own, self.state.lock);
        match self.my().pc {
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
                // The directory is gone. The first generation does not mind.
                _ if self.config.kind(self.p) == Kind::Directory => {
                    self.me().own = NONE;
                    self.go(Pc::PeerHeld);
                }
                _ => {
                    self.me().own = NONE;
                    self.peer_tries_again();
                }
            },
            _ => {
                if self.state.inode(own).record == Record::Empty(p) {
                    self.state.inode_mut(own).record = Record::Full(p);
                }
                // It keeps nothing open.
                self.me().own = NONE;
                self.go(Pc::PeerHeld);
            }
        }
    }

    fn peer_judges(&mut self) {
        let (is_file, at_lock) = (self.is_file_peer(), self.state.at_lock());
        let is_stale = match (self.my().pc, at_lock) {
            (Pc::PeerRead, Some(at))
                if matches!(at.record, Record::Full(_)) && at.file == is_file =>
            {
                at.age >= PAST_TTL
            }
            (Pc::PeerRead, _) => return self.go(Pc::PeerStat),
            // The bug: what is not there is stale.
            (_, at_lock) => at_lock.is_none_or(|at| at.changed >= self.peer_limit()),
        };
        match self.config.kind(self.p) {
            _ if !is_stale || !self.config.peers_clear => self.peer_tries_again(),
            Kind::Directory => self.go(Pc::PeerUnlink),
            _ => self.go(Pc::PeerRename),
        }
    }

    fn peer_clears(&mut self) {
        let (own, lock) = (self.my().own, self.state.lock);
        match self.my().pc {
            Pc::PeerUnlink => {
                if lock != NONE {
                    self.unlink_record(lock);
                }
                self.go(Pc::PeerRmdir);
            }
            Pc::PeerRmdir => {
                self.rmdir_lock();
                self.peer_tries_again();
            }
            Pc::PeerRename if lock == NONE => self.peer_tries_again(),
            Pc::PeerRename => {
                self.note_removal(lock);
                // The directory of a claim in the making, or of a release.
                let is_used = |process: &Process| process.own == lock;
                self.state.marks.meddled |= self.state.processes.iter().any(is_used);
                self.state.lock = NONE;
                self.state.inode_mut(lock).place = Place::Stale;
                self.me().own = lock;
                self.go(Pc::PeerDelete);
            }
            _ => {
                let inode = self.state.inode_mut(own);
                (inode.record, inode.place) = (Record::None, Place::None);
                self.me().own = NONE;
                self.peer_tries_again();
            }
        }
    }

    fn peer_releases(&mut self) {
        let lock = self.state.lock;
        match self.my().pc {
            // A directory stands there since it was judged gone: it cannot be read, so it is moved
            // aside, and cannot be put back.
            Pc::PeerHeld if self.is_file_peer() => {
                if let Some(at) = self.state.at_lock() {
                    let place = if at.file { Place::None } else { Place::Stale };
                    self.note_removal(lock);
                    self.state.marks.meddled |= place == Place::Stale;
                    self.state.inode_mut(lock).place = place;
                    self.state.lock = NONE;
                }
                self.end();
            }
            Pc::PeerHeld => {
                if lock != NONE {
                    self.unlink_record(lock);
                }
                self.go(Pc::PeerReleaseRmdir);
            }
            _ => {
                self.rmdir_lock();
                self.end();
            }
        }
    }
}
