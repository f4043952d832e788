//! Clearing a lock whose holder is gone: compare-and-delete.
//!
//! A directory's record is removed *through the descriptor that was judged*: whatever the name
//! stands for by then, no other holder's record can be hit. Then `rmdir` by name: if a successor has
//! taken the name, its directory is not empty and the kernel refuses. Renaming the dead lock aside
//! first looks simpler and is wrong: between the judgement and the rename a successor may have
//! taken the name, and the rename would carry a living lock away (see `docs/decisions.md`).

use std::io::{self, ErrorKind};

use crate::environment::unique_token;
use crate::error::AcquireError;
use crate::judge::{Body, Occupant, Verdict};
use crate::paths::Names;
use crate::record;
use crate::sys::{self, Dir, FileId, Look};

/// Removes what was judged to be dead, expired or a remnant. On success the name is worth a try:
/// it is free, or somebody else was quicker.
pub(crate) fn reclaim(names: &Names, occupant: Occupant) -> Result<(), AcquireError> {
    let Some(look) = occupant.look else { return Ok(()) };
    match (occupant.body, occupant.verdict) {
        (_, Verdict::Alive(_)) | (Body::Closed, _) => Ok(()),
        (Body::Directory(_), Verdict::Remnant { .. }) => remove_directory(names, look.id),
        (Body::Directory(dir), Verdict::Dead | Verdict::Expired) => {
            unlink_record(names, &dir)?;
            remove_directory(names, look.id)
        }
        (Body::File, _) => remove_file(names, &look),
    }
}

fn unlink_record(names: &Names, dir: &Dir) -> Result<(), AcquireError> {
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
fn remove_directory(names: &Names, id: FileId) -> Result<(), AcquireError> {
    if !still_is(names, id) {
        return Ok(());
    }
    let error = match sys::rmdir(&names.lock) {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(()),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
            match first_stranger(names) {
                Ok(Some(entry)) if still_is(names, id) => Err(strange(names, entry)),
                // A successor's record, or it is gone by now.
                _ => Ok(()),
            }
        }
        _ => Err(AcquireError::of("remove the dead lock", &names.lock, error)),
    }
}

/// The file generation's lock is one file, and a file has no compare-and-delete. It is renamed to a
/// private name and compared there; if it is another's by then, it is put back. In that window a
/// holder of the file generation can be without its lock: the one place in this crate with such
/// a window, and only towards that generation.
fn remove_file(names: &Names, judged: &Look) -> Result<(), AcquireError> {
    if !still_is(names, judged.id) {
        return Ok(());
    }
    let aside = names.preparation(&unique_token());
    match std::fs::rename(&names.lock, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(AcquireError::of("remove the dead lock", &names.lock, error)),
    }
    let removed = match sys::look(&aside) {
        Ok(look) if look.id == judged.id => sys::unlink(&aside),
        _ => put_back(names, &aside),
    };
    removed.map_err(|error| AcquireError::of("clear", aside, error))
}

fn put_back(names: &Names, aside: &std::path::Path) -> io::Result<()> {
    match sys::rename_exclusive(aside, &names.lock) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            std::fs::hard_link(aside, &names.lock)?;
            sys::unlink(aside)
        }
        other => other,
    }
}

fn still_is(names: &Names, id: FileId) -> bool {
    sys::look(&names.lock).is_ok_and(|look| look.id == id)
}

fn first_stranger(names: &Names) -> io::Result<Option<String>> {
    for entry in std::fs::read_dir(&names.lock)? {
        let name = entry?.file_name();
        if name != record::NAME {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

fn strange(names: &Names, entry: String) -> AcquireError {
    AcquireError::StrangeEntry { lock: names.lock.clone(), entry }
}
