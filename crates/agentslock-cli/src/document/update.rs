//! Changing the document under its lock: by the library, or inside the hold of an ancestor.

use std::path::Path;

use agentslock_core::{Digest, Flushed, Lockfile, LockfileOptions};

use crate::document::commit::rewrite;
use crate::filter::UnderLock;
use crate::flags::Common;
use crate::hold::Outer;
use crate::io::failure::Failure;
use crate::io::stderr;
use crate::lock_wait;
use crate::sys;

/// Stages by `stage` on the document as it is under the lock, and writes it. Again, five times in
/// all, if the document changes without its lock.
pub(crate) fn update(
    path: &Path,
    common: &Common,
    mut stage: impl FnMut(&Lockfile, UnderLock<'_>) -> Result<(), Failure>,
) -> Result<Flushed, Failure> {
    if Outer::of(path)?.is_some() {
        return rewrite(path, common, |_, hold| {
            // Read once more: the library reads for itself. A change in between shows before the
            // commit.
            let lockfile = Lockfile::open(path)?;
            let guard = hold.guard();
            stage(&lockfile, UnderLock::of(guard.path(), guard.token(), || hold.renew()))?;
            Ok(lockfile.changed_text()?.map(String::into_bytes))
        });
    }
    sys::wait_begins();
    let options = LockfileOptions::new().lock(lock_wait::options(common, path));
    let updated = options.update(path, |lockfile| {
        stderr::end_progress();
        // The library does not say the token of the lock that it holds.
        let held = filelock::inspect(path).ok().flatten();
        let token = held.as_ref().and_then(|held| held.holder().token()).unwrap_or_default();
        stage(lockfile, UnderLock::of(path, token, || renew(lockfile)))
    })?;
    Ok(updated.flushed)
}

/// Stages the digest of the inputs; an empty text removes it.
pub(crate) fn stage_inputs_digest(lockfile: &Lockfile, digest: &str) {
    if digest.is_empty() {
        lockfile.remove_inputs_digest();
    } else {
        lockfile.set_inputs_digest(&Digest::verbatim(digest));
    }
}

/// Renews the lock that an update of the document holds.
fn renew(lockfile: &Lockfile) -> Result<(), filelock::RenewError> {
    match lockfile.renew_lock() {
        Err(agentslock_core::RenewLockError::Renew(error)) => Err(error),
        _ => Ok(()),
    }
}
