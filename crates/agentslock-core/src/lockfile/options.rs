//! How a document is opened, locked and written.

use std::path::{Path, PathBuf};

use filelock::LockOptions;
use fsops::Durability;

use crate::error::OpenError;

/// Options for [`Lockfile`](crate::Lockfile). A by-value builder.
///
/// ```
/// use agentslock_core::{LockOptions, LockfileOptions};
/// use std::time::Duration;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join(".agentsrc.lock");
/// let patient = LockOptions::new().timeout(Duration::from_secs(60));
/// let lockfile = LockfileOptions::new().lock(patient).open(&path)?;
/// # lockfile.flush()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "options do nothing until `open` or `update` is called"]
pub struct LockfileOptions {
    pub(super) file: lockedfile::Options,
    pub(super) first_look: bool,
}

impl LockfileOptions {
    /// The defaults: waits for the lock up to 5 s, and writes durably.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether [`update`](Self::update) first runs its closure on the document as it is without the
    /// lock. If the closure stages nothing that changes it then, that is the answer: the lock is
    /// not taken, and no right to write is needed. Not by default: the closure runs once more if it
    /// does change something.
    pub fn first_look(mut self, first_look: bool) -> Self {
        self.first_look = first_look;
        self
    }

    /// How the lock is acquired. Its timeout is also how long a call waits for a program that is
    /// just replacing the document.
    pub fn lock(mut self, options: LockOptions) -> Self {
        self.file = self.file.lock(options);
        self
    }

    /// What a power cut may take.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.file = self.file.durability(durability);
        self
    }
}

/// A handle keeps to its file, even if the process changes its directory.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, OpenError> {
    std::path::absolute(path).map_err(|source| {
        fsops::ReadFileError::Io { verb: "make absolute", path: path.to_owned(), source }.into()
    })
}
