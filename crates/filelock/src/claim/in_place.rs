//! Acquiring in place: where a directory cannot be published whole, `mkdir` at the final name is
//! the claim, and the record follows.
//!
//! Between the two, others see a lock without a record. They take it for a claim in the making
//! until the grace is over, then remove the empty directory. So each step below may find that the
//! claim was lost, and then says so:
//!
//! ```text
//! mkdir L             the claim; exists: taken
//! open L              gone: lost
//! took how long?      more than 1.5 s: lost, for this may soon be another's; more than 2 s: it may be now
//! flock (if usable)   refused: another claimant of the same directory was faster, lost
//! create holder       exclusive; exists: lost. The directory was removed: not found, lost
//! flock of it         if usable: for other users, who may not open the directory
//! its stream          on Windows, if usable: held open from before the record is written
//! read back by path   another directory or another record: lost
//! took how long?      where time decides, half the TTL or more: lost
//! ```
//!
//! No system call tells whether the directory that was opened is the one that was made. Time does:
//! it cannot have been taken for a remnant, and removed, before the grace was over.

use std::io::ErrorKind;

use crate::claim::Claim;
use crate::claim::parent::create_parent;
use crate::environment::Moment;
use crate::error::AcquireError;
use crate::names::Names;
use crate::options::{GRACE, LockOptions};
use crate::process::ProcessId;
use crate::record;
use crate::record::file::{RecordFile, lock_new};
use crate::sys;

/// One try. `None`: somebody else has the lock, or got it while we were at it.
pub(super) fn attempt(
    names: &Names,
    options: &LockOptions,
    use_flock: bool,
) -> Result<Option<Box<Claim>>, AcquireError> {
    let environment = &options.environment;
    let started = Moment::now(environment);
    let Some((id, dir)) = make(names, options, &started)? else { return Ok(None) };
    // The grace that foreign claimants go by. Those of ours do no harm in one directory: whoever
    // creates the record in it has it.
    let took = started.elapsed(environment);
    if took >= GRACE / 4 * 3 {
        if took < GRACE {
            remove_if_ours(names, id);
        }
        return Ok(None);
    }
    let kernel_backed = use_flock
        && match dir.try_flock_exclusive() {
            Ok(true) => true,
            Ok(false) => return Ok(None),
            Err(_) => false,
        };
    let owner = ProcessId::current();
    let mut record = Claim::record_for(names, options, owner, kernel_backed);
    let file = match sys::create_exclusive(&dir, record::NAME) {
        Ok(file) => file,
        Err(error) if is_lost(error.kind()) => return Ok(None),
        Err(error) => {
            remove_if_ours(names, id);
            return Err(AcquireError::of("create the record in", &names.lock, error));
        }
    };
    if kernel_backed {
        lock_new(&file, &mut record);
    }
    let uses_stream = environment.uses_streams() && !kernel_backed;
    let stream = uses_stream.then(|| sys::Stream::open(&names.lock, &dir, record::NAME)).flatten();
    record.facts.has_stream = stream.is_some();
    let bytes = record.encode();
    let (file, confirmed) = match RecordFile::write(file, bytes.clone()) {
        Ok(file) => {
            let confirmed = dir.open_to_all().and_then(|()| is_in_place(names, id, &bytes));
            (kernel_backed.then_some(file), confirmed)
        }
        Err(error) => (None, Err(error)),
    };
    let changed = record.stamp;
    let mut claim =
        Box::new(Claim { dir, id, changed, file, record, stream, private: None, owner });
    // Where time decides, whoever took as long as the TTL may have been judged expired meanwhile,
    // by somebody who acts on it only now. Half of it leaves room for a clock that differs.
    let is_slow = !kernel_backed && started.elapsed(environment) >= options.ttl / 2;
    if matches!(confirmed, Ok(true)) && !is_slow {
        claim.dir.let_go();
        return Ok(Some(claim));
    }
    take_back(names, claim);
    match confirmed {
        Err(error) if !is_lost(error.kind()) => {
            Err(AcquireError::of("write the record in", &names.lock, error))
        }
        _ => Ok(None),
    }
}

/// Makes the directory, and opens it. `None`: the name was taken, or was gone at once.
fn make(
    names: &Names,
    options: &LockOptions,
    started: &Moment,
) -> Result<Option<(sys::FileId, sys::Dir)>, AcquireError> {
    let failed = |verb, error| AcquireError::of(verb, &names.lock, error);
    if let Err(error) = sys::mkdir(&names.lock, 0o711) {
        return match error.kind() {
            ErrorKind::AlreadyExists => Ok(None),
            ErrorKind::NotFound => {
                create_parent(names, options, &names.lock)?;
                Ok(None)
            }
            _ => Err(failed("create directory", error)),
        };
    }
    match sys::open_dir(&names.lock).and_then(|dir| Ok((dir.stat()?.id, dir))) {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if is_gone(error.kind()) => Ok(None),
        Err(error) => {
            if started.elapsed(&options.environment) < GRACE {
                let _ = sys::rmdir(&names.lock);
            }
            Err(failed("open", error))
        }
    }
}

/// Removes the record, if it still is ours, and the directory.
///
/// Another may have its record here by now, if ours was judged expired while we were stopped. So it
/// is opened by name.
fn take_back(names: &Names, mut claim: Box<Claim>) {
    claim.file = None;
    if claim.read_back().is_ok_and(|found| found.is_none_or(|found| found == claim.record)) {
        let _ = claim.dir.unlink(record::NAME);
        claim.stream = None;
        remove_if_ours(names, claim.id);
    }
}

/// Whether the name stands for our directory, and the record in it, found by name, is ours.
fn is_in_place(names: &Names, id: sys::FileId, bytes: &[u8]) -> std::io::Result<bool> {
    let here = sys::is_at(&names.lock, id)?;
    let read = sys::open_file(&names.lock.join(record::NAME))?
        .map(|file| sys::read_start(&file, record::LIMIT))
        .transpose()?;
    Ok(here && read.as_deref() == Some(bytes))
}

/// The name is gone, or is something else by now.
fn is_gone(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Somebody else was here: as above, or with a record of their own.
fn is_lost(kind: ErrorKind) -> bool {
    is_gone(kind) || kind == ErrorKind::AlreadyExists
}

fn remove_if_ours(names: &Names, id: sys::FileId) {
    if sys::is_at(&names.lock, id).unwrap_or(false) {
        let _ = sys::rmdir_if(&names.lock, id);
    }
}
