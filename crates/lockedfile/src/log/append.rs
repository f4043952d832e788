//! Appending, also what depends on the last record.
//!
//! ```text
//! lock                   dies here: the next waiter proves it and goes on
//! open, read the tail    no record at the end: an error; nothing is written. Missing, or made a
//!                        moment ago while git is at work: it is waited for (settle.rs)
//! the caller's closure   an error or a panic: nothing written, unlocked
//! still ours? still it?  no: another round on what is there now; shorter: an error
//! create, if missing     another program made it meanwhile: another round
//! remove a torn tail     (if asked for) dies here: the log ends whole
//! one write              dies here: a torn tail, of which no call has reported success
//! sync                   fails: "in the log, but not yet durable"
//! unlock                 lost meanwhile: an error; the record is in the log
//! ```

use std::io::ErrorKind;
use std::sync::atomic::Ordering;

use fsops::{AppendError, AppendFile, Appended, Since, TornTail};

use super::{Last, Log, tail_of};
use crate::error::{Disturbance, Error, LogError};
use crate::git;
use crate::held::Held;
use crate::rounds::Rounds;
use crate::settle::{LOOKS, PAUSE, Settled};

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
    /// They are written at once: all of them are in the log, or none.
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
            match opened_or_created(open(&mut rounds)?, &held)? {
                Ok(file) => return self.write(held, file, &records),
                Err(by) => rounds.again(by)?,
            }
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
    /// [`torn_tail`](Self::torn_tail)`(`[`TornTail::Remove`]`)`.
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
            let open = open(&mut rounds)?;
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
        let Some(file) = open else { return opened_or_created(None, held) };
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
        self.has_directory.store(true, Ordering::Relaxed);
        held.release(true).map_err(|error: Error| LogError::File(error))?;
        Ok(appended)
    }
}

impl Held {
    /// Appends `records` to the file of `rounds`, each one line without its newline, if the lock is
    /// still ours. All of them are in the log, or none; an error says which. The lock stays held
    /// until [`keep`](Self::keep). For a caller who took the lock in its own way
    /// ([`Rounds::adopt`]); else there is [`Log::append_all`].
    ///
    /// # Errors
    ///
    /// [`LogError::File`] with [`Error::Verify`] if the lock was lost, or that could not be found
    /// out; [`LogError::Append`], as for [`Log::append`].
    pub fn append<R: AsRef<[u8]>>(
        &self,
        rounds: &mut Rounds<'_>,
        records: &[R],
        torn_tail: TornTail,
    ) -> Result<Appended, LogError> {
        loop {
            let open = open(rounds)?;
            self.guard().verify().map_err(Error::Verify)?;
            match opened_or_created(open, self)? {
                Ok(file) => return Ok(file.append(records, torn_tail, self.durability())?),
                Err(by) => rounds.again(by)?,
            }
        }
    }
}

/// The log as it is now; `None` if there is none, and that can be believed.
fn open(rounds: &mut Rounds<'_>) -> Result<Option<AppendFile>, LogError> {
    let mut looks = 0;
    loop {
        let path = rounds.path();
        match AppendFile::open_existing(path) {
            // Git writes from where it is: over what is appended meanwhile.
            Ok(Some(file))
                if looks < LOOKS
                    && file.is_younger_than(PAUSE)
                    && git::at_work_on(path).is_some() =>
            {
                looks += 1;
                rounds.pause()?;
            }
            Ok(Some(file)) => return Ok(Some(file)),
            Ok(None) => match rounds.missing()? {
                Settled::Changed => {}
                Settled::Believed => return Ok(None),
            },
            Err(error @ AppendError::DanglingLink { .. }) => match rounds.missing()? {
                Settled::Changed => {}
                Settled::Believed => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    }
}

/// The log that was opened, or a new one. Not if git or another program creates it meanwhile.
fn opened_or_created(
    open: Option<AppendFile>,
    held: &Held,
) -> Result<Result<AppendFile, Disturbance>, LogError> {
    if let Some(file) = open {
        return Ok(Ok(file));
    }
    if git::at_work_on(held.path()).is_some() {
        return Ok(Err(Disturbance::FileChanged));
    }
    match AppendFile::create(held.path()) {
        Err(AppendError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
            Ok(Err(Disturbance::FileChanged))
        }
        created => Ok(Ok(created?)),
    }
}
