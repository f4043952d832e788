//! The commit: the one way in which a file is replaced under its lock.
//!
//! ```text
//! lock                       dies here: the next waiter proves it and goes on
//! read                       not readable: an error; the file is never written over
//! the caller's change        an error or a panic: nothing written, unlocked
//! write and sync a sibling   dies here: a temporary is left, and removed by a later write
//! still ours? still it?      no: another round on what is there now
//! rename                     the commit
//! sync the directory         fails: "written, but not yet durable"
//! unlock                     lost meanwhile: an error if something was written
//! ```
//!
//! The last look is there for writers that do not follow the protocol. They are a person with an
//! editor, a `git checkout`, a foreign peer that judges by the clock.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use filelock::{Lock, LockGuard, NotHeld, ReleaseError, VerifyError};
use fsops::{AtomicFile, Contents, CreatedParents, Durability, ReplaceError, Reread, Version};

use crate::error::{Disturbance, Error};
use crate::options::Options;

/// How many rounds there are at the most while the file or the lock changes under them.
pub const ROUNDS: u32 = 5;

/// How old a temporary must be to count as left over. The lock's TTL: nobody is that slow and still
/// holds the lock in the eyes of all.
const LEFT_OVER: Duration = filelock::TTL;

/// The rounds of one change: each takes the lock, reads, and replaces the file or leaves it alone.
/// [`transform`](crate::transform()) is the whole of it; this is for a program that keeps more than
/// bytes between two rounds.
///
/// ```
/// use lockedfile::{Options, Outcome};
/// use std::io::Write;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("count");
/// let options = Options::new();
/// let mut rounds = options.rounds(&path)?;
/// loop {
///     let held = rounds.lock()?;
///     let old = held.read()?;
///     let count = old.bytes.map_or(0, |bytes| bytes.len()) + 1;
///     match held.replace(&old.version, |file| file.write_all(&vec![b'|'; count]))? {
///         Outcome::Done => break,
///         Outcome::Disturbed(by) => rounds.again(by)?,
///         Outcome::NotDurable(error) => return Err(error.into()),
///     }
/// }
/// assert_eq!(std::fs::read(&path)?, b"|");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Rounds<'a> {
    options: &'a Options,
    /// A handle of the lock, if the caller changes the file again and again.
    lock: Option<&'a Lock>,
    path: PathBuf,
    round: u32,
    /// Removed again if no file came to be.
    created: Option<CreatedParents>,
}

