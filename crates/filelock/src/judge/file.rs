//! A regular file at the lock's name: a lock of the file generation, or no lock.

use std::io::ErrorKind;

use crate::holder::Liveness;
use crate::judge::clock::by_time;
use crate::judge::occupant::{Found, Occupant, Removable, unknown};
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::{self, Record};
use crate::sys::{self, Kind, Stat};

/// The file generation: one regular file at the lock's name.
///
/// Its record is complete before it is linked into place. So a file with anything else in it is no lock
/// (`Cargo.lock` is what the lock of `Cargo` would be called), except for one that a power cut has
/// left empty or full of NUL bytes: nobody is still writing that, and the short grace will do.
pub(super) fn judge_file(stat: Stat, names: &Names, options: &LockOptions) -> Found {
    let occupied = |file, record, verdict| {
        let removable = Removable::File(file);
        Found::Occupied(Box::new(Occupant { removable, stat: Some(stat), record, verdict }))
    };
    let file = match sys::open_file(&names.lock) {
        Ok(Some(file)) => file,
        Ok(None) => return Occupant::alive(Some(stat), Liveness::Unknown("it changed".into())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Found::Nothing,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let verdict = by_time(None, stat.modified, options.ttl, options);
            return occupied(None, None, verdict);
        }
        Err(error) => return Occupant::alive(Some(stat), unknown(&error)),
    };
    let read =
        sys::identity(&file).and_then(|id| Ok((id, sys::read_start(&file, record::LIMIT + 1)?)));
    match read {
        Ok((id, _)) if id != stat.id => Found::Nothing,
        Ok((_, bytes)) => match Record::parse(&bytes) {
            Some(record) => {
                let verdict = by_time(Some(&record), stat.modified, options.grace, options);
                occupied(Some(file), Some(record), verdict)
            }
            None if bytes.len() <= record::LIMIT && bytes.iter().all(|byte| *byte == 0) => {
                let verdict = by_time(None, stat.modified, options.grace, options);
                occupied(Some(file), None, verdict)
            }
            None => Found::NotALock(Kind::File),
        },
        Err(error) => Occupant::alive(Some(stat), unknown(&error)),
    }
}
