//! How a file is locked and written.

use filelock::LockOptions;
use fsops::Durability;

/// Options for [`transform`](crate::transform()), [`Log`](crate::Log) and
/// [`Rounds`](crate::Rounds). A by-value builder.
///
/// ```
/// use lockedfile::{LockOptions, Options};
/// use std::time::Duration;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("TASKS.yaml");
/// let patient = Options::new().lock(LockOptions::new().timeout(Duration::from_secs(60)));
/// patient.transform(&path, |_| Ok::<_, lockedfile::Error>(Some(b"tasks: []\n".to_vec())))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until a file is opened with them"]
pub struct Options {
    pub(crate) lock: LockOptions,
    pub(crate) durability: Durability,
    pub(crate) first_look: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults: waits for the lock up to 5 s, writes durably, looks before it locks.
    pub fn new() -> Self {
        let lock = LockOptions::new().create_parents(false);
        Self { lock, durability: Durability::Full, first_look: true }
    }

    /// How the lock is acquired. Its timeout is also how long a call waits for a program that is
    /// just replacing the file. Directories are created by the call itself, and never by the lock.
    pub fn lock(mut self, options: LockOptions) -> Self {
        self.lock = options.create_parents(false);
        self
    }

    /// What a power cut may take.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Whether a closure first runs on the file as it is without the lock (the default). If it
    /// changes nothing then, the lock is not taken. Switch it off for a closure that must run under
    /// the lock only.
    pub fn first_look(mut self, first_look: bool) -> Self {
        self.first_look = first_look;
        self
    }
}
