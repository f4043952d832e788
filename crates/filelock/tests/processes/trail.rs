//! A log of what the counter said, which shows an increment that was lost.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use testkit::Critical;

use crate::support::Lab;

/// The files of one experiment, in one directory.
pub(crate) struct Trail {
    critical: Critical,
    log: File,
}

impl Trail {
    /// That of an experiment whose [`notes`] are there.
    pub(crate) fn open(notes: &Path) -> Self {
        let log = File::options().create(true).append(true).open(notes.join("log")).unwrap();
        Self { critical: Critical::open(notes).unwrap(), log }
    }

    /// The process that went in last; 0 before the first one.
    pub(crate) fn inside(&self) -> u32 {
        self.critical.inside().unwrap()
    }

    pub(crate) fn count(&self) -> u64 {
        self.critical.count().unwrap()
    }

    /// What a process does under the lock: it passes through the section, and does `work` there.
    /// Then it logs what the counter says. No other process may be in the section.
    pub(crate) fn under_the_lock(&self, work: impl FnOnce()) {
        let inside = || {
            work();
            Ok(())
        };
        let passed = self.critical.pass(inside).unwrap();
        assert_eq!(passed.other, None, "another process was inside too");
        // One write, so that a killed writer logs all of it or nothing.
        (&self.log).write_all(format!("{}\n", passed.count).as_bytes()).unwrap();
    }

    /// The logged values. An increment that overwrote another shows as a value that does not grow.
    pub(crate) fn logged(notes: &Path) -> Vec<u64> {
        let text = fs::read_to_string(notes.join("log")).unwrap();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Where an experiment keeps its files, apart from the lock's directory, which is to be seen empty:
/// with a counter that says 0.
pub(crate) fn notes(lab: &Lab) -> PathBuf {
    let notes = lab.join("notes");
    fs::create_dir_all(&notes).unwrap();
    Critical::create(&notes).unwrap();
    notes
}
