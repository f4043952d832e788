//! One round: the file under its lock, replaced, removed or left alone. The steps are in
//! `rounds.rs`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use filelock::{LockGuard, NotHeld, ReleaseError, VerifyError};
use fsops::{AtomicFile, Durability, ReadyFile, ReplaceError, Version};

use crate::error::{Disturbance, Error};
use crate::git;

/// How old a temporary must be to count as left over. The lock's TTL: nobody is that slow and still
/// holds the lock in the eyes of all.
const LEFT_OVER: Duration = filelock::TTL;

/// A file whose lock is held. Dropping it releases the lock and leaves the file as it is.
#[derive(Debug)]
#[must_use = "dropping it releases the lock at once"]
pub struct Held {
    path: Arc<Path>,
    durability: Durability,
    guard: LockGuard,
}

/// How a round ended, if not by an error.
#[derive(Debug)]
#[must_use = "a round that was disturbed wrote nothing"]
pub enum Outcome {
    /// The file is as the round wants it.
    Done,
    /// The new content is in place, or the file is removed, but the directory's sync failed; or
    /// another program's file was displaced ([`ReplaceError::Displaced`]).
    NotDurable(ReplaceError),
    /// Nothing was written.
    Disturbed(Disturbance),
}

impl Held {
    pub(crate) fn new(path: Arc<Path>, durability: Durability, guard: LockGuard) -> Self {
        Self { path, durability, guard }
    }

    /// The file's path, absolute; links are not followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lock.
    pub fn guard(&self) -> &LockGuard {
        &self.guard
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
        let end = |file: ReadyFile| file.commit();
        self.finish(read, write, still_held, end)
    }

    /// Removes the file, of which `read` is the version that was read, if `still_held` returns `Ok`
    /// right before that; and releases the lock. If there was no file, there must be none now.
    ///
    /// The file goes as one that is replaced comes: only if it still is the one that was read. A
    /// process that is killed leaves the file, or none. A symbolic link stays, and leads nowhere
    /// then.
    ///
    /// ```
    /// use lockedfile::{Options, Outcome};
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("queue");
    /// # std::fs::write(&path, "")?;
    /// let options = Options::new();
    /// let mut rounds = options.rounds(&path)?;
    /// loop {
    ///     let held = rounds.lock()?;
    ///     let old = rounds.read()?;
    ///     if old.bytes.is_none_or(|bytes| !bytes.is_empty()) {
    ///         held.keep();
    ///         break;
    ///     }
    ///     match held.remove_if(&old.version, || Ok::<_, lockedfile::Error>(()))? {
    ///         Outcome::Done => break,
    ///         Outcome::Disturbed(by) => rounds.again(by)?,
    ///         Outcome::NotDurable(error) => return Err(error.into()),
    ///     }
    /// }
    /// assert!(!path.exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Write`], [`Error::Verify`], and what `still_held` returns, as it is: the file is
    /// there. [`Error::LockLost`]: it is removed.
    pub fn remove_if<E: From<Error>>(
        self,
        read: &Version,
        still_held: impl FnOnce() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        // The sibling of a file that goes stays empty: its directory is what the removal needs.
        let end = |file: ReadyFile| file.remove_target();
        self.finish(read, |_| Ok(()), still_held, end)
    }

    fn finish<E: From<Error>>(
        self,
        read: &Version,
        write: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
        still_held: impl FnOnce() -> Result<(), E>,
        end: impl FnOnce(ReadyFile) -> Result<(), ReplaceError>,
    ) -> Result<Outcome, E> {
        let outcome = self.write(read, write, still_held, end)?;
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
                Err(Error::LockLost { path: self.path.to_path_buf() })
            }
            _ => Ok(()),
        }
    }

    fn write<E: From<Error>>(
        &self,
        read: &Version,
        write: impl FnOnce(&mut AtomicFile) -> io::Result<()>,
        still_held: impl FnOnce() -> Result<(), E>,
        end: impl FnOnce(ReadyFile) -> Result<(), ReplaceError>,
    ) -> Result<Outcome, E> {
        let path = &*self.path;
        remove_left_overs_once(path);
        let mut file = match AtomicFile::replacing(path, read, self.durability) {
            Ok(file) => file,
            Err(error) => return self.not_written(error),
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
        // A fresh file: git may have begun since.
        let begun = read.is_missing() && git::at_work_on(path).is_some();
        if begun || !self.is_still(read)? {
            return Ok(Outcome::Disturbed(Disturbance::FileChanged));
        }
        match end(file) {
            Ok(()) => Ok(Outcome::Done),
            Err(error) if error.is_committed() => Ok(Outcome::NotDurable(error)),
            Err(error) => self.not_written(error),
        }
    }

    /// A file that is not the one that was read disturbs the round; any other error ends it.
    fn not_written<E: From<Error>>(&self, error: ReplaceError) -> Result<Outcome, E> {
        let error = match error {
            ReplaceError::Changed { .. } => {
                return Ok(Outcome::Disturbed(Disturbance::FileChanged));
            }
            ReplaceError::Io { .. } if is_directory_gone(&self.path) => {
                Error::DirectoryGone { path: self.path.to_path_buf() }
            }
            error => Error::Write(error),
        };
        Err(error.into())
    }

    /// Whether the file still is the one that was read.
    pub(crate) fn is_still(&self, read: &Version) -> Result<bool, Error> {
        let path = &*self.path;
        read.is_current(path).map_err(|source| {
            Error::Write(ReplaceError::Io { verb: "examine", path: path.to_owned(), source })
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

/// Once per process and file: only killed writers leave any.
pub(crate) fn remove_left_overs_once(path: &Path) {
    // As they are spelled: paths are compared component by component, which takes far longer.
    static DONE: Mutex<BTreeSet<OsString>> = Mutex::new(BTreeSet::new());
    let path_text = path.as_os_str();
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !done.contains(path_text) {
        done.insert(path_text.to_owned());
        drop(done);
        // What cannot be removed now does no harm.
        let _ = fsops::remove_left_over_temporaries(path, LEFT_OVER);
    }
}

/// Whether there is no directory for the file at `path`.
pub(crate) fn is_directory_gone(path: &Path) -> bool {
    let metadata = path.parent().map(Path::metadata);
    matches!(metadata, Some(Err(error)) if error.kind() == ErrorKind::NotFound)
}
