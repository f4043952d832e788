//! What tells of an overlap without asking the lock, and of an increment that was lost.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The files of one experiment, in one directory.
pub(crate) struct Oracle {
    slot: File,
    counter: File,
    log: File,
}

impl Oracle {
    pub(crate) fn new(directory: &Path) -> Self {
        let open = |name| {
            let path = directory.join(name);
            File::options().create(true).truncate(false).read(true).write(true).open(path).unwrap()
        };
        let log = directory.join("log");
        let log = File::options().create(true).append(true).open(log).unwrap();
        Self { slot: open("slot"), counter: open("counter"), log }
    }

    /// Who went in last; 0 before the first one.
    pub(crate) fn inside(&self) -> u32 {
        u32::try_from(number(&self.slot)).unwrap()
    }

    /// What one does under the lock: sign the slot, increment the counter, log the new value, do
    /// `work`, and find the signature still there. Calls `overlap` if it is another's.
    pub(crate) fn under_the_lock(&self, work: impl FnOnce(), overlap: impl FnOnce(u32)) {
        let me = std::process::id();
        set(&self.slot, me.into());
        let next = number(&self.counter) + 1;
        set(&self.counter, next);
        // One write, so that a killed writer logs all of it or nothing.
        (&self.log).write_all(format!("{next} {me}\n").as_bytes()).unwrap();
        work();
        let found = self.inside();
        if found != me {
            overlap(found);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        number(&self.counter)
    }

    /// The logged values. An increment that overwrote another shows as a value that does not grow.
    pub(crate) fn logged(directory: &Path) -> Vec<u64> {
        let text = fs::read_to_string(directory.join("log")).unwrap();
        text.lines().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect()
    }
}

fn set(mut file: &File, number: u64) {
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&number.to_le_bytes()).unwrap();
}

fn number(mut file: &File) -> u64 {
    let mut bytes = [0; 8];
    file.seek(SeekFrom::Start(0)).unwrap();
    match file.read_exact(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => 0,
        Err(error) => panic!("{error}"),
    }
}

/// Where an experiment keeps its files, apart from the lock's directory, which is to be seen empty.
pub(crate) fn notes(lab: &crate::support::Lab) -> PathBuf {
    let notes = lab.join("notes");
    fs::create_dir_all(&notes).unwrap();
    notes
}