impl Options {
    /// Begins a change of the file at `path`. Missing parent directories are created, and removed
    /// again if no file comes to be in them.
    ///
    /// # Errors
    ///
    /// [`Error::CreateDirectory`].
    pub fn rounds(&self, path: impl AsRef<Path>) -> Result<Rounds<'_>, Error> {
        self.rounds_at(path.as_ref(), None)
    }

    /// A handle of the lock of the file at `path`, for [`rounds_of`](Self::rounds_of). Touches
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Lock`] if the path or an option of the lock is unusable.
    pub fn handle(&self, path: impl AsRef<Path>) -> Result<Lock, Error> {
        Ok(self.lock.lock(path)?)
    }

    /// As [`rounds`](Self::rounds), of the file that `lock` protects, for a program that changes it
    /// again and again: that is faster from the second change on.
    ///
    /// # Errors
    ///
    /// [`Error::CreateDirectory`].
    pub fn rounds_of<'a>(&'a self, lock: &'a Lock) -> Result<Rounds<'a>, Error> {
        self.rounds_at(lock.path(), Some(lock))
    }

    fn rounds_at<'a>(&'a self, path: &Path, lock: Option<&'a Lock>) -> Result<Rounds<'a>, Error> {
        let failed = |source| Error::CreateDirectory { path: path.to_owned(), source };
        let path = std::path::absolute(path).map_err(failed)?;
        let created = fsops::create_parents(&path, self.durability)
            .map_err(|source| Error::CreateDirectory { path: path.clone(), source })?;
        Ok(Rounds { options: self, lock, path, round: 1, created: Some(created) })
    }
}

impl Rounds<'_> {
    /// The file's path, absolute; links are not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the lock for a round.
    ///
    /// # Errors
    ///
    /// [`Error::Lock`].
    pub fn lock(&mut self) -> Result<Held, Error> {
        let guard = match self.lock {
            Some(lock) => lock.acquire()?,
            None => self.options.lock.acquire(&self.path)?,
        };
        Ok(self.adopt(guard))
    }

    /// A round under a lock that the caller has taken in its own way: of another path that stands
    /// for the file, say.
    pub fn adopt(&self, guard: LockGuard) -> Held {
        Held { path: self.path.clone(), durability: self.options.durability, guard }
    }

    /// After a round that was disturbed: on to the next.
    ///
    /// # Errors
    ///
    /// [`Error::Unsettled`] if it was the last one.
    pub fn again(&mut self, last: Disturbance) -> Result<(), Error> {
        if self.round == ROUNDS {
            return Err(Error::Unsettled { path: self.path.clone(), rounds: ROUNDS, last });
        }
        self.round += 1;
        Ok(())
    }
}

impl Drop for Rounds<'_> {
    /// Directories that were created for the file go again if it did not come to be.
    fn drop(&mut self) {
        if let Some(created) = self.created.take() {
            created.remove_if_empty();
        }
    }
}

/// A file whose lock is held. Dropping it releases the lock and leaves the file as it is.
#[derive(Debug)]
#[must_use = "dropping it releases the lock at once"]
pub struct Held {
    path: PathBuf,
    durability: Durability,
    guard: LockGuard,
}

/// How a round ended, if not by an error.
#[derive(Debug)]
#[must_use = "a round that was disturbed wrote nothing"]
pub enum Outcome {
    /// The file is as the round wants it.
    Done,
    /// The new content is in place, but the directory's sync failed.
    NotDurable(ReplaceError),
    /// Nothing was written.
    Disturbed(Disturbance),
}

impl Held {
    /// The file's path, absolute; links are not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lock.
    pub fn guard(&self) -> &LockGuard {
        &self.guard
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`Error::Read`]. A missing file is not an error.
    pub fn read(&self) -> Result<Contents, Error> {
        Ok(fsops::read(&self.path)?)
    }

    /// Reads the file, if it has other bytes than `known`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn reread(&self, known: &[u8]) -> Result<Reread, Error> {
        Ok(fsops::reread(&self.path, known)?)
    }

    /// Replaces the file, of which `read` is the version that was read, by what `write` writes, and
    /// releases the lock.
    ///
    /// # Errors
    ///
    /// [`Error::Write`], [`Error::Verify`]: the file is as it was. [`Error::LockLost`]: it is
    /// written.
    pub fn replace(
        self,
        read: &Version,
        write: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
    ) -> Result<Outcome, Error> {
        self.replace_if(read, write, || Ok(()))
    }

    /// As [`replace`](Self::replace), if `still_held` returns `Ok` right before the file takes its
    /// name: for a caller who holds more than this lock.
    ///
    /// # Errors
    ///
    /// As [`replace`](Self::replace), and what `still_held` returns, as it is, with nothing
    /// written.
    pub fn replace_if<E: From<Error>>(
        self,
        read: &Version,
        write: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
        still_held: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let outcome = self.write(read, write, still_held)?;
        let is_written = matches!(outcome, Outcome::Done);
        self.release(is_written)?;
        Ok(outcome)
    }

    /// Leaves the file as it is, and releases the lock.
    pub fn keep(self) {
        // A lock that is lost by now takes nothing back: nothing was written, or it was appended.
        let _ = self.guard.release();
    }

    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn release(self, is_written: bool) -> Result<(), Error> {
        // If releasing fails in any other way, the guard is dropped. With it goes the OS lock that
        // would tell the next waiter that this process lives.
        match self.guard.release() {
            Err(ReleaseError::NotHeld(NotHeld::Lost { .. })) if is_written => {
                Err(Error::LockLost { path: self.path })
            }
            _ => Ok(()),
        }
    }

    fn write<E: From<Error>>(
        &self,
        read: &Version,
        write: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
        still_held: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let path = &*self.path;
        remove_left_overs_once(path);
        let mut file = match AtomicFile::replacing(path, read, self.durability) {
            Ok(file) => file,
            Err(error) => return changed(error),
        };
        let failed_to = |verb| {
            move |source| Error::Write(ReplaceError::Io { verb, path: path.to_owned(), source })
        };
        write(&mut file).map_err(failed_to("write the new content of"))?;
        let file = file.make_ready().map_err(Error::Write)?;
        if let Some(disturbance) = self.disturbance()? {
            return Ok(Outcome::Disturbed(disturbance));
        }
        still_held()?;
        if !self.is_still(read)? {
            return Ok(Outcome::Disturbed(Disturbance::FileChanged));
        }
        match file.commit() {
            Ok(()) => Ok(Outcome::Done),
            Err(error) if error.is_committed() => Ok(Outcome::NotDurable(error)),
            Err(error) => changed(error),
        }
    }

    /// Whether the file still is the one that was read.
    pub(crate) fn is_still(&self, read: &Version) -> Result<bool, Error> {
        let path = &self.path;
        read.is_current(path).map_err(|source| {
            Error::Write(ReplaceError::Io { verb: "examine", path: path.clone(), source })
        })
    }

    /// Whether the lock was lost.
    pub(crate) fn disturbance(&self) -> Result<Option<Disturbance>, Error> {
        match self.guard.verify() {
            Ok(()) => Ok(None),
            Err(VerifyError::NotHeld(NotHeld::Lost { .. })) => Ok(Some(Disturbance::LockLost)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file that is not the one that was read disturbs the round; any other error ends it.
fn changed<E: From<Error>>(error: ReplaceError) -> Result<Outcome, E> {
    match error {
        ReplaceError::Changed { .. } => Ok(Outcome::Disturbed(Disturbance::FileChanged)),
        error => Err(Error::Write(error).into()),
    }
}

/// Once per process and file: only killed writers leave any.
pub(crate) fn remove_left_overs_once(path: &Path) {
    static DONE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.insert(path.to_owned()) {
        drop(done);
        // What cannot be removed now does no harm.
        let _ = fsops::remove_left_over_temporaries(path, LEFT_OVER);
    }
}
