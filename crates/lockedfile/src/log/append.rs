//! Appending, also what depends on the last record.
//!
//! ```text
//! lock                   dies here: the next waiter proves it and goes on
//! open, read the tail    no record at the end: an error; nothing is written
//! the caller's closure   an error or a panic: nothing written, unlocked
//! still ours? still it?  no: another round on what is there now; shorter: an error
//! remove a torn tail     (if asked for) dies here: the log ends whole
//! one write              dies here: a torn tail, of which no call has reported success
//! sync                   fails: "in the log, but not yet durable"
//! unlock                 lost meanwhile: an error; the record is in the log
//! ```

use fsops::{AppendFile, Appended, Since, TornTail};

use super::{Last, Log, tail_of};
use crate::error::{Disturbance, Error, LogError};
use crate::rounds::Held;

impl Log {
    /// Appends `record`, one line without its newline.
    ///
    /// # Errors
    ///
    /// [`LogError::Append`] if it is not one line, or the disk is full; [`LogError::File`]. After
    /// [`LogError::is_committed`] it is in the log; after any other error it is not.
    pub fn append(&self, record: impl AsRef<[u8]>) -> Result<Appended, LogError> {
        self.append_all([record])
    }

    /// Appends `records` under one hold of the lock, so that no other writer's come in between.
    /// They are written at once: after an error, none of them is in the log.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_all<R: AsRef<[u8]>>(
        &self,
        records: impl IntoIterator<Item = R>,
    ) -> Result<Appended, LogError> {
        let records: Vec<R> = records.into_iter().collect();
        // Before anything is created.
        for record in &records {
            AppendFile::check(&self.path, record)?;
        }
        let mut rounds = self.rounds()?;
        loop {
            let held = rounds.lock()?;
            if let Some(by) = held.disturbance()? {
                rounds.again(by)?;
                continue;
            }
            let file = AppendFile::open(held.path())?;
            return self.write(held, file, &records);
        }
    }

    /// Appends the record that `record` makes of the last one: a hash chain, a sequence number.
    ///
    /// The lock is held from the reading to the writing. The log is read from its end, so that the
    /// time does not depend on its length. If `record` returns an error or panics, nothing is
    /// written. It can run again, if a program without the lock changed the log meanwhile.
    ///
    /// A writer that is killed can leave a part of its record at the end of the log; no call has
    /// reported that as appended. The next call closes it off as a line of its own. If that part
    /// lacks nothing but its newline, it becomes a record beside the chain. So a log in which each
    /// record must follow from the one before is opened with
    /// [`torn_tail`](Self::torn_tail)`(`[`TornTail::Remove`](fsops::TornTail::Remove)`)`.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("audit.ndjson");
    /// use lockedfile::{Log, LogError};
    ///
    /// let log = Log::new(&path);
    /// for expected in [r#"{"number":1}"#, r#"{"number":2}"#] {
    ///     log.append_with(|last| -> Result<Vec<u8>, LogError> {
    ///         let number = if last.record().is_some() { 2 } else { 1 };
    ///         Ok(format!(r#"{{"number":{number}}}"#).into_bytes())
    ///     })?;
    ///     assert_eq!(log.last()?.as_deref(), Some(expected.as_bytes()));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `record` returns, as it is, and [`LogError`]: [`LogError::NotARecord`] if the last line
    /// is none, [`LogError::Shrank`], and the others as for [`append`](Self::append).
    pub fn append_with<E, F>(&self, mut record: F) -> Result<Appended, E>
    where
        F: FnMut(Last<'_>) -> Result<Vec<u8>, E>,
        E: From<LogError>,
    {
        let mut rounds = self.rounds().map_err(LogError::from)?;
        loop {
            let held = rounds.lock().map_err(LogError::from)?;
            let path = held.path();
            let open = AppendFile::open_existing(path).map_err(LogError::from)?;
            let tail = open.as_ref().map(|file| tail_of(file, path)).transpose()?;
            let record = record(Last { tail: tail.as_ref() })?;
            AppendFile::check(path, &record).map_err(LogError::from)?;
            match self.still_the_same(&held, open)? {
                Ok(file) => return Ok(self.write(held, file, &[record])?),
                Err(by) => rounds.again(by).map_err(LogError::from)?,
            }
        }
    }

    /// The log that was read, if nobody changed it meanwhile; created, if there was none.
    fn still_the_same(
        &self,
        held: &Held,
        open: Option<AppendFile>,
    ) -> Result<Result<AppendFile, Disturbance>, LogError> {
        if let Some(by) = held.disturbance()? {
            return Ok(Err(by));
        }
        let Some(file) = open else {
            let file = AppendFile::open(held.path())?;
            return Ok(if file.is_new() { Ok(file) } else { Err(Disturbance::FileChanged) });
        };
        match file.since()? {
            Since::Same => Ok(Ok(file)),
            Since::Shrank => Err(LogError::Shrank { path: self.path.clone() }),
            Since::Grew | Since::Replaced => Ok(Err(Disturbance::FileChanged)),
        }
    }

    fn write<R: AsRef<[u8]>>(
        &self,
        held: Held,
        file: AppendFile,
        records: &[R],
    ) -> Result<Appended, LogError> {
        let appended = file.append(records, self.torn_tail, self.options.durability)?;
        held.release(true).map_err(|error: Error| LogError::File(error))?;
        Ok(appended)
    }
}

impl Held {
    /// Appends `records` to the file, each one line without its newline, if the lock is still ours.
    /// All of them are written at once: after an error, none is in the log. The lock stays held
    /// until [`keep`](Self::keep). For a caller who took the lock in its own way
    /// ([`Rounds::adopt`](crate::Rounds::adopt)); else there is [`Log::append_all`].
    ///
    /// # Errors
    ///
    /// [`LogError::File`] with [`Error::Verify`] if the lock was lost, or that could not be found
    /// out; [`LogError::Append`], as for [`Log::append`].
    pub fn append<R: AsRef<[u8]>>(
        &self,
        records: &[R],
        torn_tail: TornTail,
    ) -> Result<Appended, LogError> {
        self.guard().verify().map_err(Error::Verify)?;
        Ok(AppendFile::open(self.path())?.append(records, torn_tail, self.durability())?)
    }
}
