//! Pruning: the log is replaced by some of its records, under the lock that its writers take.

use std::borrow::Cow;

use fsops::TornTail;

use super::Log;
use crate::error::{Error, LogError};
use crate::transform::Done;

/// The records of a log, from the first to the last.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    torn_tail: TornTail,
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        match self.rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let record = &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                Some(record)
            }
            None => {
                let torn = std::mem::take(&mut self.rest);
                (self.torn_tail == TornTail::CloseOff).then_some(torn)
            }
        }
    }
}

impl Log {
    /// Replaces the log by the records that `keep` returns: some of those that it gets, or others.
    ///
    /// Records that other writers append meanwhile wait for the lock, and come after these. Readers
    /// see the old log or the new one, whole. A log that would not change is not touched, and a
    /// missing one is not created. The whole log is read into memory.
    ///
    /// A torn tail comes last among the records, or not at all if it is to be
    /// [removed](TornTail::Remove).
    ///
    /// ```
    /// use lockedfile::{Log, LogError};
    ///
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("events.ndjson");
    /// let log = Log::new(&path);
    /// for record in [r#"{"day": 1}"#, r#"{"day": 2}"#, r#"{"day": 3}"#] {
    ///     log.append(record)?;
    /// }
    /// // The last two records stay.
    /// log.rewrite(|records| {
    ///     let all: Vec<_> = records.collect();
    ///     let old = all.len().saturating_sub(2);
    ///     Ok::<_, LogError>(all[old..].iter().map(|record| (*record).into()).collect())
    /// })?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "{\"day\": 2}\n{\"day\": 3}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `keep` returns, as it is; [`LogError::Append`] if one of its records is not one line;
    /// and [`LogError::File`], as for [`transform`](crate::Options::transform).
    pub fn rewrite<E, F>(&self, mut keep: F) -> Result<Done, E>
    where
        F: for<'r> FnMut(Records<'r>) -> Result<Vec<Cow<'r, [u8]>>, E>,
        E: From<LogError>,
    {
        let rewritten = self.options.transform(&self.path, |old| {
            let Some(old) = old else { return Ok(None) };
            let records = Records { rest: old, torn_tail: self.torn_tail };
            let kept = keep(records).map_err(Stopped::Caller)?;
            let mut new = Vec::with_capacity(old.len());
            for record in kept {
                fsops::AppendFile::check(&self.path, &record)
                    .map_err(|error| Stopped::Log(error.into()))?;
                new.extend_from_slice(&record);
                new.push(b'\n');
            }
            Ok(Some(new))
        });
        rewritten.map_err(|stopped| match stopped {
            Stopped::Caller(error) => error,
            Stopped::Log(error) => error.into(),
        })
    }
}

/// Who ended a rewrite.
enum Stopped<E> {
    Caller(E),
    Log(LogError),
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Log(error.into())
    }
}
