//! Updating: the caller's own reading and changing, inside one hold of the lock.

use std::path::Path;
use std::sync::Arc;

use lockedfile::Outcome;

use super::Lockfile;
use super::commit::{Flushed, finish_round};
use super::options::{LockfileOptions, absolute};
use crate::document::Document;
use crate::document::load::{read_at_once, read_in_round};
use crate::document::render::changes_nothing;
use crate::document::version::refuse_later;
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
    /// With [`first_look`](LockfileOptions::first_look) it also runs once before the lock is taken.
    ///
    /// A document of a later format is refused before `change` runs: [`FlushError::Version`]. A
    /// missing one is waited for as [`flush`](Self::flush) does.
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
    let mut known = None;
    if options.first_look {
        match look(path, options, &mut change)? {
            Look::Unchanged(value) => return Ok(Updated { value, flushed: Flushed::Unchanged }),
            Look::NeedsLock(document) => known = document,
        }
    }
    let mut rounds = options.file.rounds(path).map_err(FlushError::from)?;
    loop {
        let held = rounds.lock().map_err(FlushError::from)?;
        let (document, version) = read_in_round(&mut rounds, known.as_ref())?;
        refuse_later(&document, path).map_err(FlushError::from)?;
        let loaded = (document, &version);
        let handle = Lockfile::inside_update(path, options.clone(), loaded, Some(held));
        // An error or a panic drops the handle, and with it the lock: nothing written, unlocked.
        let value = change(&handle)?;
        let (held, state) = handle.into_parts();
        let held = held.expect("because the handle was made with it");
        let changes = state.staged.snapshot().changes;
        let round = finish_round(held, (&state.document, &version), &changes)?;
        match round.outcome {
            Outcome::Disturbed(by) => rounds.again(by).map_err(FlushError::from)?,
            Outcome::NotDurable(error) => {
                return Err(FlushError::File(lockedfile::Error::NotDurable(error)).into());
            }
            Outcome::Done => return Ok(Updated { value, flushed: round.flushed }),
        }
    }
}

/// What a run without the lock came to.
enum Look<R> {
    Unchanged(R),
    /// The document as it was then, if it was there.
    NeedsLock(Option<Arc<Document>>),
}

/// Runs `change` without the lock. Documents are replaced whole, so that what is read was the
/// document at one moment. What `change` finds of it, an error of its own included, was right then.
/// A document that was written in place meanwhile counts for nothing.
fn look<R, E, F>(path: &Path, options: &LockfileOptions, change: &mut F) -> Result<Look<R>, E>
where
    F: FnMut(&Lockfile) -> Result<R, E>,
    E: From<FlushError>,
{
    let Some((document, version)) = read_at_once(path, None) else {
        return Ok(Look::NeedsLock(None));
    };
    refuse_later(&document, path).map_err(FlushError::from)?;
    let loaded = (Arc::clone(&document), &version);
    let handle = Lockfile::inside_update(path, options.clone(), loaded, None);
    let result = change(&handle);
    let (_, state) = handle.into_parts();
    let stays = result.is_err() || changes_nothing(&document, &state.staged.snapshot().changes);
    if !stays || !version.is_current(path).unwrap_or(false) {
        return Ok(Look::NeedsLock(Some(document)));
    }
    result.map(Look::Unchanged)
}
