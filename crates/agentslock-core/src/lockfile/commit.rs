//! One round of a flush or an update, once the lock is held: read, apply, compare, write, look once
//! more, rename.
//!
//! ```text
//! lock                       dies here: the next waiter proves it and goes on
//! read, parse                not understood: an error; the file is never written over
//! apply, compare             nothing would change: done, file untouched
//! write and sync a sibling   dies here: a temporary is left, and removed by a later flush
//! still ours? still it?      no: another round on what is there now
//! rename                     the commit
//! sync the directory         fails: "written, but not yet durable"
//! unlock                     lost meanwhile: an error if something was written
//! ```
//!
//! The last look is there for writers that do not follow the protocol: a person with an editor, a
//! `git checkout`, a foreign peer that judges by the clock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use filelock::{LockGuard, NotHeld, ReleaseError, VerifyError};
use fsops::{AtomicFile, CreatedParents, Durability, ReplaceError, Version};

use super::options::LockfileOptions;
use crate::document::Document;
use crate::document::change::Change;
use crate::document::load::ROUNDS;
use crate::document::render::{Rendered, changes_nothing};
use crate::error::{Disturbance, FlushError};

/// How old a temporary must be to count as left over. The lock's TTL: nobody is that slow and still
/// holds the lock in the eyes of all.
const LEFT_OVER: Duration = filelock::TTL;

/// What a flush did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Flushed {
    /// The file was replaced, or created.
    Written,
    /// All was already as staged. The file was not touched: same inode, same times.
    Unchanged,
}

/// How a round ended, if not by an error.
pub(super) enum Round {
    Done(Flushed),
    /// In place, but the directory's sync failed.
    NotDurable(ReplaceError),
    /// Nothing was written.
    Disturbed(Disturbance),
}

/// Writes `document` with `changes` applied, if that changes anything, and releases the lock.
pub(super) fn finish_round(
    path: &Path,
    options: &LockfileOptions,
    guard: LockGuard,
    read: (&Document, &Version),
    changes: &BTreeMap<String, Change>,
) -> Result<Round, FlushError> {
    let round = write(path, options, &guard, read, changes)?;
    // If releasing fails in any other way, the guard is dropped, and with it the OS lock that would
    // tell the next waiter that this process lives.
    let was_lost = matches!(guard.release(), Err(ReleaseError::NotHeld(NotHeld::Lost { .. })));
    if was_lost && matches!(round, Round::Done(Flushed::Written)) {
        return Err(FlushError::LockLost { path: path.to_owned() });
    }
    Ok(round)
}

fn write(
    path: &Path,
    options: &LockfileOptions,
    guard: &LockGuard,
    (document, version): (&Document, &Version),
    changes: &BTreeMap<String, Change>,
) -> Result<Round, FlushError> {
    if !version.is_missing() && changes_nothing(document, changes) {
        return Ok(Round::Done(Flushed::Unchanged));
    }
    let rendered = Rendered::new(document, changes);
    remove_left_overs_once(path);
    let mut file = AtomicFile::create(path, options.durability).map_err(FlushError::Write)?;
    let failed_to = |verb| {
        move |source| FlushError::Write(ReplaceError::Io { verb, path: path.to_owned(), source })
    };
    rendered.write_to(&mut file).map_err(failed_to("write the new content of"))?;
    let file = file.make_ready().map_err(FlushError::Write)?;
    match guard.verify() {
        Ok(()) => {}
        Err(VerifyError::NotHeld(NotHeld::Lost { .. })) => {
            return Ok(Round::Disturbed(Disturbance::LockLost));
        }
        Err(error) => return Err(error.into()),
    }
    if !version.is_current(path).map_err(failed_to("examine"))? {
        return Ok(Round::Disturbed(Disturbance::FileChanged));
    }
    match file.commit() {
        Ok(()) => Ok(Round::Done(Flushed::Written)),
        Err(error) if error.is_committed() => Ok(Round::NotDurable(error)),
        Err(error) => Err(FlushError::Write(error)),
    }
}

/// After a round that was disturbed: on to the next, unless it was the last.
pub(super) fn start_over(
    path: &Path,
    round: &mut u32,
    last: Disturbance,
) -> Result<(), FlushError> {
    if *round == ROUNDS {
        return Err(FlushError::Unsettled { path: path.to_owned(), rounds: ROUNDS, last });
    }
    *round += 1;
    Ok(())
}

/// Once per process and document: only killed writers leave any.
fn remove_left_overs_once(path: &Path) {
    static DONE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let Ok(path) = std::path::absolute(path) else { return };
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.insert(path.clone()) {
        drop(done);
        // What cannot be removed now does no harm.
        let _ = fsops::remove_left_over_temporaries(&path, LEFT_OVER);
    }
}

/// Directories that were created for a document. Dropped, it removes those that are empty: no document
/// came to be.
pub(super) struct Parents(Option<CreatedParents>);

impl Drop for Parents {
    fn drop(&mut self) {
        if let Some(created) = self.0.take() {
            created.remove_if_empty();
        }
    }
}

/// Creates the directory that the document is to lie in. (The Go package expects it to exist;
/// first runs failed for it.)
pub(super) fn create_parents(path: &Path, durability: Durability) -> Result<Parents, FlushError> {
    fsops::create_parents(path, durability)
        .map(|created| Parents(Some(created)))
        .map_err(|source| FlushError::CreateDirectory { path: path.to_owned(), source })
}
