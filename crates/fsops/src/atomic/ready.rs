//! The last step of a replacement: the new file takes its name.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::exchange::{self, Exchanged, exchange};
use super::left_overs::displaced_name;
use super::removal::{self, Removed, remove};
use super::{AtomicFile, Expected, is_it};
use crate::durability::{Durability, parent_of, sync_name_of, sync_young_names};
use crate::error::ReplaceError;
use crate::sys;

impl AtomicFile {
    /// Does all that can take long or fail, short of taking the name. It looks whether the file
    /// that is replaced has other rights by now, and syncs the new one.
    ///
    /// [`commit`](Self::commit) does this itself. Whoever has something to check right before the
    /// name is taken calls this first.
    ///
    /// # Errors
    ///
    /// [`ReplaceError::Io`]; the temporary is removed. A failed sync is never tried again: the
    /// second try can succeed without having written anything (fsync(2); Linux reports a lost write
    /// once).
    pub fn make_ready(mut self) -> Result<ReadyFile, ReplaceError> {
        self.follow_rights()?;
        let file = self.temporary.file();
        if let Some(rights) = &self.replaced {
            sys::adopt_special_bits(file, rights)
                .map_err(|source| self.failed_to("set the mode of", source))?;
        }
        if self.durability == Durability::Full {
            sys::sync(file).map_err(|source| self.failed_to("sync", source))?;
        }
        Ok(ReadyFile { file: self })
    }

    /// Adopts the rights that the target has now, if they are others than before. (Of a file that
    /// was read, other rights are another version.)
    fn follow_rights(&mut self) -> Result<(), ReplaceError> {
        if self.expected != Expected::Anything {
            return Ok(());
        }
        let look = self.temporary.place().look();
        let found = match look.map_err(|source| self.failed_to("examine", source))? {
            Some(found) if found.not_regular().is_none() => found,
            // If it went away meanwhile, or is something else now, as if it had not.
            _ => return Ok(()),
        };
        if self.replaced.as_ref().is_some_and(|rights| rights.are_of(&found)) {
            return Ok(());
        }
        let rights = sys::Rights::of_path(&self.target, &found)
            .map_err(|source| self.failed_to("read the rights of", source))?;
        sys::close_to_others(self.temporary.file());
        self.adopt(&rights)?;
        self.replaced = Some(rights);
        Ok(())
    }

    /// Takes the place of the target.
    ///
    /// # Errors
    ///
    /// After [`ReplaceError::NotDurable`] the new content is in place. After any other error the
    /// old file stands, and the temporary is removed. [`ReplaceError::Changed`] comes only if one
    /// file was to be [replaced](Self::replacing).
    pub fn commit(self) -> Result<(), ReplaceError> {
        self.make_ready()?.commit()
    }
}

/// How the new file takes its name.
impl AtomicFile {
    /// Exchanges names with the file that was read, and removes that. `false`: nothing was done.
    ///
    /// A file that is not synced is renamed: ext4 writes such a file's data before its new name. It
    /// does so only for a rename over another file (`ext4_rename`), not for an exchange.
    fn exchange(&mut self) -> Result<bool, ReplaceError> {
        let (Expected::This(read), Durability::Full) = (self.expected, self.durability) else {
            return Ok(false);
        };
        let own = self.temporary.own_state().map_err(|source| self.failed_to("examine", source))?;
        let is_old = is_old(read, self.replaced.as_ref());
        let error = match exchange(&mut Pair(&mut self.temporary), own, is_old) {
            Exchanged::Unsupported => return Ok(false),
            Exchanged::Done => {
                // What cannot be removed is a temporary to the next writer.
                let _ = self.temporary.remove();
                return Ok(true);
            }
            Exchanged::Changed => ReplaceError::Changed { path: self.target.clone() },
            Exchanged::Failed(source) => self.not_renamed(source),
            Exchanged::Displaced(source) => {
                let (path, displaced) = self.leave();
                ReplaceError::Displaced { path, displaced, source }
            }
            Exchanged::Unclear(source) => {
                let (path, left) = self.leave();
                ReplaceError::Unclear { path, left, source }
            }
        };
        self.sync_put_back();
        Err(error)
    }

