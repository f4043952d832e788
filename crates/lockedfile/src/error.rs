//! The errors: of replacing a file, and of a log.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use filelock::{Holder, NotHeld, VerifyError};

use crate::left_out::LeftOut;

/// Why a file was not changed. Unless the variant says otherwise, the file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lock was not acquired.
    #[error(transparent)]
    Lock(#[from] filelock::AcquireError),
    /// Whether the lock is still held could not be found out.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The file could not be read, or is no file.
    #[error(transparent)]
    Read(#[from] fsops::ReadFileError),
    /// The directory for the file could not be created.
    #[error("failed to create the directory for `{}`", path.display())]
    CreateDirectory {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The new content could not be written.
    #[error(transparent)]
    Write(fsops::ReplaceError),
    /// The new content is in place, for everybody to read, but may not survive a power cut.
    #[error(transparent)]
    NotDurable(fsops::ReplaceError),
    /// The new content is in place, but the lock was lost before that. Another process decided that
    /// this one had died, and may have overwritten the file. Look at the file before you try again.
    #[error(
        "`{}` was written, but the lock was lost meanwhile; another program may have written over it",
        path.display()
    )]
    LockLost {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing or half-written, and another program is replacing it. That is git, or a
    /// program that changed the file again and again until the wait was over. Nothing was written.
    /// Trying again later can help.
    #[error(
        "gave up on `{}` after {:.1} s: {found}, and {}; nothing was written",
        path.display(), waited.as_secs_f64(), Replacing(by.as_deref())
    )]
    BeingReplaced {
        /// The file.
        path: PathBuf,
        /// What was found at the last look.
        found: Found,
        /// How long the call waited.
        waited: Duration,
        /// The `index.lock` that git holds, or the `wlock` that Mercurial holds; `None` if it is
        /// another program.
        by: Option<PathBuf>,
    },
    /// The caller had read the file, and it was removed since. Nothing was written: a new file
    /// would have only what this caller knows.
    #[error(
        "`{}` was removed since it was read; nothing was written; restore it, or start again to begin \
         with a new one",
        path.display()
    )]
    Removed {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing, and git has it: the checkout leaves it out. Nothing was written: in a
    /// commit, a new file would take the place of git's.
    #[error("`{}` is not there, and was not made: {left_out}; nothing was written", path.display())]
    LeftOut {
        /// The file.
        path: PathBuf,
        /// What is known, and what brings the file into the checkout.
        left_out: LeftOut,
    },
    /// The file's directory was renamed or removed since the call began, or since the caller
    /// opened the file. Nothing was written, and the directory was not created again.
    #[error(
        "the directory of `{}` was renamed or removed meanwhile; nothing was written; start again \
         with the directory's new name",
        path.display()
    )]
    DirectoryGone {
        /// The file.
        path: PathBuf,
    },
    /// In each round a program that does not follow the protocol disturbed the write.
    #[error("gave up on `{}` after {rounds} rounds: {last}", path.display())]
    Unsettled {
        /// The file.
        path: PathBuf,
        /// How often it was tried.
        rounds: u32,
        /// What was in the way in the last of them.
        last: Disturbance,
    },
}

/// Who is replacing a file, in a message.
struct Replacing<'a>(Option<&'a Path>);

impl fmt::Display for Replacing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("another program keeps changing it"),
            Some(lock) => {
                let (program, lock) = (replacing_program(lock), lock.display());
                write!(
                    f,
                    "{program} is changing this checkout (if no {program} is running, a killed one \
                     left `{lock}`: remove it)"
                )
            }
        }
    }
}

/// Whose lock it is.
fn replacing_program(lock: &Path) -> &'static str {
    if lock.file_name().is_some_and(|name| name == "wlock") { "hg" } else { "git" }
}

/// What another program had made of the file when the wait for it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// There was no file.
    Missing,
    /// It ended too early: it was half-written, or empty.
    Unfinished,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "it is missing",
            Self::Unfinished => "it is half-written or empty",
        })
    }
}

/// Why a round started over: another program does not follow the protocol. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// The file changed although the lock was held: another program writes it without the lock.
    FileChanged,
    /// The lock was lost: another process removed it, or decided that this process had died.
    LockLost,
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FileChanged => "it is being changed by a program that does not take its lock",
            Self::LockLost => {
                "the lock was lost: another process removed it, or decided that this process had died"
            }
        })
    }
}

