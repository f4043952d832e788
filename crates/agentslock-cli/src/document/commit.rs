//! Replacing a file under a hold: for `edit FILE`, and for verbs that work inside the hold of an
//! ancestor.
//!
//! ```text
//! take the lock            killed: it is dead, and the next one replaces it
//! read                     the version of what was read is kept
//! change                   a command may run here, for long: the lock is renewed
//! write a sibling          killed: a temporary is left, which the next writer removes
//! verify                   lost: nothing is written
//! still what was read?     no: another program wrote without the lock; again, five times in all
//! rename, sync             killed before: the old text; after: the new one
//! release
//! ```

use std::io::Write;
use std::path::Path;

use agentslock_core::Flushed;
use fsops::{AtomicFile, Durability, ReplaceError};

use crate::flags::Common;
use crate::hold::Hold;
use crate::io::failure::{Failure, LOCKED};
use crate::io::stderr;
use crate::lock_wait;
use crate::sys;

/// How often a change is made in all if the file changes without its lock.
const ROUNDS: u32 = 5;

/// Replaces the file by what `change` makes of it; `None` leaves it as it is.
pub(crate) fn rewrite(
    path: &Path,
    common: &Common,
    mut change: impl FnMut(Option<&[u8]>, &Hold) -> Result<Option<Vec<u8>>, Failure>,
) -> Result<Flushed, Failure> {
    sys::wait_begins();
    for _ in 0..ROUNDS {
        let hold = Hold::acquire(common, path)?;
        stderr::end_progress();
        lock_wait::tell_acquired(common, path, hold.guard());
        let contents = fsops::read(path)?;
        let after = change(contents.bytes.as_deref(), &hold)?;
        let Some(after) = after.filter(|after| contents.bytes.as_ref() != Some(after)) else {
            hold.release();
            return Ok(Flushed::Unchanged);
        };
        let mut file = AtomicFile::create(path, Durability::Full)?;
        let failed = |verb| {
            move |source| Failure::from(ReplaceError::Io { verb, path: path.to_owned(), source })
        };
        file.write_all(&after).map_err(failed("write the new content of"))?;
        let file = file.make_ready()?;
        hold.verify()?;
        if contents.version.is_current(path).map_err(failed("examine"))? {
            file.commit()?;
            hold.release();
            return Ok(Flushed::Written);
        }
        // The sibling goes with its handle.
        drop(file);
        hold.release();
    }
    let message = format!(
        "`{}` was changed without its lock in each of {ROUNDS} rounds; nothing was written; find the \
         program that does so, and try again",
        path.display()
    );
    Err(Failure::new(LOCKED, "changed", message))
}
