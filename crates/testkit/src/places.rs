//! Where to test.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An empty directory on one of the file systems to test on. Removed when it is dropped.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    directory: TempDir,
}

impl Place {
    /// A fresh directory below `parent`.
    ///
    /// # Errors
    ///
    /// If none can be made there.
    pub fn below(name: &'static str, parent: &Path) -> io::Result<Self> {
        Ok(Self { name, directory: tempfile::tempdir_in(parent)? })
    }

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

/// One empty directory on each file system to test on. That is the one of temporary files (usually
/// a disk), and shared memory (tmpfs) if the system has it. They differ: a disk's file system hands
/// out the inode number of a deleted file again, a tmpfs does not.
///
/// # Panics
///
/// If the directory for temporary files cannot be written to.
pub fn places() -> Vec<Place> {
    let temporary = Place::below("temporary files", &std::env::temp_dir());
    let mut places = vec![temporary.expect("because temporary files can be created")];
    // Absolute also for a program for Windows, under Wine.
    let shared_memory = std::path::absolute("/dev/shm");
    places.extend(shared_memory.and_then(|path| Place::below("shared memory", &path)));
    places
}
