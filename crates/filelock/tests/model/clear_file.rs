//! Clearing a lock of the file generation: `clear/file.rs`, from `private_file` on.

use crate::calls::Pc;
use crate::config::Broken;
use crate::state::{Flock, Inode, NO_INODE, NONE, Place};
use crate::world::Turn;

impl Turn<'_> {
    /// The next call of a process that clears a lock file: `clear::file::remove_file`.
    pub(crate) fn clear_file(&mut self) {
        let (seen, aside, lock) = (self.my().seen, self.my().aside, self.state.lock);
        match self.my().pc {
            Pc::FilePlace => {
                let place = Place::Prep;
                let new = self.create(Inode { file: true, place, ..NO_INODE });
                self.me().aside = new;
                let locked = self.config.broken != Broken::PlaceholderUnlocked;
                self.go(if locked { Pc::FilePlaceLock } else { Pc::FileStill });
            }
            Pc::FilePlaceLock if self.grants(aside, Flock::Exclusive) => {
                self.me().aside_lock = Flock::Exclusive;
                self.go(Pc::FilePlaceLook);
            }
            Pc::FilePlaceLock if self.config.broken == Broken::RefusedPlaceholderUsed => {
                self.go(Pc::FilePlaceLook);
            }
            Pc::FilePlaceLook if self.state.inode(aside).place == Place::Prep => {
                self.go(Pc::FileStill);
            }
            Pc::FilePlaceLock | Pc::FilePlaceLook => self.place_anew(),
            Pc::FileStill if lock == seen => self.go(Pc::FileAside),
            Pc::FileStill => {
                if aside != NONE {
                    self.state.inode_mut(aside).place = Place::None;
                }
                self.look_away();
            }
            Pc::FileAside => {
                let placed = aside != NONE && self.state.inode(aside).place == Place::Prep;
                let refused = lock == NONE || placed && !self.state.inode(lock).file;
                if placed {
                    // Replaced by what is renamed, or removed because that failed.
                    self.state.inode_mut(aside).place = Place::None;
                }
                if refused {
                    return self.look_away();
                }
                self.note_removal(lock);
                self.state.lock = NONE;
                self.state.inode_mut(lock).place = Place::Prep;
                (self.me().aside, self.me().aside_lock) = (lock, Flock::No);
                self.go(Pc::FileCompare);
            }
            Pc::FileCompare if aside == seen => self.go(Pc::FileDelete),
            Pc::FileCompare => self.go(Pc::FilePutBack),
            Pc::FilePutBack => {
                // Refused if the name is taken again.
                if lock == NONE && self.state.inode(aside).place == Place::Prep {
                    self.state.lock = aside;
                    self.state.inode_mut(aside).place = Place::None;
                }
                self.go(Pc::FileDelete);
            }
            Pc::FileDelete => {
                // A file; a directory stays where it is.
                if self.state.inode(aside).file {
                    self.state.inode_mut(aside).place = Place::None;
                }
                self.look_away();
            }
            other => unreachable!("{other:?} is no step of clearing a lock file"),
        }
    }

    fn place_anew(&mut self) {
        (self.me().aside, self.me().aside_lock) = (NONE, Flock::No);
        self.go(Pc::FilePlace);
    }
}
