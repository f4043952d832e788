//! Breaking the lock of a handle that lives: first its way back is barred.
//!
//! A handle releases by renaming what stands at the lock's name to its private name. Suppose that
//! it is stopped right before that, its lock is broken, and another process takes the lock. Then
//! the rename would carry that one's lock away. So the private name, which stands in the record, is
//! occupied first.
//!
//! ```text
//! step                       the holder at that moment
//! create L.prep-U, a file,   has moved its lock there: exists, so it was released: nothing is broken
//!   exclusively              has not: from now on its rename fails, and it releases as a one-shot
//! lstat L, read the record   has released and taken it again before the file was there: another token,
//!   once more                nothing is broken, the file is removed
//! unlink holder, rmdir L     as for any lock: its next look says "lost"
//! ```
//!
//! The file stays until the holder's release, which removes it, or until a sweep, a TTL later. A
//! holder that is stopped for longer than that is not barred any more. If we die before the end, it
//! stays for as long, and its holder releases as a one-shot.

use std::fs::OpenOptions;
use std::io::ErrorKind;

use crate::judge::occupant::{Occupant, Removable};
use crate::names::Names;
use crate::record::Record;
use crate::record::file::read_record;
use crate::sys;

/// Occupies the private name of `occupant`, if it has one. `false`: it has changed hands, and
/// nothing was done. If the name cannot be occupied for another reason, it is broken all the same.
pub(crate) fn bar(names: &Names, occupant: &Occupant) -> bool {
    let (Removable::Directory(dir), Some(stat), Some(record)) =
        (&occupant.removable, &occupant.stat, &occupant.record)
    else {
        return true;
    };
    let Some(unique) = &record.private else { return true };
    let private = names.preparation(unique);
    let made = match OpenOptions::new().write(true).create_new(true).open(&private) {
        Ok(_) => true,
        // The lock itself, which was released. Or another person's file: it bars the way as well.
        // Or the dead lock of another user that this one was exchanged for: then it never moves.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if sys::is_at(&private, stat.id).unwrap_or(false) {
                return false;
            }
            false
        }
        Err(_) => return true,
    };
    let same = |found: Option<Record>| found.is_some_and(|found| found.token == record.token);
    let is_same =
        sys::is_at(&names.lock, stat.id).unwrap_or(false) && read_record(dir).is_ok_and(same);
    if !is_same && made {
        let _ = sys::unlink(&private);
    }
    is_same
}
