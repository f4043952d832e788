//! A file that is missing, or half-written, for a moment: another program is replacing it.
//!
//! Git and some editors replace a file by removing it and creating it again, and then write it
//! piece by piece. They take no lock of ours. So what is found in between is not believed at once.
//!
//! ```text
//!  what we do                       someone acts here
//!  1 look: missing, or unfinished   the other program may be between unlink and the last write
//!  2 wait 200 ms, looking           it is there, or it changed: back to the caller, who reads again
//!  3 is a git operation under way?  git is: wait, up to the lock's timeout, then an error
//!  4 look once more                 it changed: git ended between 2 and 3; the caller reads again
//!  5 believed                       missing: a fresh file may be made, or there is none to read;
//!                                   not if git has it, and the checkout leaves it out (left_out.rs)
//!  6 (fresh file) write a sibling   another program creates the file: 8 refuses
//!  7 a git operation under way?     git began since 3: the round is disturbed
//!  8 publish, never over a file     refused: the round is disturbed; the next one reads the file
//! ```
//!
//! If this process dies at 1 to 7, nothing was written. If it stalls at 2 to 4, the answer is
//! later, and 4 looks again. What if it stalls between 7 and 8? Step 8 falls into a gap only if git
//! creates the file and removes it again in that time. Git does not do that in one operation.
//!
//! A file that was there is replaced after a last look at it. Another program may remove it between
//! the two. A file that is synced exchanges names with the old one, which fails then; so it never
//! falls into the gap (`fsops`, `atomic/exchange.rs`). A file that is not synced is renamed, and so
//! is any file on a file system without an exchange. Such a rename can fall into the gap: the other
//! program meets a file that it did not expect. Nothing is lost: all that was read is in that file.
//!
//! The limit: another program than git may stall between its unlink and its create for longer than
//! 200 ms. Then the file counts as removed, since nothing tells it from one removed on purpose.
//!
//! What counts as 200 ms old goes by the wall clock. If a file server's clock is behind ours, or
//! ours jumps on, a directory looks quiet too early. Then only `index.lock` keeps us from the gap.
//!
//! Nothing of this costs a system call if the file is there and whole. Step 2 is left out for a
//! missing file if its directory did not change for 200 ms: nothing was unlinked in it. Our own
//! lock changes the directory, so that this look comes before the lock. Step 2 is left out for an
//! unfinished file, too, if it was not written to for 200 ms.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use filelock::{AcquireError, LockOptions};
use fsops::Version;

use crate::error::{Error, Found};
use crate::git;

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// How often a file is looked at in a pause.
pub(crate) const LOOKS: u32 = 10;

/// How long a file must stay missing, or as it is, before that is believed.
pub(crate) const PAUSE: Duration = BETWEEN_LOOKS.saturating_mul(LOOKS);

/// What was found, and is not believed at once.
#[derive(Clone, Copy, Debug)]
pub enum Doubt<'a> {
    /// There is no file.
    Missing,
    /// The file ends too early. This is the version that was read.
    Unfinished(&'a Version),
}

impl Doubt<'_> {
    /// The same as an error tells it.
    fn found(self) -> Found {
        match self {
            Self::Missing => Found::Missing,
            Self::Unfinished(_) => Found::Unfinished,
        }
    }
}

/// What became of a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what was read before is out of date if the file changed"]
pub enum Settled {
    /// The file changed: read it again.
    Changed,
    /// It stayed as it was found, and nobody is known to be replacing it.
    Believed,
}

/// The wait for a file that another program may be replacing. All waits of one value share one
/// timeout: the lock's, or 200 ms if that is shorter.
#[derive(Debug)]
pub struct Settling<'a> {
    path: Arc<Path>,
    lock: &'a LockOptions,
    /// A reader, which writes nothing, takes "not there" for an answer while git is at work.
    reads_only: bool,
    /// Whether the directory was quiet before we changed it; `None`: not looked yet.
    was_quiet: Option<bool>,
    since: Option<Instant>,
    /// Whether it changed in an earlier wait.
    has_changed: bool,
}

