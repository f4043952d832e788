//! A directory at the lock's name: a lock of ours, or of the directory generation.

use std::io::ErrorKind;

use crate::holder::Liveness;
use crate::judge::clock::{by_time, left};
use crate::judge::kernel::{Word, ask_kernel, expired_unless_it_runs};
use crate::judge::occupant::{Body, Occupant, Sight, unknown};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::file::{open_record, read};
use crate::sys::{Dir, Look};

pub(crate) fn judge_directory(
    dir: Dir,
    names: &Names,
    options: &LockOptions,
    local: bool,
) -> Sight {
    let environment = &options.environment;
    let look = match dir.look() {
        Ok(look) => look,
        Err(error) => return Occupant::alive(None, unknown(&error)),
    };
    let occupied = |body, record, verdict| {
        Sight::Occupied(Box::new(Occupant { body, look: Some(look), record, verdict }))
    };
    let kernel_is_asked = local && !environment.force_time_based;
    let opened = open_record(&dir);
    let record = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let verdict = without_record(&look, options);
            return occupied(Body::Directory(dir), None, verdict);
        }
        // A record that we may not read, unlike a look that failed, stays that way: by time.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(error) => return Occupant::alive(Some(look), unknown(&error)),
        Ok(None) => None,
        Ok(Some(file)) => match read(&file) {
            Ok(record) => record,
            Err(error) => return Occupant::alive(Some(look), unknown(&error)),
        },
    };
    let vouched = record.as_ref().filter(|_| kernel_is_asked);
    let vouched = vouched.and_then(|record| Some((record, record.flock.as_deref()?)));
    let word = vouched.map(|(record, kernel)| (ask_kernel(&dir, names, &look, record), kernel));
    let verdict = match word {
        // However old, and whatever kernel it names.
        Some((Word::Runs, _)) => Verdict::Alive(Liveness::Running),
        Some((Word::Died, kernel)) if environment.is_this_kernel(kernel) => Verdict::Dead,
        Some((Word::Released, _)) => return Sight::Nothing,
        Some((Word::Unknown(error), _)) => return Occupant::alive(Some(look), unknown(&error)),
        Some((Word::Died, _)) | None => {
            match by_time(record.as_ref(), look.modified, options.ttl, options) {
                Verdict::Expired if kernel_is_asked => expired_unless_it_runs(&dir),
                other => other,
            }
        }
    };
    occupied(Body::Directory(dir), record, verdict)
}

/// What a directory is in which there is no record.
fn without_record(look: &Look, options: &LockOptions) -> Verdict {
    if look.is_sticky() {
        // Published with its record, which is gone: its owner is releasing it, or died doing so.
        return Verdict::Remnant { timed: false };
    }
    // Nobody is asked for its OS lock: a claimant that has it and is stopped would block all
    // others. If it is about to create its record, the kernel will not remove the directory.
    match left(&options.environment, look.modified, options.grace) {
        Some(within) => Verdict::Alive(Liveness::Expires { within }),
        None => Verdict::Remnant { timed: true },
    }
}
