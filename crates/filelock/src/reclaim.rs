//! Clearing a lock whose holder is gone: compare-and-delete.
//!
//! A directory's record is removed *through the descriptor that was judged*: whatever the name
//! stands for by then, no other holder's record can be hit. Then `rmdir` by name: if a successor has
//! taken the name, its directory is not empty and the kernel refuses. Renaming the dead lock aside
//! first looks simpler and is wrong: between the judgement and the rename a successor may have
//! taken the name, and the rename would carry a living lock away (see `docs/decisions.md`).

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::environment::unique_token;
use crate::error::AcquireError;
use crate::judge::{Body, Occupant, Verdict};
use crate::paths::Names;
use crate::record;
use crate::sys::{self, Dir, FileId, Flock, Look};

/// Removes what was judged to be dead, expired or a remnant. `true`: the name is worth a try, since
/// it is free or somebody else was quicker. `false`: not yet.
pub(crate) fn reclaim(names: &Names, occupant: Occupant) -> Result<bool, AcquireError> {
    let Some(look) = occupant.look else { return Ok(false) };
    match (occupant.body, occupant.verdict) {
        (_, Verdict::Alive(_)) | (Body::Closed, _) => Ok(false),
        (Body::Directory(_), Verdict::Remnant { .. }) => remove_directory(names, look.id),
        (Body::Directory(dir), Verdict::Dead | Verdict::Expired) => {
            unlink_record(names, &dir)?;
            remove_directory(names, look.id)
        }
        (Body::File(file), _) => remove_file(names, file.as_ref(), &look),
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
fn remove_directory(names: &Names, id: FileId) -> Result<bool, AcquireError> {
    if !still_is(names, id) {
        return Ok(true);
    }
    let error = match sys::rmdir_if(&names.lock, id) {
        Ok(()) => return Ok(true),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(true),
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => match look_inside(names) {
            Ok(Inside::Stranger(entry)) if still_is(names, id) => Err(strange(names, entry)),
            Ok(Inside::Leaving) => Ok(false),
            // A successor's record, or it is gone by now.
            _ => Ok(true),
        },
        _ => Err(AcquireError::of("remove the dead lock", &names.lock, error)),
    }
}

/// The file generation's lock is one file, and a file has no compare-and-delete. It is renamed to a
/// private name and compared there; if it is another's by then, it is put back. In that window a
/// holder of the file generation can be without its lock: the one place in this crate with such
/// a window, and only towards that generation. A directory, which a holder of ours is by then, is
/// never moved: the kernel does not rename one onto a file (rename(2), `ENOTDIR`), and a file of
/// ours waits at the private name.
fn remove_file(names: &Names, judged: Option<&File>, look: &Look) -> Result<bool, AcquireError> {
    let failed = |error| AcquireError::of("remove the dead lock", &names.lock, error);
    if let Some(removed) = sys::unlink_if(&names.lock, look.id) {
        // If it was another's already, its name is worth a try as well.
        return removed.map(|_| true).map_err(failed);
    }
    // Its OS lock, held until the end of this function, keeps sweepers off: without the file, a
    // directory could be moved.
    let (aside, _keep) = private_file(names).map_err(failed)?;
    // As late as can be: what is done between this look and the rename makes the window wider.
    if !still_is(names, look.id) {
        let _ = sys::unlink(&aside);
        return Ok(true);
    }
    match std::fs::rename(&names.lock, &aside) {
        Ok(()) => {}
        Err(error) => {
            let _ = sys::unlink(&aside);
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(true),
                _ => Err(failed(error)),
            };
        }
    }
    let is_judged = match (sys::look(&aside), judged.map(sys::identity)) {
        (Ok(moved), Some(Ok(judged))) => moved.id == judged,
        // Never opened, so not kept from being replaced by another of the same number.
        (Ok(moved), None) => (moved.id, moved.modified) == (look.id, look.modified),
        _ => false,
    };
    if !is_judged {
        // If its name is taken by now, it stays lost: the window.
        let _ = put_back(names, &aside);
    }
    match sys::unlink(&aside) {
        // Put back, or swept by another.
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(AcquireError::of("clear", aside, error))
        }
        _ => Ok(true),
    }
}

/// An empty file of our own to rename onto, with its OS lock (which means nothing on a network file
/// system; but there nobody sweeps). Whoever stalls for a TTL before it has that may find the file
/// swept, and makes another.
fn private_file(names: &Names) -> io::Result<(PathBuf, File)> {
    let create = |path: PathBuf| {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok::<_, io::Error>((path, file))
    };
    loop {
        let unique = unique_token();
        let (path, file) = match create(names.preparation(&unique)) {
            // A shorter name, which no sweep finds if we die here: better than a lock that stays.
            Err(error) if error.kind() == ErrorKind::InvalidFilename => {
                create(names.parent.join(format!(".prep-{unique}")))?
            }
            other => other?,
        };
        // Refused: a sweeper is about to remove it. Not to be had at all: nobody sweeps.
        let is_kept = !matches!(sys::try_flock_file(&file, Flock::Exclusive), Ok(false));
        let id = sys::identity(&file)?;
        if is_kept && sys::look(&path).is_ok_and(|look| look.id == id) {
            return Ok((path, file));
        }
        let _ = sys::unlink(&path);
    }
}

fn put_back(names: &Names, aside: &Path) -> io::Result<()> {
    match sys::rename_exclusive(aside, &names.lock) {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            std::fs::hard_link(aside, &names.lock)
        }
        other => other,
    }
}

fn still_is(names: &Names, id: FileId) -> bool {
    sys::look(&names.lock).is_ok_and(|look| look.id == id)
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