impl<'a> Settling<'a> {
    pub(crate) fn new(path: Arc<Path>, lock: &'a LockOptions) -> Self {
        Self { path, lock, reads_only: false, was_quiet: None, since: None, has_changed: false }
    }

    /// For a caller who only reads: a missing file is believed after the pause, even while git is
    /// at work. An unfinished one is waited for all the same.
    #[must_use]
    pub fn reads_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// What is known of the directory before it was changed by the lock.
    pub(crate) fn set_quiet(&mut self, quiet: bool) {
        self.was_quiet = Some(quiet);
    }

    /// Waits until the file changes, or what was found can be believed.
    ///
    /// # Errors
    ///
    /// [`Error::BeingReplaced`] at the end of the timeout, [`Error::Read`] if the file cannot be
    /// examined, [`Error::Lock`] if the callback of the lock's wait says `Break`.
    pub fn settle(&mut self, doubt: Doubt<'_>) -> Result<Settled, Error> {
        let started = *self.since.get_or_insert_with(Instant::now);
        let mut looks = 0;
        let is_old = match doubt {
            Doubt::Missing => self.is_quiet(),
            Doubt::Unfinished(version) => !version.is_younger_than(PAUSE),
        };
        if is_old {
            looks = LOOKS;
        }
        loop {
            let mut by = None;
            if looks >= LOOKS {
                by = self.replacing(doubt);
                if by.is_none() {
                    return Ok(if self.is_as(doubt)? {
                        Settled::Believed
                    } else {
                        Settled::Changed
                    });
                }
            }
            let waited = started.elapsed();
            let is_over = self.lock.until(started).is_some_and(|until| Instant::now() >= until);
            // The first pause takes its time, even if nobody wants to wait for the lock.
            if is_over && (looks >= LOOKS || self.has_changed && waited >= PAUSE) {
                let found = doubt.found();
                return Err(Error::BeingReplaced {
                    path: self.path.to_path_buf(),
                    found,
                    waited,
                    by,
                });
            }
            self.pause()?;
            if !self.is_as(doubt)? {
                self.has_changed = true;
                return Ok(Settled::Changed);
            }
            looks += 1;
        }
    }

    /// Waits for the next look.
    ///
    /// # Errors
    ///
    /// [`Error::Lock`] if the callback of the lock's wait says `Break`.
    pub(crate) fn pause(&mut self) -> Result<(), Error> {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        if self.lock.tell(waited, None).is_break() {
            let (path, holder) = (self.path.to_path_buf(), None);
            return Err(AcquireError::GaveUp { path, waited, holder }.into());
        }
        std::thread::sleep(BETWEEN_LOOKS);
        Ok(())
    }

    /// The lock of a git operation that can be replacing the file.
    fn replacing(&self, doubt: Doubt<'_>) -> Option<PathBuf> {
        match doubt {
            Doubt::Missing if self.reads_only => None,
            Doubt::Missing | Doubt::Unfinished(_) => git::at_work_on(&self.path),
        }
    }

    /// Whether nothing was created or removed in the directory for as long as the pause.
    fn is_quiet(&mut self) -> bool {
        let path = &self.path;
        *self.was_quiet.get_or_insert_with(|| is_quiet(path))
    }

    /// Whether the file still is as it was found.
    fn is_as(&self, doubt: Doubt<'_>) -> Result<bool, Error> {
        let examined = match doubt {
            Doubt::Missing => match self.path.metadata() {
                Ok(_) => Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
                Err(error) => Err(error),
            },
            Doubt::Unfinished(version) => version.is_current(&self.path),
        };
        examined.map_err(|source| {
            let path = self.path.to_path_buf();
            Error::Read(fsops::ReadFileError::Io { verb: "examine", path, source })
        })
    }
}

/// Whether the directory of `path` did not change for as long as the pause. Of a link, the
/// directory of the file that it leads to counts, which this does not know.
pub(crate) fn is_quiet(path: &Path) -> bool {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let modified = path.parent().and_then(|parent| parent.metadata().ok()?.modified().ok());
    let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
    !is_link && age.is_some_and(|age| age >= PAUSE)
}
