//! Acquiring, step 1: prepare the claim in private.
//!
//! ```text
//! mkdir L.prep-U      0700: nobody else can open it          dies here: an empty leftover, swept
//! open, flock         exclusive, without blocking            dies here: as above
//! create holder       through the descriptor                 dies here: a leftover with a record
//! flock of it         exclusive: for other users, who may    dies here: as above
//!                     not open the directory
//! fchmod              01711: "published with its record"     dies here: as above
//! ```
//!
//! What follows is in `publish.rs`.
//!
//! The record is never visible at `L` before its OS lock is held. So nobody can take a holder of
//! ours that is still starting for a dead one. A claimant that stalls before the `flock` for longer
//! than the grace may find its directory swept. Opening it, locking it or creating the record in it
//! then fails, and the claim is prepared again. Once the `flock` is held no sweeper gets it.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use crate::claim::Claim;
use crate::claim::parent::create_parent;
use crate::environment::unique_name;
use crate::error::AcquireError;
use crate::names::Names;
use crate::options::LockOptions;
use crate::process::ProcessId;
use crate::record;
use crate::record::file::{RecordFile, lock_new};
use crate::sys::{self, Dir};

/// A claim that nobody else knows of yet. Dropping it removes it from the disk.
#[derive(Debug)]
pub(crate) struct Preparation {
    pub(crate) path: PathBuf,
    /// `None` once it was published.
    pub(crate) claim: Option<Box<Claim>>,
}

/// Why there is no preparation.
pub(super) enum PrepareError {
    /// Somebody removed it or took it over while it was being made, or its parent did not exist
    /// and was created: try again.
    Retry(PathBuf),
    /// This file system cannot do it this way.
    Unsupported,
    Failed(AcquireError),
}

impl Preparation {
    /// `movable`: a handle may move it back here when it releases the lock, so its record names
    /// this place.
    pub(super) fn new(
        names: &Names,
        options: &LockOptions,
        movable: bool,
    ) -> Result<Self, PrepareError> {
        let unique = unique_name();
        let path = names.preparation(&unique);
        match sys::mkdir(&path, 0o700) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(PrepareError::Retry(path));
            }
            // The lock's own name may still be short enough.
            Err(error) if error.kind() == ErrorKind::InvalidFilename => {
                return Err(PrepareError::Unsupported);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(match create_parent(names, options, &path) {
                    Ok(()) => PrepareError::Retry(path),
                    Err(error) => PrepareError::Failed(error),
                });
            }
            Err(error) => {
                return Err(PrepareError::Failed(AcquireError::of(
                    "create directory",
                    path,
                    error,
                )));
            }
        }
        let dir = match sys::open_dir(&path) {
            Ok(dir) => dir,
            Err(error) => {
                let _ = sys::rmdir(&path);
                return Err(retry_if_gone("open", path, error));
            }
        };
        match fill(&dir, names, options, movable.then_some(unique)) {
            Ok(claim) => Ok(Self { path, claim: Some(claim.into_claim(dir)) }),
            Err(setback) => {
                let _ = dir.unlink(record::NAME);
                let _ = sys::rmdir(&path);
                Err(match setback {
                    FillError::Refused => PrepareError::Retry(path),
                    FillError::Unsupported => PrepareError::Unsupported,
                    FillError::Failed(verb, error) => retry_if_gone(verb, path, error),
                })
            }
        }
    }
}

impl Preparation {
    /// Whether this process made it, and not one that this one was forked from.
    pub(crate) fn is_ours(&self) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.owner.is_current())
    }
}

impl Drop for Preparation {
    fn drop(&mut self) {
        // In a forked child it is the parent's.
        if let Some(claim) = &self.claim
            && claim.owner.is_current()
        {
            let _ = claim.dir.unlink(record::NAME);
            // No other process makes this name; but a person who moves files can put something
            // there. If it cannot be looked at, it most likely is ours: `rmdir` takes no more than
            // an empty directory.
            if sys::is_at(&self.path, claim.id).unwrap_or(true) {
                let _ = sys::rmdir(&self.path);
            } else if let Some(name) = self.path.file_name()
                && let Ok(above) = claim.dir.above()
            {
                // It went along with the directory that it lies in, if that was renamed.
                let _ = above.rmdir_if(name, claim.id);
            }
        }
    }
}

/// What is in the directory, until it can own the directory.
struct Contents {
    id: sys::FileId,
    file: RecordFile,
    record: record::Record,
    owner: ProcessId,
}

impl Contents {
    fn into_claim(self, dir: Dir) -> Box<Claim> {
        let Self { id, file, record, owner } = self;
        let changed = record.stamp;
        let file = Some(file);
        Box::new(Claim { dir, id, changed, file, record, owner, stream: None, private: None })
    }
}

enum FillError {
    Refused,
    /// There are no OS locks, or modes cannot be changed.
    Unsupported,
    Failed(&'static str, io::Error),
}

fn fill(
    dir: &Dir,
    names: &Names,
    options: &LockOptions,
    private: Option<String>,
) -> Result<Contents, FillError> {
    match dir.try_flock_exclusive() {
        Ok(true) => {}
        Ok(false) => return Err(FillError::Refused),
        Err(_) => return Err(FillError::Unsupported),
    }
    let id = dir.stat().map_err(|error| FillError::Failed("examine", error))?.id;
    let owner = ProcessId::current();
    let mut record = Claim::record_for(names, options, owner, true);
    record.private = private;
    let file = sys::create_exclusive(dir, record::NAME)
        .and_then(|file| {
            lock_new(&file, &mut record);
            RecordFile::write(file, record.encode())
        })
        .map_err(|error| FillError::Failed("write the record in", error))?;
    dir.set_mode(record::PUBLISHED).map_err(|error| {
        // Made in place, it needs no other mode than it is made with.
        if sys::is_refused(&error) {
            FillError::Unsupported
        } else {
            FillError::Failed("set the mode of", error)
        }
    })?;
    Ok(Contents { id, file, record, owner })
}

fn retry_if_gone(verb: &'static str, path: PathBuf, error: io::Error) -> PrepareError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::AlreadyExists => PrepareError::Retry(path),
        _ => PrepareError::Failed(AcquireError::of(verb, path, error)),
    }
}
