//! A log of lines that several processes append to, prune and rotate.

mod append;
pub(crate) mod rewrite;
mod rotate;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use filelock::Lock;
use fsops::{AppendError, AppendFile, Tail, TornTail};

use crate::error::{Error, LogError};
use crate::options::Options;
use crate::rounds::{Rounds, Seen};

/// The longest record that [`Log::append_with`] reads back, in bytes: 16 MiB.
pub const LONGEST_RECORD: u64 = 16 * 1024 * 1024;

/// A log of lines, each a record, under the log's lock. Each call opens the log as it is by then,
/// so that a rotated log is followed. Between calls in a row the lock's directory stays ready
/// beside the log ([`filelock::Lock`]), until this value and its clones are dropped.
///
/// What a record is, is not looked at: any line that is not empty and has no newline in it.
///
/// A call blocks its thread, and only the timeout and `on_wait` of [`Options::lock`] end the wait.
/// A task that is dropped does not stop a call in its runtime's blocking pool: the record is still
/// appended. A task that must stop waits by itself, see [`Rounds::adopt`](crate::Rounds::adopt).
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("events.ndjson");
/// let log = lockedfile::Log::new(&path);
/// log.append(r#"{"event":"started"}"#)?;
/// // A record that depends on the one before: here, a sequence number.
/// let appended = log.append_with(|last| -> Result<Vec<u8>, lockedfile::LogError> {
///     let number = last.record().map_or(0, <[u8]>::len);
///     Ok(format!(r#"{{"length of the one before":{number}}}"#).into_bytes())
/// })?;
/// assert_eq!(appended.offset, 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
    options: Options,
    torn_tail: TornTail,
    /// Made by the first call that takes the lock.
    lock: Arc<OnceLock<Lock>>,
    /// Whether the log was in its directory: that directory is not made again.
    has_directory: Arc<AtomicBool>,
}

impl Log {
    /// The log at `path`, with the default [`Options`]. It need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::with_options(path, Options::new())
    }

    /// The log at `path`.
    pub fn with_options(path: impl AsRef<Path>, options: Options) -> Self {
        let (path, torn_tail) = (path.as_ref().to_owned(), TornTail::default());
        let (lock, has_directory) = (Arc::default(), Arc::default());
        Self { path, options, torn_tail, lock, has_directory }
    }

    /// Begins a change of the log.
    fn rounds(&self) -> Result<Rounds<'_>, Error> {
        // A relative path can name another log in the next call.
        if self.path.is_relative() {
            return self.options.rounds(&self.path);
        }
        let lock = match self.lock.get() {
            Some(lock) => lock,
            None => {
                let lock = self.options.handle(&self.path)?;
                self.lock.get_or_init(|| lock)
            }
        };
        let has_directory = self.has_directory.load(Ordering::Relaxed);
        let seen = if has_directory { Seen::Directory } else { Seen::Nothing };
        self.options.rounds_of(lock, seen)
    }

    /// What becomes of the part of a record that a killed writer left at the end of the log. The
    /// default closes it off as a line of its own. See [`append_with`](Self::append_with) for when
    /// to remove it.
    #[must_use]
    pub fn torn_tail(mut self, torn_tail: TornTail) -> Self {
        self.torn_tail = torn_tail;
        self
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last whole record; `None` if there is none. Takes no lock, and needs no right to write.
    ///
    /// # Errors
    ///
    /// [`LogError::Append`] if the log cannot be read, [`LogError::NotARecord`],
    /// [`LogError::Shrank`].
    pub fn last(&self) -> Result<Option<Vec<u8>>, LogError> {
        match AppendFile::open_to_read(&self.path)? {
            Some(file) => Ok(tail_of(&file, &self.path)?.line),
            None => Ok(None),
        }
    }
}

/// The end of a log, as [`Log::append_with`] finds it.
#[derive(Clone, Copy, Debug)]
pub struct Last<'a> {
    tail: Option<&'a Tail>,
}

impl<'a> Last<'a> {
    /// The last whole record, without its newline; `None` if the log is missing or has none.
    pub fn record(self) -> Option<&'a [u8]> {
        self.tail.and_then(|tail| tail.line.as_deref())
    }

    /// Where that record begins, in bytes from the start of the log; 0 if there is none.
    pub fn offset(self) -> u64 {
        self.tail.map_or(0, |tail| tail.offset)
    }

    /// What a killed writer left of a record at the end of the log; empty if the log ends whole.
    pub fn torn(self) -> &'a [u8] {
        self.tail.map_or(&[], |tail| &tail.torn)
    }
}

/// The end of `file`, whose last line must be a record.
fn tail_of(file: &AppendFile, path: &Path) -> Result<Tail, LogError> {
    let not_a_record =
        |offset, reason| Err(LogError::NotARecord { path: path.to_owned(), offset, reason });
    let tail = match file.tail(LONGEST_RECORD) {
        Ok(Some(tail)) => tail,
        Ok(None) => {
            let offset = file.length().saturating_sub(LONGEST_RECORD);
            return not_a_record(offset, "is longer than 16 MiB");
        }
        Err(AppendError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::UnexpectedEof =>
        {
            return Err(LogError::Shrank { path: path.to_owned() });
        }
        Err(error) => return Err(error.into()),
    };
    match tail.line.as_deref() {
        Some([]) => not_a_record(tail.offset, "is empty"),
        // What a power cut leaves of a file that was not synced, on some file systems.
        Some(line) if line.contains(&0) => not_a_record(tail.offset, "contains NUL bytes"),
        _ => Ok(tail),
    }
}
