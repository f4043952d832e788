//! Updating: the caller's own reading and changing, inside one hold of the lock.

use std::path::Path;

use lockedfile::Outcome;

use super::Lockfile;
use super::commit::{Flushed, finish_round};
use super::options::{LockfileOptions, absolute};
use crate::document::load::read_document;
use crate::error::FlushError;

/// What an update returned and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated<R> {
    /// What the closure returned, in the run whose changes were written.
    pub value: R,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Lockfile {
    /// Reads and changes the document under one hold of the lock, for a section that several
    /// programs change. Nobody writes between the reading and the writing.
    ///
    /// `change` gets a handle on the document as it is now. What it stages is written when it
    /// returns `Ok`. If it returns an error or panics, nothing is written and the lock is released.
    ///
    /// It is `FnMut` because it can run again, on the document as it is then. It does so if a
    /// program without the lock changed the file meanwhile, or if a foreign peer took the lock.
    ///
    /// ```
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join(".agentsrc.lock");
    /// use agentslock_core::{Error, Lockfile};
    ///
    /// let updated = Lockfile::update(&path, |lockfile| {
    ///     let runs: u64 = lockfile.section("runs")?.unwrap_or(0) + 1;
    ///     lockfile.set_section("runs", &runs)?;
    ///     Ok::<_, Error>(runs)
    /// })?;
    /// assert_eq!(updated.value, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `change` returns, and [`FlushError`] as for [`flush`](Self::flush).
    /// [`Error`](crate::Error) holds all that the handle's methods return.
    pub fn update<R, E, F>(path: impl AsRef<Path>, change: F) -> Result<Updated<R>, E>
    where
        F: FnMut(&Self) -> Result<R, E>,
        E: From<FlushError>,
    {
        LockfileOptions::new().update(path, change)
    }
}

impl LockfileOptions {
    /// See [`Lockfile::update`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn update<R, E, F>(&self, path: impl AsRef<Path>, change: F) -> Result<Updated<R>, E>
    where
        F: FnMut(&Lockfile) -> Result<R, E>,
        E: From<FlushError>,
    {
        update(path.as_ref(), self, change)
    }
}

fn update<R, E, F>(path: &Path, options: &LockfileOptions, mut change: F) -> Result<Updated<R>, E>
where
    F: FnMut(&Lockfile) -> Result<R, E>,
    E: From<FlushError>,
{
    let path = &absolute(path).map_err(FlushError::from)?;
    let mut rounds = options.file.rounds(path).map_err(FlushError::from)?;
    loop {
        let held = rounds.lock().map_err(FlushError::from)?;
        let (document, version) = read_document(path, None).map_err(FlushError::from)?;
        let handle = Lockfile::new(path, options.clone(), (document, &version), Some(held));
        // An error or a panic drops the handle, and with it the lock: nothing written, unlocked.
        let value = change(&handle)?;
        let (held, state) = handle.into_parts();
        let changes = state.staged.snapshot().changes;
        let (outcome, flushed) = finish_round(held, (&state.document, &version), &changes)?;
        match outcome {
            Outcome::Disturbed(by) => rounds.again(by).map_err(FlushError::from)?,
            Outcome::NotDurable(error) => {
                return Err(FlushError::File(lockedfile::Error::NotDurable(error)).into());
            }
            Outcome::Done => return Ok(Updated { value, flushed }),
        }
    }
}
