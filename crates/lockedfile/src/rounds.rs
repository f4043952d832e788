//! The commit: the one way in which a file is replaced under its lock.
//!
//! ```text
//! is the directory there?    no: created, if the caller has not seen it before; removed again if no
//!                            file comes to be
//! lock                       dies here: the next waiter proves it and goes on. The directory is gone
//!                            by now: an error; nothing is created again
//! read                       not readable: an error; the file is never written over. Missing: it may
//!                            be about to come back (settle.rs); seen before: an error
//! the caller's change        an error or a panic: nothing written, unlocked
//! write and sync a sibling   dies here: a temporary is left, and removed by a later write
//! still ours? still it?      no: another round on what is there now. A fresh file: no git at work?
//! take the name              the commit. A fresh file never takes the place of another one; a synced
//!                            one only that of the file that was read (`fsops`, `exchange.rs`)
//! sync the directory         fails: "written, but not yet durable"
//! unlock                     lost meanwhile: an error if something was written
//! ```
//!
//! The last look is there for writers that do not follow the protocol. They are a person with an
//! editor, a `git checkout`, a foreign peer that judges by the clock.

use std::path::Path;
use std::sync::Arc;

use filelock::{AcquireError, Lock, LockGuard};
use fsops::{Contents, CreatedParents, ReadFileError, Reread, Version};

use crate::error::{Disturbance, Error};
use crate::git;
use crate::held::{Held, is_directory_gone};
use crate::left_out::left_out;
use crate::options::Options;
use crate::settle::{Doubt, LOOKS, PAUSE, Settled, Settling, is_quiet};

/// How many rounds there are at the most while the file or the lock changes under them.
pub const ROUNDS: u32 = 5;

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
///     let old = rounds.read()?;
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
    path: Arc<Path>,
    round: u32,
    /// Removed again if no file came to be.
    created: Option<CreatedParents>,
    /// Whether the file was there, for the caller or in a round.
    seen: bool,
    settling: Settling<'a>,
}

/// What a caller has found at a path before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// Nothing, or it has not looked.
    #[default]
    Nothing,
    /// The directory of the file. If it is gone, it is not created again.
    Directory,
    /// The file. If it is gone, no new one is made.
    File,
}

impl Seen {
    /// What a caller who has read the file at `path` has seen.
    pub fn of(path: impl AsRef<Path>, read: &Version) -> Self {
        let has_directory = |path: &Path| path.parent().is_some_and(is_there);
        match read.is_missing() {
            false => Self::File,
            true if has_directory(path.as_ref()) => Self::Directory,
            true => Self::Nothing,
        }
    }
}

impl Options {
    /// Begins a change of the file at `path`. Missing parent directories are created, and removed
    /// again if no file comes to be in them.
    ///
    /// # Errors
    ///
    /// [`Error::CreateDirectory`].
    pub fn rounds(&self, path: impl AsRef<Path>) -> Result<Rounds<'_>, Error> {
        let path = path.as_ref();
        let failed = |source| Error::CreateDirectory { path: path.to_owned(), source };
        self.rounds_at(&std::path::absolute(path).map_err(failed)?, None, Seen::Nothing)
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
    /// again and again: that is faster from the second change on. What the program has `seen` is
    /// not made again.
    ///
    /// # Errors
    ///
    /// [`Error::CreateDirectory`], [`Error::DirectoryGone`].
    pub fn rounds_of<'a>(&'a self, lock: &'a Lock, seen: Seen) -> Result<Rounds<'a>, Error> {
        self.rounds_at(lock.path(), Some(lock), seen)
    }

    /// The wait for the file at `path`, if another program may be replacing it.
    pub fn settling(&self, path: impl AsRef<Path>) -> Settling<'_> {
        Settling::new(path.as_ref().into(), &self.lock)
    }

    /// `path`: absolute.
    fn rounds_at<'a>(
        &'a self,
        path: &Path,
        lock: Option<&'a Lock>,
        seen: Seen,
    ) -> Result<Rounds<'a>, Error> {
        let path = Arc::<Path>::from(path);
        let mut settling = Settling::new(Arc::clone(&path), &self.lock);
        let mut created = None;
        if !is_there(&path) {
            // Before the lock changes the directory.
            let was_quiet = is_quiet(&path);
            created = self.create_parents(&path, seen)?;
            let is_new = created.as_ref().is_some_and(|created| !created.is_empty());
            settling.set_quiet(was_quiet || is_new);
        }
        let seen = seen == Seen::File;
        Ok(Rounds { options: self, lock, path, round: 1, created, seen, settling })
    }

    fn create_parents(&self, path: &Path, seen: Seen) -> Result<Option<CreatedParents>, Error> {
        if seen >= Seen::Directory {
            // One that may not be looked at is there: the next call says what is wrong with it.
            if is_directory_gone(path) {
                return Err(Error::DirectoryGone { path: path.into() });
            }
            return Ok(None);
        }
        fsops::create_parents(path, self.durability)
            .map(Some)
            .map_err(|source| Error::CreateDirectory { path: path.to_owned(), source })
    }
}

