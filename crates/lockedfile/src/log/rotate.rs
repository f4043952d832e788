//! Rotating: the log gets another name, and an empty one takes its place.
//!
//! ```text
//! lock
//! an empty sibling     with the log's rights. dies here: a temporary is left
//! rename the log       to the archive, never over a file. dies here: the archive is whole, and there
//!                      is no log; the next writer creates it
//! rename the sibling   to the log's name. another has made a log there: that one stays. refused,
//!                      and no log is there: an error; the archive is whole, the next writer
//!                      creates the log
//! sync the directory   fails: "written, but not yet durable"
//! unlock
//! ```

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsops::{AtomicFile, ReadFileError, ReplaceError};

use super::Log;
use crate::error::{Error, LogError};
use crate::held::{Held, remove_left_overs_once};

impl Log {
    /// Renames the log to what `decide` returns, and puts an empty log with the same rights in its
    /// place.
    ///
    /// `decide` gets the log's size in bytes, and its age (since it was created or, where the file
    /// system does not know, last written). It returns the archive's path, or `None` for no
    /// rotation; a relative path starts at the log's directory. The archive must be on the same
    /// file system. A file that is there already is never replaced. `decide` first runs without the
    /// lock; a log that is not to be rotated takes none.
    ///
    /// The archive ends with the last record that was appended before; the log begins with the
    /// next. Between the two renames there is no log. A process that opened the log before keeps
    /// the archive open. It must open the log again under the lock for each record, as
    /// [`append`](Self::append) does.
    ///
    /// Returns the archive's path, absolute; `None` if nothing was rotated. For a moment there is
    /// no log: a reader takes that for an empty one.
    ///
    /// ```
    /// use lockedfile::{Log, LogError};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("events.ndjson");
    /// let log = Log::new(&path);
    /// log.append(r#"{"event": "started"}"#)?;
    /// let by_size = |limit: u64| {
    ///     log.rotate(move |bytes, _age| {
    ///         Ok::<_, LogError>((bytes > limit).then(|| "events.1.ndjson".into()))
    ///     })
    /// };
    /// assert_eq!(by_size(1_000_000)?, None); // small enough: no lock is taken
    /// let archive = by_size(10)?.expect("because the log is larger");
    /// assert_eq!(std::fs::read_to_string(archive)?, "{\"event\": \"started\"}\n");
    /// assert_eq!(std::fs::read_to_string(&path)?, ""); // the next record comes here
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `decide` returns, as it is; [`LogError::Rotate`] if the archive exists; and
    /// [`LogError::File`].
    pub fn rotate<E, F>(&self, mut decide: F) -> Result<Option<PathBuf>, E>
    where
        F: FnMut(u64, Duration) -> Result<Option<PathBuf>, E>,
        E: From<LogError>,
    {
        let wanted = |decide: &mut F| match look(&self.path)? {
            Some(metadata) => decide(metadata.len(), age_of(&metadata)),
            None => Ok(None),
        };
        if wanted(&mut decide)?.is_none() {
            return Ok(None);
        }
        let mut rounds = self.rounds().map_err(LogError::from)?;
        loop {
            let held = rounds.lock().map_err(LogError::from)?;
            let Some(archive) = wanted(&mut decide)? else {
                held.keep();
                return Ok(None);
            };
            if let Some(by) = held.disturbance().map_err(LogError::from)? {
                rounds.again(by).map_err(LogError::from)?;
                continue;
            }
            let archive = held.path().parent().unwrap_or(held.path()).join(archive);
            self.rename(held, &archive)?;
            return Ok(Some(archive));
        }
    }

    fn rename(&self, held: Held, archive: &Path) -> Result<(), LogError> {
        let path = held.path();
        remove_left_overs_once(path);
        let durability = self.options.durability;
        let empty = AtomicFile::create(path, durability).map_err(Error::Write)?;
        let mut empty = empty.make_ready().map_err(Error::Write)?;
        // The log's own directory is synced once both names are right.
        empty.move_target_aside(archive).map_err(|source| LogError::Rotate {
            path: path.to_owned(),
            archive: archive.to_owned(),
            source,
        })?;
        match empty.commit() {
            Ok(()) => Ok(held.release(true)?),
            // A program without the lock made a log between the two renames: that one stays.
            Err(ReplaceError::Changed { .. }) if path.exists() => Ok(held.release(true)?),
            Err(error) if error.is_committed() => Err(Error::NotDurable(error).into()),
            Err(error) => Err(Error::Write(error).into()),
        }
    }
}

/// What is known of the log without opening it; `None` if there is none, twice: another program may
/// be replacing it.
fn look(path: &Path) -> Result<Option<Metadata>, LogError> {
    match std::fs::metadata(path).or_else(|_| std::fs::metadata(path)) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => {
            let path = path.to_owned();
            Err(Error::Read(ReadFileError::Io { verb: "examine", path, source }).into())
        }
    }
}

/// A clock that was set back makes a file young.
fn age_of(metadata: &Metadata) -> Duration {
    let born = metadata.created().or_else(|_| metadata.modified());
    born.ok().and_then(|born| born.elapsed().ok()).unwrap_or_default()
}
