//! Replacing a file under a hold: for `edit FILE` and `check --fix`, and for verbs that work inside
//! the hold of an ancestor. How a file is replaced, and what happens if the process dies at each
//! step, is in the crate `lockedfile` (`rounds.rs`). Here a command may run between reading and
//! writing, for long.

use std::io::Write;
use std::path::Path;

use agentslock_core::{Disturbance, Flushed};
use lockedfile::{Error, Options, Outcome, ROUNDS};

use crate::flags::Common;
use crate::hold::Hold;
use crate::io::failure::{Failure, LOCKED};
use crate::io::stderr;
use crate::lock_wait;
use crate::sys;

/// Replaces the file by what `change` makes of it; `None` leaves it as it is.
pub(crate) fn rewrite(
    path: &Path,
    common: &Common,
    mut change: impl FnMut(Option<&[u8]>, &Hold) -> Result<Option<Vec<u8>>, Failure>,
) -> Result<Flushed, Failure> {
    sys::wait_begins();
    let options = Options::new().lock(lock_wait::options(common, path));
    let mut rounds = options.rounds(path)?;
    loop {
        let hold = Hold::acquire(common, path)?;
        stderr::end_progress();
        lock_wait::tell_acquired(common, path, hold.guard());
        let contents = rounds.read_opaque()?;
        let after = change(contents.bytes.as_deref(), &hold)?;
        let Some(after) = after.filter(|after| contents.bytes.as_ref() != Some(after)) else {
            hold.release();
            return Ok(Flushed::Unchanged);
        };
        let (guard, outer) = hold.into_parts();
        let outer_is_held = || outer.map_or(Ok(()), |outer| outer.verify());
        let round = rounds.adopt(guard);
        match round.replace_if(&contents.version, |file| file.write_all(&after), outer_is_held)? {
            Outcome::Done => return Ok(Flushed::Written),
            Outcome::NotDurable(error) => return Err(error.into()),
            Outcome::Disturbed(by) => rounds.again(by).map_err(|error| unsettled(path, error))?,
        }
    }
}

fn unsettled(path: &Path, error: Error) -> Failure {
    if !matches!(error, Error::Unsettled { last: Disturbance::FileChanged, .. }) {
        return error.into();
    }
    let message = format!(
        "`{}` was changed without its lock in each of {ROUNDS} rounds; nothing was written; find the \
         program that does so, and try again",
        path.display()
    );
    Failure::new(LOCKED, "changed", message)
}
