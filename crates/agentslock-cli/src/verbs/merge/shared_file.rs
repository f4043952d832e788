//! Changing lines of a file that others change as well: other installs, git, an editor, a person.
//!
//! The lock, the last looks and the commit are `lockedfile`'s (its `rounds.rs` has the steps). What
//! is added here:
//!
//! | step | if the process dies here, or another one acts here |
//! |---|---|
//! | the file is read; if it is missing, what git's index has, once no git is at work | nothing happened |
//! | nothing to change: done | no lock was taken |
//! | a round: the same under the lock | the next one replaces a dead holder |
//! | right before the commit: is it a link by now? | refused, and nothing was written |
//! | the new file takes the name, or the file goes | all of the lines are there, or none |
//!
//! A file without lines is removed. But if a sparse checkout leaves it out, that would change
//! nothing: git has it in the index. Then it is made, and is empty.

use std::io::Write;
use std::path::Path;

use fsops::Version;
use lockedfile::{Doubt, Options, Outcome, Rounds, Settled};

use super::git;
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::{lock_wait, sys};

/// A file of lines, and what git has if the file is missing.
#[derive(Clone, Copy, Debug)]
pub(in crate::verbs) struct SharedFile<'a> {
    /// How long to wait for other installs and gits.
    pub(in crate::verbs) common: &'a Common,
    pub(in crate::verbs) path: &'a Path,
    /// Its name, if it is a file of the checkout. git does not read it through a link. A sparse
    /// checkout can leave it out.
    pub(in crate::verbs) in_checkout: Option<&'static str>,
}

/// How a file is changed.
enum Step {
    Write(Vec<u8>),
    Remove,
}

impl SharedFile<'_> {
    /// Whether `change` would change it. Nothing is written.
    pub(in crate::verbs) fn would_change(
        &self,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<bool, Failure> {
        // A look needs no certainty: what is written was read under the lock.
        let (before, read) = self.read(|| Ok(Settled::Believed))?;
        Ok(self.plan(&before, &read, change)?.is_some())
    }

    /// Replaces it by what `change` makes of it; `None` leaves it. Returns whether it was changed.
    /// A file that becomes empty is removed: we made it.
    pub(in crate::verbs) fn change(
        &self,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<bool, Failure> {
        if !self.would_change(&change)? {
            return Ok(false);
        }
        sys::wait_begins();
        let options = Options::new().lock(lock_wait::options(self.common, self.path));
        let mut rounds = options.rounds(self.path)?;
        loop {
            match self.round(&mut rounds, &change)? {
                Some(Outcome::Done) => return Ok(true),
                Some(Outcome::NotDurable(error)) => return Err(error.into()),
                Some(Outcome::Disturbed(by)) => rounds.again(by)?,
                None => return Ok(false),
            }
        }
    }

    /// One try under the lock; `None`: there is nothing to change.
    fn round(
        &self,
        rounds: &mut Rounds<'_>,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<Outcome>, Failure> {
        let held = rounds.lock()?;
        let (before, read) = self.read(|| Ok(rounds.settle(Doubt::Missing)?))?;
        let Some(step) = self.plan(&before, &read, change)? else {
            held.keep();
            return Ok(None);
        };
        let outcome = match step {
            Step::Remove => held.remove_if(&read, || self.refuse_link()),
            Step::Write(after) => {
                held.replace_if(&read, |file| file.write_all(&after), || self.refuse_link())
            }
        };
        outcome.map(Some)
    }

    /// What is to be done to a file that has `before`; `None`: nothing.
    fn plan(
        &self,
        before: &[u8],
        read: &Version,
        change: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<Step>, Failure> {
        Ok(match change(before) {
            Some(after) if !after.is_empty() => Some(Step::Write(after)),
            Some(_) if !read.is_missing() => Some(Step::Remove),
            // Whoever removed it has taken our lines out already.
            Some(after) => git::is_left_out(self.path)?.then_some(Step::Write(after)),
            None => None,
        })
    }

    /// Git does not read a file of the checkout through a link.
    fn refuse_link(&self) -> Result<(), Failure> {
        if self.in_checkout.is_some() && self.path.is_symlink() {
            let why = "is a symbolic link, and git does not use it through one";
            return Err(git::refused(self.path, why));
        }
        Ok(())
    }

    /// Its text, and the version that was read. `settle` says whether a missing file is to be
    /// believed. A file that is not in the checkout is as git's index has it. A sparse checkout
    /// leaves it out, or git is about to write it.
    fn read(
        &self,
        mut settle: impl FnMut() -> Result<Settled, Failure>,
    ) -> Result<(Vec<u8>, Version), Failure> {
        loop {
            self.refuse_link()?;
            let contents = fsops::read(self.path)?;
            if let Some(bytes) = contents.bytes {
                return Ok((bytes, contents.version));
            }
            if settle()? == Settled::Changed {
                continue;
            }
            if self.in_checkout.is_none() {
                return Ok((Vec::new(), contents.version));
            }
            // Git itself knows where it keeps its lock, whatever the environment says.
            git::await_checkout(self.common.wait())?;
            let contents = fsops::read(self.path)?;
            let bytes = match contents.bytes {
                Some(bytes) => bytes,
                None => git::in_index(self.path)?.unwrap_or_default(),
            };
            return Ok((bytes, contents.version));
        }
    }
}
