//! Clearing a lock whose holder is gone: compare-and-delete.
//!
//! A directory's record is removed *through the descriptor that was judged*: whatever the name
//! stands for by then, no other holder's record can be hit. Then `rmdir` by name: if a successor
//! has taken the name, its directory is not empty and the kernel refuses. Renaming the dead lock
//! aside first looks simpler and is wrong. A successor may take the name before the rename, which
//! would then carry a living lock away (see `docs/decisions.md`).
//!
//! A foreign claimant's new directory is empty for a moment, so `rmdir` by name can hit it. It does
//! so if two clear one lock, and the second one acts when the first is through:
//!
//! ```text
//! A                B                           a foreign claimant
//! unlink holder
//!                  unlink holder: not found
//!                  lstat L: still that one
//! rmdir L
//!                                              mkdir L
//!                  rmdir L                     its claim is lost
//! ```
//!
//! So only who removed the record removes the directory at once. The others leave it alone for a
//! moment (`LEFT_ALONE`), and go on then, in case A died before its `rmdir`. Two ways are left. An
//! A can stall there for longer, or die, and two go on then. And the claimant of a claim in the
//! making can die: there is no record, so nobody is the one who removed it.

pub(crate) mod bar;
pub(crate) mod cleared;
pub(crate) mod directory;
mod file;
pub(crate) mod sweep;

use crate::clear::cleared::Cleared;
use crate::clear::directory::{
    keep_from_takers, refuse_strangers, remove_directory, unlink_record,
};
use crate::clear::file::remove_file;
use crate::error::AcquireError;
use crate::judge::occupant::{Occupant, Removable};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::sys::{self, REMOVES_THAT};

/// Removes what was judged to be dead, expired or a remnant. `leaves`: if another process clears it
/// already, that is left to it.
pub(crate) fn clear(
    names: &Names,
    occupant: Occupant,
    options: &LockOptions,
    leaves: bool,
) -> Result<Cleared, AcquireError> {
    let Some(stat) = occupant.stat else { return Ok(Cleared::NotYet(None)) };
    match (occupant.removable, occupant.verdict) {
        (
            Removable::Directory(_) | Removable::Others(None),
            Verdict::Leaving | Verdict::Remnant { .. },
        ) => remove_directory(names, &stat, options),
        // Another user's dead lock is taken as it is: `claim/exchange.rs`.
        (_, Verdict::Alive(_)) | (Removable::Closed | Removable::Others(_), _) => {
            Ok(Cleared::NotYet(None))
        }
        (Removable::Directory(dir), verdict) => {
            refuse_strangers(names, &stat, options)?;
            // A living holder has it, so nobody takes a lock that a person breaks.
            let asked = occupant.record.filter(|_| !matches!(verdict, Verdict::Broken));
            let Ok(_keep) = keep_from_takers(&dir, asked.as_ref()) else {
                return Ok(Cleared::Taken);
            };
            let was_there = unlink_record(names, &dir)?;
            let leaves = leaves && !REMOVES_THAT && !was_there;
            if leaves && sys::is_at(&names.lock, stat.id).unwrap_or(false) {
                // It stays open for a while. Nobody is to take that for a holder.
                dir.unlock();
                return Ok(Cleared::ByAnother(dir));
            }
            remove_directory(names, &stat, options)
        }
        (Removable::File(file), _) => remove_file(names, &file, &stat),
    }
}
