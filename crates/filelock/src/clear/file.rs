//! Clearing a lock of the file generation: moved aside, compared, and put back if it is another's.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::clear::cleared::Cleared;
use crate::environment::unique_name;
use crate::error::AcquireError;
use crate::names::Names;
use crate::sys::{self, Flock, Stat};

/// The file generation's lock is one file, and a file has no compare-and-delete. It is renamed to a
/// private name and compared there; if it is another's by then, it is put back. In that window a
/// holder of the file generation can be without its lock. It is the one place in this crate with
/// such a window, and only towards that generation. A holder of ours has a directory by then, which
/// is never moved. The kernel does not rename one onto a file (rename(2), `ENOTDIR`), and a file of
/// ours waits at the private name.
pub(super) fn remove_file(
    names: &Names,
    judged: &File,
    stat: &Stat,
) -> Result<Cleared, AcquireError> {
    let failed = |error| AcquireError::of("remove the dead lock", &names.lock, error);
    if let Some(removed) = sys::unlink_if(&names.lock, stat.id) {
        // If it was another's already, its name is worth a try as well.
        return removed.map(|_| Cleared::Done).map_err(failed);
    }
    // Its OS lock, held until the end of this function, keeps sweepers off: without the file, a
    // directory could be moved.
    let (aside, _keep) = private_file(names).map_err(failed)?;
    // As late as can be: what is done between this look and the rename makes the window wider.
    if !sys::is_at(&names.lock, stat.id).unwrap_or(false) {
        let _ = sys::unlink(&aside);
        return Ok(Cleared::Done);
    }
    match std::fs::rename(&names.lock, &aside) {
        Ok(()) => {}
        Err(error) => {
            let _ = sys::unlink(&aside);
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(Cleared::Done),
                _ => Err(failed(error)),
            };
        }
    }
    let is_judged = match (sys::lstat(&aside), sys::identity(judged)) {
        (Ok(moved), Ok(judged)) => moved.id == judged,
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
        _ => Ok(Cleared::Done),
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
        let unique = unique_name();
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
        if is_kept && sys::is_at(&path, id).unwrap_or(false) {
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
