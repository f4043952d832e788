//! Clearing a directory: its record through the descriptor that was judged, then `rmdir` by name.

use std::fs::File;
use std::io::{self, ErrorKind};

use crate::clear::cleared::Cleared;
use crate::error::AcquireError;
use crate::names::Names;
use crate::options::LockOptions;
use crate::record::file::open_record;
use crate::record::{self, Record};
use crate::sys::{self, Dir, Flock, Stat};

/// A process of another user is about to take the lock.
pub(super) struct BeingTaken;

/// The OS lock of the record, shared with other processes of this user that clear the same lock.
/// While we have it, no process of another user takes the lock. Where the holder did not lock its
/// record, nobody takes its lock so, and there is nothing to keep.
pub(super) fn keep_from_takers(
    dir: &Dir,
    record: Option<&Record>,
) -> Result<Option<File>, BeingTaken> {
    if !record.is_some_and(|record| record.facts.is_locked) {
        return Ok(None);
    }
    let file = open_record(dir).ok().flatten();
    match file.as_ref().map(|file| sys::try_flock_file(file, Flock::Shared)) {
        Some(Ok(false)) => Err(BeingTaken),
        _ => Ok(file),
    }
}

/// Whether there was one: if not, another waiter was quicker.
pub(super) fn unlink_record(names: &Names, dir: &Dir) -> Result<bool, AcquireError> {
    match dir.unlink(record::NAME) {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Ok(false),
            ErrorKind::IsADirectory => Err(strange(names, record::NAME.to_owned())),
            _ => Err(AcquireError::of("remove the record of the dead lock", &names.lock, error)),
        },
    }
}

/// Before anything is removed: what no lock puts into its directory is not ours to remove, and then
/// nothing is.
pub(super) fn refuse_strangers(
    names: &Names,
    stat: &Stat,
    options: &LockOptions,
) -> Result<(), AcquireError> {
    match look_inside(names, stat, options) {
        Ok(Inside::Stranger(entry)) if sys::is_at(&names.lock, stat.id).unwrap_or(false) => {
            Err(strange(names, entry))
        }
        // What cannot be looked through is cleared as far as that is possible.
        _ => Ok(()),
    }
}

/// `rmdir`, if the name still stands for the directory that was judged. Without that look, we
/// could remove the still empty directory of a foreign claimant. That claimant then finds its claim
/// lost. The same can happen after it, if another process removes ours at that moment. No holder is
/// ever hit: its directory is not empty.
pub(super) fn remove_directory(
    names: &Names,
    stat: &Stat,
    options: &LockOptions,
) -> Result<Cleared, AcquireError> {
    if !sys::is_at(&names.lock, stat.id).unwrap_or(false) {
        return Ok(Cleared::Done);
    }
    let error = match sys::rmdir_if(&names.lock, stat.id) {
        Ok(()) => return Ok(Cleared::Done),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(Cleared::Done),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
            match look_inside(names, stat, options) {
                Ok(Inside::Stranger(entry))
                    if sys::is_at(&names.lock, stat.id).unwrap_or(false) =>
                {
                    Err(strange(names, entry))
                }
                Ok(Inside::Leaving(entry)) => Ok(Cleared::NotYet(Some(entry))),
                // A successor's record, or it is gone by now.
                _ => Ok(Cleared::Done),
            }
        }
        _ => Err(AcquireError::of("remove the dead lock", &names.lock, error)),
    }
}

/// What keeps a directory from being removed.
enum Inside {
    /// Nothing any more, or a record.
    Nothing,
    /// A record that was removed while somebody had it open: it is kept under such a name until it
    /// is closed. If nothing has changed in the directory for a TTL, nobody will: the client that
    /// kept it is gone.
    Leaving(String),
    /// Something that no lock puts there.
    Stranger(String),
}

fn look_inside(names: &Names, stat: &Stat, options: &LockOptions) -> io::Result<Inside> {
    let mut inside = Inside::Nothing;
    for entry in std::fs::read_dir(&names.lock)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == record::NAME || sys::is_stream_of(&name, record::NAME) {
            continue;
        }
        let is_old = options.environment.age(stat.modified) > options.ttl;
        if !is_removed_while_open(&name) || is_old {
            return Ok(Inside::Stranger(name));
        }
        inside = Inside::Leaving(name);
    }
    Ok(inside)
}

/// Whether NFS, FUSE or SMB calls a file like this that was removed while it was open.
fn is_removed_while_open(name: &str) -> bool {
    [".nfs", ".fuse_hidden", ".smbdelete"].iter().any(|prefix| name.starts_with(prefix))
}

/// Who puts such an entry into any directory, as far as its name tells.
fn origin(name: &str) -> &'static str {
    if is_removed_while_open(name) {
        return "left by a network or FUSE client that is gone";
    }
    let is_a_desktops = [".DS_Store", ".AppleDouble", "Thumbs.db", "desktop.ini"].contains(&name)
        || ["._", "@eaDir", ".@__thumb", "#recycle"].iter().any(|start| name.starts_with(start));
    if is_a_desktops {
        "put there by a file manager or a NAS"
    } else {
        "which is not ours to remove"
    }
}

pub(crate) fn strange(names: &Names, entry: String) -> AcquireError {
    let origin = origin(&entry);
    AcquireError::StrangeEntry { lock: names.lock.clone(), entry, origin }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_systems_put_anywhere_are_called_what_they_are() {
        for name in [".DS_Store", "._holder", "@eaDir", "Thumbs.db"] {
            assert_eq!(origin(name), "put there by a file manager or a NAS", "{name}");
        }
        for name in [".nfs000000000000002a00000001", ".fuse_hidden0000000300000001", ".smbdelete1"]
        {
            assert!(origin(name).contains("client"), "{name}");
        }
        assert_eq!(origin("notes.txt"), "which is not ours to remove");
    }
}
