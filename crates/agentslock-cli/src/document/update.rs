//! Changing the document under its lock: by the library, or inside the hold of an ancestor.
//!
//! What changes nothing takes no lock and needs no right to write, since documents are replaced
//! whole. A change without a command is tried on the document as it is, before the lock is taken. A
//! command counts on the lock, and can be slow. It runs without the lock only if the lock cannot be
//! made there. If it then changes something, taking the lock says why it cannot be written.

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

/// How a change is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// By a command that is run.
    Command,
    /// By this program alone.
    Itself,
}

/// Stages by `stage` on the document as it is under the lock, and writes it. Again, five times in
/// all, if the document changes without its lock.
pub(crate) fn update(
    path: &Path,
    common: &Common,
    by: By,
    mut stage: impl FnMut(&Lockfile, UnderLock<'_>) -> Result<(), Failure>,
) -> Result<Flushed, Failure> {
    let is_inside = Outer::of(path)?.is_some();
    let looks_first = match by {
        By::Command => !may_lock(path),
        By::Itself => is_inside,
    };
    if looks_first {
        let lockfile = Lockfile::open(path)?;
        stage(&lockfile, UnderLock::none())?;
        if !lockfile.was_missing() && lockfile.changed_text()?.is_none() {
            return Ok(Flushed::Unchanged);
        }
    }
    if is_inside {
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
    let updated = options.first_look(by == By::Itself).update(path, |lockfile| {
        stderr::end_progress();
        if by == By::Itself {
            return stage(lockfile, UnderLock::none());
        }
        // The library does not say the token of the lock that it holds.
        let held = filelock::inspect(path).ok().flatten();
        let token = held.as_ref().and_then(|held| held.holder().token()).unwrap_or_default();
        stage(lockfile, UnderLock::of(path, token, || renew(lockfile)))
    })?;
    Ok(updated.flushed)
}

/// Whether a lock can be made for `path`, as far as rights tell.
pub(crate) fn may_lock(path: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    sys::may_create_in(parent.unwrap_or(Path::new(".")))
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
