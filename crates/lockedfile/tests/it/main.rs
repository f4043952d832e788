//! What one process can show: transform, append, rewrite, rotate, and their errors.

mod append;
mod removing;
mod replacing;
mod rewrite;
mod rotate;
mod transform;
mod uses;

use std::path::PathBuf;

/// A place for one test.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("because there is room") }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("file")
    }

    /// What lies there, sorted.
    fn names(&self) -> Vec<String> {
        testkit::names(self.directory.path())
    }
}