impl Error {
    /// Whether the new content is in place in spite of the error, as far as is known.
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::NotDurable(_) | Self::LockLost { .. })
    }

    /// Whether another process was in the way until the timeout: it held the lock, or was replacing
    /// the file. Trying again later can help.
    pub fn is_contention(&self) -> bool {
        match self {
            Self::Lock(error) => error.is_contention(),
            Self::BeingReplaced { .. } => true,
            _ => false,
        }
    }

    /// Who held the lock at the last look, if it was held until the wait ended. `None` for every
    /// other error, and if the lock changed hands at each look.
    pub fn contention(&self) -> Option<&Holder> {
        match self {
            Self::Lock(error) if error.is_contention() => error.holder(),
            _ => None,
        }
    }

    /// Whether the lock was lost: another process removed it, or took this process for dead.
    /// Ask [`is_committed`](Self::is_committed) first: it can be lost after the write.
    pub fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::LockLost { .. }
                | Self::Unsettled { last: Disturbance::LockLost, .. }
                | Self::Verify(VerifyError::NotHeld(NotHeld::Lost { .. }))
        )
    }

    /// Whether nothing was written, and the same call can succeed later: another process held or
    /// took the lock, or replaced, changed or removed the file.
    ///
    /// ```
    /// # fn with(path: &std::path::Path) -> Result<(), lockedfile::Error> {
    /// use lockedfile::{Error, transform};
    ///
    /// match transform(path, |old| Ok::<_, Error>(old.map(<[u8]>::to_vec))) {
    ///     Ok(_) => println!("done"),
    ///     Err(error) if error.is_committed() => println!("done, but {error}"),
    ///     Err(error) if error.is_transient() => println!("again, later: {error}"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_transient(&self) -> bool {
        let is_disturbed = matches!(self, Self::Unsettled { .. } | Self::Removed { .. });
        !self.is_committed() && (is_disturbed || self.is_contention() || self.is_lost())
    }
}

/// Why a log was not changed. Unless the variant says otherwise, the log is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Locking, or replacing the log as a whole, failed.
    #[error(transparent)]
    File(#[from] Error),
    /// The record is not one line, or appending it failed.
    #[error(transparent)]
    Append(#[from] fsops::AppendError),
    /// What stands at the end of the log is no record, so that none can depend on it. Look at the
    /// log with a pager; remove or repair the line.
    #[error("the last line of `{}`, at byte {offset}, is no record: it {reason}", path.display())]
    NotARecord {
        /// The log.
        path: PathBuf,
        /// Where the line begins, in bytes from the start of the file.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The log became shorter while its lock was held: another program cuts it without the lock.
    /// Nothing was appended.
    #[error(
        "`{}` became shorter while its lock was held: another program cuts it without the lock",
        path.display()
    )]
    Shrank {
        /// The log.
        path: PathBuf,
    },
    /// The archive of a rotation exists already, or lies where the log cannot be renamed to.
    #[error("failed to rename `{}` to `{}`", path.display(), archive.display())]
    Rotate {
        /// The log.
        path: PathBuf,
        /// The archive.
        archive: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl LogError {
    /// Whether the new records are in the log in spite of the error, as far as is known.
    pub fn is_committed(&self) -> bool {
        match self {
            Self::File(error) => error.is_committed(),
            Self::Append(error) => matches!(error, fsops::AppendError::NotDurable { .. }),
            _ => false,
        }
    }

    /// Whether another process was in the way until the timeout: it held the lock, or was replacing
    /// the log. Trying again later can help.
    pub fn is_contention(&self) -> bool {
        self.file().is_some_and(Error::is_contention)
    }

    /// As [`Error::contention`].
    pub fn contention(&self) -> Option<&Holder> {
        self.file().and_then(Error::contention)
    }

    /// As [`Error::is_lost`].
    pub fn is_lost(&self) -> bool {
        self.file().is_some_and(Error::is_lost)
    }

    /// As [`Error::is_transient`].
    pub fn is_transient(&self) -> bool {
        self.file().is_some_and(Error::is_transient)
    }

    fn file(&self) -> Option<&Error> {
        match self {
            Self::File(error) => Some(error),
            _ => None,
        }
    }
}

/// A lost lock is [`io::ErrorKind::Other`]: a program that reads, changes and writes takes
/// `NotFound` for "no file yet", and would begin with an empty one.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Lock(error) => error.into(),
            Error::Verify(error) => error.into(),
            Error::Read(error) => error.into(),
            Error::Write(error) | Error::NotDurable(error) => error.into(),
            Error::CreateDirectory { ref source, .. } => Self::new(source.kind(), error),
            Error::LockLost { .. }
            | Error::Unsettled { .. }
            | Error::Removed { .. }
            | Error::LeftOut { .. }
            | Error::DirectoryGone { .. } => Self::other(error),
            Error::BeingReplaced { .. } => Self::new(io::ErrorKind::TimedOut, error),
        }
    }
}

impl From<LogError> for io::Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::File(error) => error.into(),
            LogError::Append(error) => error.into(),
            LogError::Rotate { ref source, .. } => Self::new(source.kind(), error),
            LogError::NotARecord { .. } | LogError::Shrank { .. } => {
                Self::new(io::ErrorKind::InvalidData, error)
            }
        }
    }
}