    /// Takes the name from the file that was read, and removes that.
    fn remove_read(&mut self) -> Result<(), ReplaceError> {
        let Expected::This(read) = self.expected else { return self.unlink() };
        let is_old = is_old(read, self.replaced.as_ref());
        let error = match remove(&mut Pair(&mut self.temporary), is_old) {
            Removed::Done => {
                // What cannot be removed is a temporary to the next writer.
                let _ = self.temporary.remove();
                return Ok(());
            }
            Removed::Unsupported => return self.unlink(),
            Removed::Changed => ReplaceError::Changed { path: self.target.clone() },
            // A directory in its place is no failure of the removal.
            Removed::Failed(source) => match check(self) {
                Err(changed @ ReplaceError::Changed { .. }) => changed,
                _ => ReplaceError::Io { verb: "remove", path: self.target.clone(), source },
            },
            Removed::Displaced(source) => {
                let (path, left) = self.leave();
                ReplaceError::Unclear { path, left, source }
            }
        };
        self.sync_put_back();
        Err(error)
    }

    /// Removes whatever has the name. A missing file is no error.
    fn unlink(&self) -> Result<(), ReplaceError> {
        match self.temporary.place().remove() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => {
                Err(ReplaceError::Io { verb: "remove", path: self.target.clone(), source })
            }
            Ok(()) => Ok(()),
        }
    }

    /// What the temporary's name has stays, and gets a name that no writer takes for a left-over.
    /// Returns the target, and where it is.
    fn leave(&mut self) -> (PathBuf, PathBuf) {
        let (path, at_first) = (self.target.clone(), self.path_of_temporary());
        let name = displaced_name(&self.target, self.temporary.name());
        let is_named = self.temporary.leave_as(&name);
        let left = if is_named { self.target.with_file_name(name) } else { at_first };
        (path, left)
    }

    /// Another program can have synced the name of what was put back: a power cut must not undo
    /// that. If it cannot be synced, all is as the error says, until then.
    fn sync_put_back(&self) {
        if self.durability == Durability::Full {
            let _ = self.temporary.place().sync_renamed(self.temporary.file());
        }
    }

    /// Renames it over what has the name, or to a free name, as was asked for.
    fn rename(&mut self) -> Result<(), ReplaceError> {
        let exclusively = self.expected == Expected::Nothing;
        match self.temporary.persist(!exclusively) {
            Ok(()) => Ok(()),
            Err(source) if exclusively && source.kind() == ErrorKind::AlreadyExists => {
                Err(ReplaceError::Changed { path: self.target.clone() })
            }
            Err(source) => Err(self.not_renamed(source)),
        }
    }

    fn not_renamed(&self, source: io::Error) -> ReplaceError {
        let path = self.target.clone();
        if self.temporary.place().is_mount_point(&source) {
            ReplaceError::MountPoint { path, source }
        } else {
            ReplaceError::Io { verb: "rename into place", path, source }
        }
    }
}

/// The two names of a temporary: its own, and the one that it is to get.
struct Pair<'a>(&'a mut sys::Temporary);

impl exchange::Names for Pair<'_> {
    type File = sys::FileState;

    fn exchange(&mut self, at_temporary: Option<&Self::File>) -> io::Result<bool> {
        self.0.exchange(at_temporary)
    }

    fn at_temporary(&mut self) -> io::Result<Option<Self::File>> {
        self.0.state_at_name()
    }

    fn is_same(one: &Self::File, other: &Self::File) -> bool {
        one.is_same_file(other)
    }

    fn is_new_removed(&mut self) -> bool {
        self.0.is_removed()
    }
}

impl removal::Names for Pair<'_> {
    type File = sys::FileState;

    fn take(&mut self) -> io::Result<bool> {
        self.0.take_target()
    }

    fn at_temporary(&mut self) -> io::Result<Option<Self::File>> {
        self.0.state_at_name()
    }

    fn at_name(&mut self) -> io::Result<Option<Self::File>> {
        self.0.state_at_target()
    }

    fn give_back(&mut self) -> io::Result<()> {
        self.0.persist(false)
    }
}

