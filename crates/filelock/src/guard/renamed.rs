//! Releasing after the directory that the lock lies in was renamed, or a link on the way to it
//! leads elsewhere.
//!
//! The lock went along. By its name it is lost, and its holder is told so. But it would stay in the
//! renamed directory. So its owner removes it from there, if the kernel vouches for it:
//!
//! ```text
//! step                another process acts here               dies here           stalls here
//! read the record     not our token, or not in our            a dead lock there,  all who look there wait,
//!                     directory: touch nothing                replaced at once    as for any holder
//! openat L, ".."      the directory is renamed once more:     as above            as above
//!                     it stays the one that is open
//! fstatat its name    not ours (moved aside, replaced,        as above            as above
//!                     removed): touch nothing
//! fchmod 01711        only if made in place: "was there       as above            as above
//!                     with its record"
//! unlink holder       a waiter is refused by our flock        a remnant, removed  others leave it alone for
//!                                                             after 50 ms         50 ms, then remove it
//! fstatat its name    removed by a waiter meanwhile: fine     as above            as above
//! rmdir its name      a claimant's by then: not empty, or,    as above            as above
//!                     if made in place, lost and tried again
//! ```
//!
//! The directory can be renamed between any two steps of another release as well. What that was
//! about to do by the path is done here. If the record is gone, only the last two rows are left. A
//! handle's rename either finds nothing by the path, or moves a later holder's lock in a new
//! directory of the old name. It puts that one back (`move_back.rs`). Then the first row follows.
//!
//! That is the release of a one-shot, with the directory's descriptor in place of its path. No look
//! or removal goes by a path. So what stands at the old name by now, perhaps a later holder's lock,
//! is not touched.

use crate::guard::LockGuard;
use crate::record::{self, PUBLISHED};

impl LockGuard {
    /// Removes a lock that went along with the directory that it lies in. Of others, it touches
    /// nothing.
    pub(super) fn remove_renamed(&self) {
        let (claim, name) = (self.claim(), self.names.lock.file_name());
        if claim.file.is_some()
            && matches!(claim.has_our_token(), Ok(Some(true)))
            && let Some(name) = name
            && let Ok(above) = claim.dir.above()
            && above.has(name, claim.id)
        {
            if claim.private.is_none() {
                let _ = claim.dir.set_mode(PUBLISHED);
            }
            if claim.dir.unlink(record::NAME).is_ok() {
                let _ = above.rmdir_if(name, claim.id);
            }
        }
    }

    /// The same, once its record is gone.
    pub(super) fn remove_emptied_renamed(&self) {
        let (claim, name) = (self.claim(), self.names.lock.file_name());
        if claim.file.is_some()
            && let Some(name) = name
            && let Ok(above) = claim.dir.above()
        {
            let _ = above.rmdir_if(name, claim.id);
        }
    }
}
