//! Why a lock was not acquired.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::harmless;
use crate::holder::Holder;

/// Why a lock was not acquired. Whatever the reason: the caller does not hold it, and nothing of
/// this call is left on the disk.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// The lock stayed held until the deadline.
    Timeout {
        /// The file to be locked.
        path: PathBuf,
        /// The lock beside it, which is taken.
        lock: PathBuf,
        /// How long the call waited.
        waited: Duration,
        /// Who held the lock at the last look. `None` when it changed hands at each look.
        holder: Option<Box<Holder>>,
    },
    /// The `on_wait` callback ended the wait.
    GaveUp {
        /// The file to be locked.
        path: PathBuf,
        /// How long the call waited.
        waited: Duration,
        /// Who held the lock at the last look.
        holder: Option<Box<Holder>>,
    },
    /// The thread that asks holds the lock itself, and would wait for itself.
    Deadlock {
        /// The file to be locked.
        path: PathBuf,
        /// The lock beside it.
        lock: PathBuf,
    },
    /// What stands at the lock's name is no lock, and was left alone.
    NotALock {
        /// The file to be locked.
        path: PathBuf,
        /// The name that is taken.
        lock: PathBuf,
        /// What was found: "an empty file", "a symbolic link", "a FIFO", …
        kind: &'static str,
        /// How long ago it last changed.
        age: Duration,
    },
    /// The holder is gone, but its lock directory holds an entry that no lock puts there, so the
    /// directory was not removed.
    StrangeEntry {
        /// The lock that cannot be cleared.
        lock: PathBuf,
        /// The first entry that was found inside.
        entry: String,
        /// Who puts such an entry there, as far as its name tells.
        origin: &'static str,
    },
    /// The operating system refuses us the directory. Waiting would not help: this is not
    /// contention.
    Denied {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The holder is dead, and its lock belongs to another user. Here only that user, or root, can
    /// remove it: the directory is sticky, as `/tmp`, or the file system cannot exchange two names.
    /// Waiting would not help, unless a process of that user comes to lock the same file.
    DeadOfAnotherUser {
        /// The file to be locked.
        path: PathBuf,
        /// The lock beside it, which is taken.
        lock: PathBuf,
        /// Who held it.
        holder: Box<Holder>,
        /// The operating system's answer to the attempt to take it.
        source: io::Error,
    },
    /// A file cannot be created although its directory exists.
    Intercepted {
        /// What was to be created.
        path: PathBuf,
        /// The directory that exists.
        parent: PathBuf,
    },
    /// Somebody kept removing or taking over what this call was preparing.
    Disturbed {
        /// The last preparation.
        path: PathBuf,
        /// How many were tried.
        attempts: u32,
    },
    /// The path cannot name a lock.
    UnusablePath {
        /// The path as given.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An option has a value that makes no sense.
    UnusableOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with its value.
        reason: &'static str,
    },
    /// The disk is full, or has no free inodes, or a quota is used up. A lock needs room for a
    /// directory and a record of some 100 bytes. Nothing was written.
    NoRoom {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Any other failure of the operating system.
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl AcquireError {
    /// Sorts a failed call into "not permitted" and "anything else".
    pub(crate) fn of(verb: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { verb, path, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoRoom { verb, path, source }
            }
            _ => Self::Io { verb, path, source },
        }
    }

    /// Whether the wait ended because the lock was held: after a time-out, or when `on_wait` ended
    /// it. Another process held it, or another task or thread of this one. Trying again later can
    /// help.
    ///
    /// As an [`io::Error`], a time-out is of the kind `TimedOut`, and a wait that was ended is of
    /// the kind `Other`.
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::GaveUp { .. })
    }

    /// Who held the lock when the call gave up.
    pub fn holder(&self) -> Option<&Holder> {
        match self {
            Self::DeadOfAnotherUser { holder, .. } => Some(holder),
            Self::Timeout { holder, .. } | Self::GaveUp { holder, .. } => holder.as_deref(),
            _ => None,
        }
    }
}

impl AcquireError {
    pub(crate) fn into_holder(self) -> Option<Holder> {
        match self {
            Self::Timeout { holder, .. } | Self::GaveUp { holder, .. } => holder.map(|it| *it),
            _ => None,
        }
    }
}

impl From<AcquireError> for io::Error {
    /// Of a kind that no caller takes for something else: see `error::harmless`.
    fn from(error: AcquireError) -> Self {
        let kind = match &error {
            AcquireError::Timeout { .. } => io::ErrorKind::TimedOut,
            // Not `Interrupted`: `write_all` and its like would try again.
            AcquireError::GaveUp { .. } => io::ErrorKind::Other,
            AcquireError::Deadlock { .. } => io::ErrorKind::Deadlock,
            AcquireError::NotALock { .. } => io::ErrorKind::AlreadyExists,
            AcquireError::StrangeEntry { .. } => io::ErrorKind::DirectoryNotEmpty,
            AcquireError::Intercepted { .. } | AcquireError::Disturbed { .. } => {
                io::ErrorKind::Other
            }
            AcquireError::UnusablePath { .. } | AcquireError::UnusableOption { .. } => {
                io::ErrorKind::InvalidInput
            }
            AcquireError::DeadOfAnotherUser { source, .. }
            | AcquireError::Denied { source, .. }
            | AcquireError::NoRoom { source, .. }
            | AcquireError::Io { source, .. } => harmless(source),
        };
        Self::new(kind, error)
    }
}
