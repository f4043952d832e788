//! A regular file at the lock's name: a lock of the file generation, or another program's.

use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crate::holder::Liveness;
use crate::judge::clock::by_time;
use crate::judge::occupant::{Found, Occupant, Removable, Stranger, unknown};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::{self, Record};
use crate::sys::{self, Flock, Stat};

/// The file generation: one regular file at the lock's name, whose record is complete before it is
/// linked into place. A file with anything else in it, or with nothing, is no lock of ours and is
/// never removed. It can be the lock file of another program: flock(1) and Python's `filelock`
/// leave an empty one, git's `index.lock` becomes the index. It can be no lock at all: `Cargo.lock`
/// is what the lock of `Cargo` would be called.
///
/// If somebody has the file's OS lock, it is held, whatever is in it. Only a shared one is asked
/// for, and given up at once. Another program that asks for the exclusive one in this moment is
/// refused, as by any reader of the lock.
pub(super) fn judge_file(
    stat: Stat,
    names: &Names,
    options: &LockOptions,
    asks_kernel: bool,
) -> Found {
    let file = match sys::open_file(&names.lock) {
        Ok(Some(file)) => file,
        Ok(None) => return Occupant::alive(Some(stat), Liveness::Unknown("it changed".into())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Found::Nothing,
        // Without its record nobody knows whether it is a lock.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Occupant::alive(Some(stat), Liveness::Unreadable);
        }
        Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
    };
    let read = sys::identity(&file).and_then(|id| Ok((id, sys::read_start(&file, record::LIMIT)?)));
    let record = match read {
        Ok((id, _)) if id != stat.id => return Found::Nothing,
        Ok((_, bytes)) => Record::parse(&bytes).ok_or(bytes.is_empty()),
        Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
    };
    if asks_kernel && is_locked(&names.lock) {
        let verdict = Verdict::Alive(Liveness::Running);
        // A person may break a lock of the file generation, and not another program's.
        let (removable, record) = match record {
            Ok(record) => (Removable::File(file), Some(record)),
            Err(_) => (Removable::Closed, None),
        };
        return Found::Occupied(Box::new(Occupant {
            removable,
            stat: Some(stat),
            record,
            verdict,
        }));
    }
    match record {
        Ok(record) => {
            let verdict = by_time(Some(&record), stat.modified, options.grace, options);
            let (removable, record) = (Removable::File(file), Some(record));
            Found::Occupied(Box::new(Occupant { removable, stat: Some(stat), record, verdict }))
        }
        Err(is_empty) => Found::NotALock(Stranger::of(&stat, is_empty, options)),
    }
}

/// Whether somebody has the exclusive OS lock of the file at `path`. Through a descriptor of its
/// own: the one that is kept until the file is removed must not keep others from their lock.
fn is_locked(path: &Path) -> bool {
    let probe: Option<File> = sys::open_file(path).ok().flatten();
    probe.is_some_and(|file| matches!(sys::try_flock_file(&file, Flock::Shared), Ok(false)))
}
