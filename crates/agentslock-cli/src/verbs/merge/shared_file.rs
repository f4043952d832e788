//! Changing lines of a file that others change as well: other installs, git, an editor, a person.
//!
//! | step | if the process dies here, or another one acts here |
//! |---|---|
//! | the file is read; if it is missing, what git's index has, once no git is at work | nothing happened |
//! | nothing to change: done | no lock was taken |
//! | the file's lock is taken | the next one replaces a dead holder |
//! | the file is read again, and the new one is made beside it | a temporary is left, which is ignored |
//! | does the lock still hold, and is the file the one that was read? | if not: another round |
//! | the new file takes the name | all of the lines are there, or none |

use std::io::Write;
use std::path::Path;

use filelock::LockGuard;
use fsops::{AtomicFile, Contents, Durability, ReplaceError};

use super::git;
use crate::flags::Common;
use crate::io::failure::{Failure, LOCKED};
use crate::{lock_wait, sys};

/// How often the file may have been changed meanwhile.
const ROUNDS: u32 = 5;

/// A file of lines, and what git has if the file is missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct SharedFile<'a> {
    /// How long to wait for other installs and gits.
    pub(super) common: &'a Common,
    pub(super) path: &'a Path,
    /// Its name, if it is a file of the checkout. git does not read it through a link. A sparse
    /// checkout can leave it out.
    pub(super) in_checkout: Option<&'static str>,
}

impl SharedFile<'_> {
    /// Whether `change` would change it. Nothing is written.
    pub(super) fn would_change(
        &self,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<bool, Failure> {
        Ok(change(&self.read()?.0).is_some())
    }

    /// Replaces it by what `change` makes of it; `None` leaves it. Returns whether it was changed.
    /// A file that becomes empty is removed: we made it.
    pub(super) fn change(
        &self,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<bool, Failure> {
        if !self.would_change(&change)? {
            return Ok(false);
        }
        sys::wait_begins();
        let guard = lock_wait::options(self.common, self.path).acquire(self.path)?;
        for _ in 0..ROUNDS {
            let (before, contents) = self.read()?;
            let Some(after) = change(&before) else {
                let _ = guard.release();
                return Ok(false);
            };
            match self.replace(&guard, &contents, &after) {
                Err(Stopped::Changed) => continue,
                Err(Stopped::Failed(failure)) => return Err(failure),
                Ok(()) => {}
            }
            // The file is in place. A lock that was lost by now takes nothing back.
            let _ = guard.release();
            return Ok(true);
        }
        let path = self.path.display();
        let message = format!("`{path}` was changed {ROUNDS} times meanwhile; run this again");
        Err(Failure::new(LOCKED, "changed", message))
    }

    /// Puts `after` in the place of what was read, or removes that.
    fn replace(&self, guard: &LockGuard, read: &Contents, after: &[u8]) -> Result<(), Stopped> {
        let mut file = AtomicFile::replacing(self.path, &read.version, Durability::Full)?;
        // A link that came to be since we looked for one.
        let own_path = std::path::absolute(self.path);
        if self.in_checkout.is_some() && own_path.is_ok_and(|path| path != file.target()) {
            return Err(self.is_link().into());
        }
        file.write_all(after).map_err(|source| self.failed("write the new content of", source))?;
        let file = file.make_ready()?;
        guard.verify().map_err(Failure::from)?;
        let is_current = read.version.is_current(self.path);
        if !is_current.map_err(|source| self.failed("examine", source))? {
            return Err(Stopped::Changed);
        }
        if after.is_empty() {
            file.remove_target()?;
        } else {
            file.commit()?;
        }
        Ok(())
    }

    fn is_link(&self) -> Failure {
        git::refused(self.path, "is a symbolic link, and git does not use it through one")
    }

    /// Its text, and what it was read from. A file that is not in the checkout is as git's index
    /// has it. A sparse checkout leaves it out, or git is about to write it.
    fn read(&self) -> Result<(Vec<u8>, Contents), Failure> {
        if self.in_checkout.is_some() && self.path.is_symlink() {
            return Err(self.is_link());
        }
        let contents = fsops::read(self.path)?;
        if contents.bytes.is_some() || self.in_checkout.is_none() {
            return Ok((contents.bytes.clone().unwrap_or_default(), contents));
        }
        git::await_checkout(self.common.wait())?;
        let contents = fsops::read(self.path)?;
        let bytes = match &contents.bytes {
            Some(bytes) => bytes.clone(),
            None => git::in_index(self.path)?.unwrap_or_default(),
        };
        Ok((bytes, contents))
    }

    fn failed(&self, verb: &'static str, source: std::io::Error) -> Failure {
        ReplaceError::Io { verb, path: self.path.to_owned(), source }.into()
    }
}

/// Why a round wrote nothing.
enum Stopped {
    /// The file is another one than the one that was read.
    Changed,
    Failed(Failure),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ReplaceError> for Stopped {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::Changed { .. } => Self::Changed,
            error => Self::Failed(error.into()),
        }
    }
}
