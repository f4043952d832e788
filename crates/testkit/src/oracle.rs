//! What a lock is checked against. A counter loses increments if two processes hold the lock at
//! once. An oracle tells of an overlap without asking the lock.
//!
//! On entry each process writes its own pid into a slot of a shared file, and reads it back just
//! before it releases. If it finds another pid there, another process came in.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A file of 64-bit numbers that several processes share. One system call reads or writes a number,
/// so that a process that is killed leaves the old or the new one.
#[derive(Debug)]
pub struct Numbers(File);

impl Numbers {
    /// Makes a file of `count` zeros.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(path: &Path, count: usize) -> io::Result<Self> {
        std::fs::write(path, vec![0; 8 * count])?;
        Self::open(path)
    }

    /// Opens a file that another process has made.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().read(true).write(true).open(path)?))
    }

    /// The number at `index`.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be read.
    pub fn get(&self, index: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        read_at(&self.0, &mut bytes, 8 * index)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Writes the number at `index`.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn set(&self, index: u64, value: u64) -> io::Result<()> {
        write_at(&self.0, value.to_le_bytes(), 8 * index)
    }

    /// Adds to the number at `index`, and returns the sum. Not atomic: the lock is for that.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`set`](Self::set).
    pub fn add(&self, index: u64, value: u64) -> io::Result<u64> {
        let sum = self.get(index)? + value;
        self.set(index, sum)?;
        Ok(sum)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8; 8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: [u8; 8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, &bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8; 8], offset: u64) -> io::Result<()> {
    match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
        8 => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(windows)]
fn write_at(file: &File, bytes: [u8; 8], offset: u64) -> io::Result<()> {
    match std::os::windows::fs::FileExt::seek_write(file, &bytes, offset)? {
        8 => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// A section that only the holder of the lock may be in.
#[derive(Debug)]
pub struct Critical {
    numbers: Numbers,
}

/// What a passage through a [`Critical`] section came to.
#[derive(Clone, Copy, Debug)]
pub struct Passed {
    /// What the counter says since then.
    pub count: u64,
    /// The process that was inside too. There must be none.
    pub other: Option<u32>,
}

const SLOT: u64 = 0;
const COUNTER: u64 = 1;
const OVERLAPS: u64 = 2;

impl Critical {
    /// Makes the section's file in `directory`: nobody is inside, and the counter says 0.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn create(directory: &Path) -> io::Result<Self> {
        Ok(Self { numbers: Numbers::create(&Self::path(directory), 3)? })
    }

    /// Opens the section that another process has made in `directory`.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn open(directory: &Path) -> io::Result<Self> {
        Ok(Self { numbers: Numbers::open(&Self::path(directory))? })
    }

    /// The section's file, which a task may lock: it is not replaced.
    pub fn path(directory: &Path) -> PathBuf {
        directory.join("counter")
    }

    /// Passes through the section: increments the counter, with `inside` called in the middle.
    ///
    /// # Errors
    ///
    /// That of `inside`, and if the file cannot be read or written.
    pub fn pass(&self, inside: impl FnOnce() -> io::Result<()>) -> io::Result<Passed> {
        let own = u64::from(std::process::id());
        self.numbers.set(SLOT, own)?;
        let count = self.numbers.get(COUNTER)? + 1;
        inside()?;
        self.numbers.set(COUNTER, count)?;
        let found = self.numbers.get(SLOT)?;
        let other = (found != own).then(|| as_pid(found));
        if other.is_some() {
            self.numbers.add(OVERLAPS, 1)?;
        }
        Ok(Passed { count, other })
    }

    /// The process that went in last; 0 before the first one.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn inside(&self) -> io::Result<u32> {
        self.numbers.get(SLOT).map(as_pid)
    }

    /// How many passages there were. Fewer than there should be: an increment was lost.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn count(&self) -> io::Result<u64> {
        self.numbers.get(COUNTER)
    }

    /// How many passages found another process inside.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn overlaps(&self) -> io::Result<u64> {
        self.numbers.get(OVERLAPS)
    }
}

fn as_pid(number: u64) -> u32 {
    u32::try_from(number).expect("because only pids are written to the slot")
}
