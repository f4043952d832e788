//! A directory of another user, who alone may open it and ask for its OS lock. Its record can be
//! read by all, and asked for its own OS lock.

use std::fs::File;
use std::io::ErrorKind;

use crate::holder::Liveness;
use crate::judge::clock::left;
use crate::judge::kernel::is_proof;
use crate::judge::occupant::{Found, Occupant, Removable};
use crate::judge::verdict::Verdict;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::file::read;
use crate::record::{self, Record};
use crate::sys::{self, Flock, Stat};

/// The record is looked up by name, since the directory may not be opened. It is kept open, so that
/// its inode number goes to no other file. As long as `L/holder` is that file, `L` is the directory
/// that it was made in: it has no other name.
///
/// A record without the line `flocked` is an older holder's, or a foreign one's: alive, for all
/// that we know.
pub(super) fn judge_others(
    stat: Stat,
    names: &Names,
    options: &LockOptions,
    asks_kernel: bool,
) -> Found {
    let occupied = |removable, record, verdict| {
        Found::Occupied(Box::new(Occupant { removable, stat: Some(stat), record, verdict }))
    };
    let unreadable = Verdict::Alive(Liveness::Unreadable);
    let file = match sys::open_file(&names.lock.join(record::NAME)) {
        Ok(Some(file)) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && stat.is_sticky() => {
            return without_record(stat, names, options);
        }
        _ => return occupied(Removable::Closed, None, unreadable),
    };
    let Some(record) = read(&file).ok().flatten() else {
        return occupied(Removable::Closed, None, unreadable);
    };
    let kernel = record.flock.as_deref().filter(|_| asks_kernel && record.facts.is_locked);
    let Some(kernel) = kernel else {
        return occupied(Removable::Closed, Some(record), unreadable);
    };
    match sys::try_flock_file(&file, Flock::Shared) {
        Ok(false) => occupied(Removable::Closed, Some(record), Verdict::Alive(Liveness::Running)),
        // Released between our opening its record and our asking for the OS lock.
        Ok(true) if !is_still_there(names, &file, &record) => Found::Nothing,
        Ok(true) if is_proof(&record, kernel, names, options) => {
            occupied(Removable::Others(Some(file)), Some(record), Verdict::Dead)
        }
        _ => occupied(Removable::Closed, Some(record), unreadable),
    }
}

/// Whether `L/holder` still is this file, with this record in it.
pub(crate) fn is_still_there(names: &Names, file: &File, record: &Record) -> bool {
    let is_named = sys::identity(file)
        .and_then(|id| sys::is_at(&names.lock.join(record::NAME), id))
        .unwrap_or(false);
    is_named && read(file).is_ok_and(|now| now.as_ref() == Some(record))
}

/// Its owner is on its way out, or died there, or a process that cleared it did. It cannot be asked
/// which. An owner that lives removes it in a moment; the kernel lets us remove it, too, since it
/// is empty.
fn without_record(stat: Stat, names: &Names, options: &LockOptions) -> Found {
    if !sys::is_at(&names.lock, stat.id).unwrap_or(true) {
        return Found::Nothing;
    }
    let (removable, verdict) = match left(&options.environment, stat.modified, options.grace) {
        Some(within) => (Removable::Closed, Verdict::Alive(Liveness::Expires { within })),
        None => (Removable::Others(None), Verdict::Remnant { timed: true }),
    };
    Found::Occupied(Box::new(Occupant { removable, stat: Some(stat), record: None, verdict }))
}