/// Whether there is something that `path` leads to, as far as we may look.
fn is_there(path: &Path) -> bool {
    path.try_exists().unwrap_or(false)
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
    /// [`Error::Lock`], [`Error::DirectoryGone`].
    pub fn lock(&mut self) -> Result<Held, Error> {
        let guard = match self.lock {
            Some(lock) => lock.acquire(),
            None => self.options.lock.acquire(&self.path),
        };
        let guard = guard.map_err(|error| match error {
            AcquireError::Io { .. } if is_directory_gone(&self.path) => {
                Error::DirectoryGone { path: self.path.to_path_buf() }
            }
            error => error.into(),
        })?;
        Ok(self.adopt(guard))
    }

    /// A round under a lock that the caller has taken in its own way. It can be that of another
    /// path that stands for the file, or one that a task has waited for.
    ///
    /// ```
    /// # async fn append(log: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
    /// # let sleep = |_pause: std::time::Duration| std::future::ready(());
    /// use lockedfile::Options;
    ///
    /// // In a task; `sleep` is the runtime's. Dropping the task here leaves nothing behind.
    /// let guard = filelock::LockOptions::new().acquire_async(log, sleep).await?;
    /// let options = Options::new();
    /// let mut rounds = options.rounds(log)?;
    /// let held = rounds.adopt(guard);
    /// held.append(&mut rounds, &[r#"{"event":"started"}"#], fsops::TornTail::default())?;
    /// held.keep(); // releases the lock
    /// # Ok(())
    /// # }
    /// ```
    pub fn adopt(&self, guard: LockGuard) -> Held {
        Held::new(Arc::clone(&self.path), self.options.durability, guard)
    }

    /// Reads the file, under the lock. A file that is missing is waited for, up to the lock's
    /// timeout, if another program may be replacing it.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::BeingReplaced`], [`Error::Removed`], [`Error::LeftOut`],
    /// [`Error::DirectoryGone`]. A file that was missing from the start is not an error.
    pub fn read(&mut self) -> Result<Contents, Error> {
        loop {
            match fsops::read(&self.path) {
                Ok(contents) if contents.bytes.is_none() => match self.missing()? {
                    Settled::Changed => {}
                    Settled::Believed => return Ok(contents),
                },
                Err(error @ ReadFileError::DanglingLink { .. }) => match self.missing()? {
                    Settled::Changed => {}
                    Settled::Believed => return Err(error.into()),
                },
                other => return Ok(self.saw(other?)),
            }
        }
    }

    /// Reads the file as [`read`](Self::read) does, for a caller who cannot tell a whole file from
    /// the beginning of one. While git is at work in the file's checkout, a file that was changed
    /// less than 200 ms ago is not believed. The wait for that lasts 200 ms at most.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn read_opaque(&mut self) -> Result<Contents, Error> {
        for _ in 0..LOOKS {
            let contents = self.read()?;
            if !contents.version.is_younger_than(PAUSE) || git::at_work_on(&self.path).is_none() {
                return Ok(contents);
            }
            self.settling.pause()?;
        }
        self.read()
    }

    /// Reads the file as [`read`](Self::read) does, if it has other bytes than `known`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reread(&mut self, known: &[u8]) -> Result<Reread, Error> {
        match fsops::reread(&self.path, known) {
            Ok(Reread::Other(contents)) if contents.bytes.is_none() => {}
            Err(ReadFileError::DanglingLink { .. }) => {}
            Ok(Reread::Other(contents)) => return Ok(Reread::Other(self.saw(contents))),
            same => {
                self.seen = true;
                return Ok(same?);
            }
        }
        Ok(Reread::Other(self.read()?))
    }

    /// Waits if what was found can be the work of a program that is just replacing the file.
    ///
    /// # Errors
    ///
    /// As [`Settling::settle`].
    pub fn settle(&mut self, doubt: Doubt<'_>) -> Result<Settled, Error> {
        self.settling.settle(doubt)
    }

    /// As [`Settling::pause`].
    pub(crate) fn pause(&mut self) -> Result<(), Error> {
        self.settling.pause()
    }

    fn saw(&mut self, contents: Contents) -> Contents {
        self.seen = true;
        contents
    }

    /// The file is missing: waits until it is there, or that is believed. One that git has, and the
    /// checkout leaves out, is an error.
    pub(crate) fn missing(&mut self) -> Result<Settled, Error> {
        let path = || self.path.to_path_buf();
        if is_directory_gone(&self.path) {
            return Err(Error::DirectoryGone { path: path() });
        }
        match self.settling.settle(Doubt::Missing)? {
            Settled::Believed if self.seen => Err(Error::Removed { path: path() }),
            Settled::Believed => match left_out(&self.path) {
                Some(left_out) => Err(Error::LeftOut { path: path(), left_out }),
                None => Ok(Settled::Believed),
            },
            Settled::Changed => Ok(Settled::Changed),
        }
    }

    /// After a round that was disturbed: on to the next.
    ///
    /// # Errors
    ///
    /// [`Error::Unsettled`] if it was the last one.
    pub fn again(&mut self, last: Disturbance) -> Result<(), Error> {
        if self.round == ROUNDS {
            return Err(Error::Unsettled { path: self.path.to_path_buf(), rounds: ROUNDS, last });
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
