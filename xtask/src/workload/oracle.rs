//! What a lock is checked against: a counter that loses increments if two hold the lock at once,
//! and an oracle for overlap that is independent of the lock.
//!
//! On entry each process writes its own pid into a slot of a shared file and reads it back just
//! before it releases. Finding another pid there means that somebody else came in.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// A file of 64-bit numbers that several processes share. A number is read and written by one
/// system call each, so that a process that is killed leaves the old or the new one.
pub(crate) struct Numbers(File);

impl Numbers {
    pub(crate) fn create(path: &Path, count: usize) -> io::Result<Self> {
        std::fs::write(path, vec![0; 8 * count])?;
        Self::open(path)
    }

    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().read(true).write(true).open(path)?))
    }

    pub(crate) fn get(&self, index: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, 8 * index)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(crate) fn set(&self, index: u64, value: u64) -> io::Result<()> {
        self.0.write_all_at(&value.to_le_bytes(), 8 * index)
    }

    pub(crate) fn add(&self, index: u64, value: u64) -> io::Result<u64> {
        let sum = self.get(index)? + value;
        self.set(index, sum)?;
        Ok(sum)
    }
}

/// A section that only the holder of the lock may be in.
pub(crate) struct Critical {
    numbers: Numbers,
}

const SLOT: u64 = 0;
const COUNTER: u64 = 1;
const OVERLAPS: u64 = 2;

impl Critical {
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        Ok(Self { numbers: Numbers::create(&Self::path(directory), 3)? })
    }

    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self { numbers: Numbers::open(&Self::path(directory))? })
    }

    /// The file that is locked: the counter's own.
    pub(crate) fn path(directory: &Path) -> PathBuf {
        directory.join("counter")
    }

    /// Passes through the section: increments the counter, with `inside` called in the middle.
    pub(crate) fn pass(&self, inside: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let own = u64::from(std::process::id());
        self.numbers.set(SLOT, own)?;
        let count = self.numbers.get(COUNTER)?;
        inside()?;
        self.numbers.set(COUNTER, count + 1)?;
        if self.numbers.get(SLOT)? != own {
            self.numbers.add(OVERLAPS, 1)?;
        }
        Ok(())
    }

    pub(crate) fn count(&self) -> io::Result<u64> {
        self.numbers.get(COUNTER)
    }

    pub(crate) fn overlaps(&self) -> io::Result<u64> {
        self.numbers.get(OVERLAPS)
    }
}

/// How many of the directory's files belong to a lock: held, dead, or in preparation.
pub(crate) fn locks_left(directory: &Path) -> io::Result<usize> {
    let entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let document = crate::workload::document::path(directory);
    let is_lock = |entry: &&std::fs::DirEntry| {
        entry.file_name().to_string_lossy().contains(".lock") && entry.path() != document
    };
    Ok(entries.iter().filter(is_lock).count())
}
