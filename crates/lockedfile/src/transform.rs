//! Reading a file, changing it, and replacing it, under one hold of its lock.

use std::io::Write;
use std::path::Path;

use crate::error::{Disturbance, Error};
use crate::held::Outcome;
use crate::options::Options;
use crate::settle::{Doubt, Settled};

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Done {
    /// The file was replaced, or created.
    Written,
    /// All was already as it should be. The file was not touched: same inode, same times.
    Unchanged,
}

/// Changes the file at `path` by `change`, with the default [`Options`].
///
/// # Errors
///
/// See [`Options::transform`].
pub fn transform<E, F>(path: impl AsRef<Path>, change: F) -> Result<Done, E>
where
    F: FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
    E: From<Error>,
{
    Options::new().transform(path, change)
}

impl Options {
    /// Changes the file at `path` by `change`, under the file's lock: no other writer that takes
    /// the lock writes between the reading and the writing.
    ///
    /// `change` gets the file's bytes, or `None` if there is no file. It returns the new bytes, or
    /// `None` to leave the file alone. If it returns an error or panics, nothing is written.
    ///
    /// It is `FnMut` because it can run more than once:
    ///
    /// - First it runs on the file as it is without the lock. If it changes nothing then, that is
    ///   the answer, and the lock is not taken ([`first_look`](Self::first_look)).
    /// - It runs again if a program without the lock changed the file meanwhile, or if the lock was
    ///   lost to a foreign peer. It then gets the file as it is by then, up to
    ///   [`ROUNDS`](crate::ROUNDS) times.
    ///
    /// Readers see the old or the new content, whole. Mode, owner, group, access list and a
    /// symbolic link at `path` stay. A writer that is killed leaves the old or the new content, and
    /// at most a temporary, which a later write removes. Missing parent directories are created.
    ///
    /// Git and some editors replace a file by removing it and creating it again. So `change` gets
    /// `None` only after the file stayed missing for 200 ms, with no git operation under way in its
    /// checkout. Git is waited for up to the lock's timeout. A new file never takes the place of
    /// one that another program made meanwhile.
    ///
    /// # Errors
    ///
    /// What `change` returns, as it is, and [`Error`]. After [`Error::NotDurable`] and
    /// [`Error::LockLost`] the new content is in place; after any other error the file is as it
    /// was.
    pub fn transform<E, F>(&self, path: impl AsRef<Path>, mut change: F) -> Result<Done, E>
    where
        F: FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
        E: From<Error>,
    {
        if self.first_look
            && let Some(answer) = self.look(path.as_ref(), &mut change)
        {
            return answer;
        }
        let mut rounds = self.rounds(path)?;
        loop {
            let held = rounds.lock()?;
            let old = rounds.read_opaque()?;
            // An error or a panic drops the lock's handle: nothing written, unlocked.
            let new = change(old.bytes.as_deref())?;
            let Some(new) = new.filter(|new| Some(new) != old.bytes.as_ref()) else {
                // "No file" is an answer only if it stays one: another program may be replacing it.
                if old.bytes.is_none() && !held.is_still(&old.version)? {
                    held.keep();
                    rounds.again(Disturbance::FileChanged)?;
                    continue;
                }
                held.keep();
                return Ok(Done::Unchanged);
            };
            match held.replace(&old.version, |file| file.write_all(&new))? {
                Outcome::Done => return Ok(Done::Written),
                Outcome::NotDurable(error) => return Err(Error::NotDurable(error).into()),
                Outcome::Disturbed(by) => rounds.again(by)?,
            }
        }
    }
}

impl Options {
    /// The answer of a look without the lock; `None`: it takes the lock to know.
    ///
    /// Files that this crate writes are replaced whole. So what is read was the file at one moment,
    /// and if `change` leaves that alone, it was as `change` wants it at that moment. What another
    /// program writes in place can be read half-written: only a look at a file that still is the
    /// one that was read counts.
    fn look<E, F>(&self, path: &Path, change: &mut F) -> Option<Result<Done, E>>
    where
        F: FnMut(Option<&[u8]>) -> Result<Option<Vec<u8>>, E>,
    {
        let old = fsops::read(path).ok()?;
        // It may be about to come back.
        let is_settled = || self.settling(path).settle(Doubt::Missing);
        if old.bytes.is_none() && !matches!(is_settled(), Ok(Settled::Believed)) {
            return None;
        }
        let new = change(old.bytes.as_deref());
        let leaves_alone = match &new {
            Ok(None) => true,
            Ok(Some(new)) => Some(new) == old.bytes.as_ref(),
            Err(_) => old.bytes.is_some(),
        };
        if !leaves_alone || !old.version.is_current(path).unwrap_or(false) {
            return None;
        }
        Some(new.map(|_| Done::Unchanged))
    }
}
