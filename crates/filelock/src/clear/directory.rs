//! Clearing a directory: its record through the descriptor that was judged, then `rmdir` by name.

use std::io::{self, ErrorKind};

use crate::error::AcquireError;
use crate::names::Names;
use crate::record;
use crate::sys::{self, Dir, FileId};

pub(super) fn unlink_record(names: &Names, dir: &Dir) -> Result<(), AcquireError> {
    match dir.unlink(record::NAME) {
        Ok(()) => Ok(()),
        Err(error) => match error.kind() {
            // Another waiter was quicker.
            ErrorKind::NotFound => Ok(()),
            ErrorKind::IsADirectory => Err(strange(names, record::NAME.to_owned())),
            _ => Err(AcquireError::of("remove the record of the dead lock", &names.lock, error)),
        },
    }
}

/// `rmdir`, if the name still stands for the directory that was judged. Without that look, and
/// in the moment after it, we could remove the still empty directory of a foreign claimant; that
/// claimant then finds its claim lost. No holder is ever hit: its directory is not empty.
pub(super) fn remove_directory(names: &Names, id: FileId) -> Result<bool, AcquireError> {
    if !sys::is_at(&names.lock, id).unwrap_or(false) {
        return Ok(true);
    }
    let error = match sys::rmdir_if(&names.lock, id) {
        Ok(()) => return Ok(true),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(true),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => match look_inside(names) {
            Ok(Inside::Stranger(entry)) if sys::is_at(&names.lock, id).unwrap_or(false) => {
                Err(strange(names, entry))
            }
            Ok(Inside::Leaving) => Ok(false),
            // A successor's record, or it is gone by now.
            _ => Ok(true),
        },
        _ => Err(AcquireError::of("remove the dead lock", &names.lock, error)),
    }
}

/// What keeps a directory from being removed.
enum Inside {
    /// Nothing any more, or a record.
    Nothing,
    /// A record that was removed while somebody had it open. NFS (`.nfs…`) and FUSE
    /// (`.fuse_hidden…`) keep it under such a name until it is closed.
    Leaving,
    /// Something that no lock puts there.
    Stranger(String),
}

fn look_inside(names: &Names) -> io::Result<Inside> {
    let mut inside = Inside::Nothing;
    for entry in std::fs::read_dir(&names.lock)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(".nfs") || name.starts_with(".fuse_hidden") {
            inside = Inside::Leaving;
        } else if name != record::NAME {
            return Ok(Inside::Stranger(name));
        }
    }
    Ok(inside)
}

fn strange(names: &Names, entry: String) -> AcquireError {
    AcquireError::StrangeEntry { lock: names.lock.clone(), entry }
}