/// Whether a file is the one that was `read`, whatever its name, and with the rights that the new
/// one has.
fn is_old(
    read: sys::Fingerprint,
    rights: Option<&sys::Rights>,
) -> impl FnOnce(&sys::FileState) -> bool + '_ {
    move |state| {
        state.version == read.without_change()
            && rights.is_none_or(|rights| rights.have_owner_and_mode_of(state))
    }
}

/// Whether what is replaced still is the file that was read.
fn check(file: &AtomicFile) -> Result<(), ReplaceError> {
    let AtomicFile { temporary, target, expected, .. } = file;
    let Expected::This(version) = expected else { return Ok(()) };
    let place = temporary.place();
    let look = place.look().map_err(|source| ReplaceError::Io {
        verb: "examine",
        path: target.clone(),
        source,
    })?;
    match look {
        Some(found) if is_it(place, &found, version, target)? => Ok(()),
        _ => Err(ReplaceError::Changed { path: target.clone() }),
    }
}

/// An [`AtomicFile`] that has all but the name. Dropping it discards it.
#[derive(Debug)]
#[must_use = "a file that is not committed is discarded"]
pub struct ReadyFile {
    file: AtomicFile,
}

impl ReadyFile {
    /// Takes the place of the target.
    ///
    /// # Errors
    ///
    /// See [`AtomicFile::commit`].
    pub fn commit(self) -> Result<(), ReplaceError> {
        check(&self.file)?;
        let mut file = self.file;
        if !file.exchange()? {
            file.rename()?;
        }
        let AtomicFile { temporary, target, durability, .. } = file;
        if durability == Durability::Atomic {
            return Ok(());
        }
        // Whoever created the directory may not have synced its name yet.
        let synced = temporary.place().sync_renamed(temporary.file());
        synced
            .and_then(|()| sync_young_names(&parent_of(&target), None))
            .map_err(|source| ReplaceError::NotDurable { path: target, source })
    }

    /// Removes the target, instead of taking its place. If there was [none](AtomicFile::replacing)
    /// when it was read, there must be none now.
    ///
    /// Only the file that was read is removed. What another program puts in its place, up to the
    /// last moment, stays or is put back.
    ///
    /// # Errors
    ///
    /// See [`AtomicFile::commit`]. After [`ReplaceError::NotDurable`] it is removed. A missing
    /// target is no error.
    ///
    /// # Platform behavior
    ///
    /// On Windows, a file that comes there between the last look and the removal is removed.
    pub fn remove_target(self) -> Result<(), ReplaceError> {
        check(&self.file)?;
        let mut file = self.file;
        if file.expected == Expected::Nothing {
            let path = file.target.clone();
            return match file.temporary.place().look() {
                Ok(None) => Ok(()),
                Ok(Some(_)) => Err(ReplaceError::Changed { path }),
                Err(source) => Err(ReplaceError::Io { verb: "examine", path, source }),
            };
        }
        file.remove_read()?;
        let AtomicFile { temporary, target, durability, .. } = file;
        if durability == Durability::Atomic {
            return Ok(());
        }
        let synced = temporary.place().sync_renamed(temporary.file());
        synced.map_err(|source| ReplaceError::NotDurable { path: target, source })
    }

    /// Renames the target to `aside`, unless something is there; a relative path starts at the
    /// target's directory. From then on this file takes the target's name only if that is free.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::AlreadyExists`] if something is at `aside`, or another answer of the
    /// operating system: nothing was renamed. If the directory of `aside`, another one, could not
    /// be synced, the target has its new name.
    ///
    /// # Platform behavior
    ///
    /// Linux and macOS rename in one step. Elsewhere, and on file systems that cannot do that, a
    /// process that dies in between leaves both names.
    pub fn move_target_aside(&mut self, aside: impl AsRef<Path>) -> io::Result<()> {
        let parent = parent_of(&self.file.target);
        let aside = parent.join(aside);
        let is_sibling = aside.parent() == Some(&*parent);
        self.file.temporary.place().rename_new(&aside, is_sibling)?;
        self.file.expected = Expected::Nothing;
        // The target's own directory is synced once both names in it are right.
        if !is_sibling && self.file.durability == Durability::Full {
            sync_name_of(&aside)?;
        }
        Ok(())
    }
}
