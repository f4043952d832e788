//! Where to test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An empty directory on one of the file systems to test on. Removed when it is dropped.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    directory: TempDir,
}

impl Place {
    /// What the file system is, for messages.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The path of `name` in the directory.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }
}

/// One empty directory on each file system to test on: wherever temporary files go (usually a
/// disk), and shared memory (tmpfs) where the system has it. They differ: a disk's file system
/// hands out the inode number of a deleted file again, a tmpfs does not.
///
/// # Panics
///
/// If the directory for temporary files cannot be written to.
pub fn places() -> Vec<Place> {
    let directory = tempfile::tempdir().expect("because temporary files can be created");
    let mut places = vec![Place { name: "temporary files", directory }];
    // Absolute also for a program for Windows, under Wine.
    let shared_memory = std::path::absolute("/dev/shm");
    if let Ok(directory) = shared_memory.and_then(tempfile::tempdir_in) {
        places.push(Place { name: "shared memory", directory });
    }
    places
}
