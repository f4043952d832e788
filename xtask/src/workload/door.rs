//! The two doors to a lock: acquired by its path each time, or by a handle that keeps it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use filelock::{AcquireError, Lock, LockGuard, LockOptions};

use super::places;
use crate::outcome::Outcome;

/// How a lock is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Door {
    /// Made anew each time, and removed by the release.
    OneShot,
    /// Through one [`filelock::Lock`], which moves its lock to the name and back.
    Reused,
}

impl Door {
    pub(crate) const ALL: [Self; 2] = [Self::OneShot, Self::Reused];

    /// Runs `task` through this door, or through both, in each of the places that `directory` leads
    /// to.
    pub(crate) fn in_each(
        door: Option<Self>,
        directory: Option<&Path>,
        mut task: impl FnMut(&str, &Path, Self) -> Outcome<bool>,
    ) -> Outcome {
        for door in door.map_or_else(|| Self::ALL.into(), |door| vec![door]) {
            println!(" {}", door.name());
            places::in_each(directory, |name, path| task(name, path, door))?;
        }
        Ok(())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneShot => "one-shot",
            Self::Reused => "reused",
        }
    }

    /// The lock of `path`, behind this door.
    pub(crate) fn open(self, options: LockOptions, path: &Path) -> Result<Opened, AcquireError> {
        Ok(match self {
            Self::OneShot => Opened::OneShot(Box::new(options), path.to_owned()),
            Self::Reused => Opened::Reused(Box::new(options.lock(path)?)),
        })
    }
}

/// A lock behind one of the doors.
pub(crate) enum Opened {
    OneShot(Box<LockOptions>, PathBuf),
    Reused(Box<Lock>),
}

impl Opened {
    pub(crate) fn acquire(&self) -> Result<LockGuard, AcquireError> {
        match self {
            Self::OneShot(options, path) => options.acquire(path),
            Self::Reused(lock) => lock.acquire(),
        }
    }
}
