//! Releasing after the directory that the lock lies in was renamed.
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
//! fchmod 01711        "was there with its record"             as above            as above
//! unlink holder       a waiter is refused by our flock        a remnant, removed  others leave it alone for
//!                                                             by anyone           50 ms, then remove it
//! rmdir its name      removed by a waiter meanwhile: fine;    as above            as above
//!                     a claimant's by then: not empty, or,
//!                     if made in place, lost and tried again
//! ```
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
            && let Ok(Some(above)) = claim.dir.above(name, claim.id)
            && claim.dir.set_mode(PUBLISHED).is_ok()
            && claim.dir.unlink(record::NAME).is_ok()
        {
            let _ = above.rmdir(name);
        }
    }
}
