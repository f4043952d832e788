//! What both test binaries use: a directory with a document, snapshots of it, and commands that
//! make a disk small or a call fail.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use agentslock_core::{Lockfile, LockfileOptions};
use filelock::LockOptions;
use fsops::Durability;
use testkit::Snapshot;

/// Longer than anything here takes, even on a busy machine: the end of what hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// A document in canonical form, as it comes from the field.
pub(crate) const DOCUMENT: &str = r#"{
  "adapters": {
    "kuzu": {
      "depends_on": [
        1.0,
        -2E+3,
        true,
        null
      ],
      "note": "Größe \u003c 5 😀 \"quoted\" \\",
      "source_digest": "sha256:aa"
    }
  },
  "inputs_digest": "sha256:ab",
  "install": {},
  "lock_version": 1,
  "units": []
}
"#;

/// As the program's own options, less the syncing, which only takes time here.
pub(crate) fn quick() -> LockfileOptions {
    LockfileOptions::new().durability(Durability::Atomic)
}

/// As [`quick`], and does not wait for the lock.
pub(crate) fn impatient() -> LockfileOptions {
    quick().lock(LockOptions::new().timeout(Duration::ZERO))
}

/// A directory for one document.
pub(crate) struct Lab(testkit::Lab);

impl Deref for Lab {
    type Target = testkit::Lab;

    fn deref(&self) -> &testkit::Lab {
        &self.0
    }
}

impl Lab {
    /// Where temporary files go.
    pub(crate) fn new() -> Self {
        Self(testkit::Lab::new())
    }

    /// One on each file system to test on.
    pub(crate) fn everywhere() -> Vec<Self> {
        testkit::Lab::everywhere().into_iter().map(Self).collect()
    }

    /// In shared memory, if there is some: for what is done a thousand times.
    pub(crate) fn in_memory() -> Self {
        Self(testkit::Lab::in_memory())
    }

    /// With this document.
    pub(crate) fn with(document: impl AsRef<[u8]>) -> Self {
        let lab = Self::new();
        lab.write(document);
        lab
    }

    /// The path of the document.
    pub(crate) fn path(&self) -> PathBuf {
        self.join(".agentsrc.lock")
    }

    /// Writes the document, as somebody does who takes no lock: in place.
    pub(crate) fn write(&self, document: impl AsRef<[u8]>) {
        fs::write(self.path(), document).unwrap();
    }

    /// Writes the document, as somebody does who takes no lock: as a new file.
    pub(crate) fn replace(&self, document: impl AsRef<[u8]>) {
        fs::write(self.join("outsider"), document).unwrap();
        fs::rename(self.join("outsider"), self.path()).unwrap();
    }

    /// Makes the document look as if it was written long ago: an unfinished one then is what it is,
    /// without a pause.
    pub(crate) fn age(&self) {
        let old = std::time::SystemTime::now() - Duration::from_secs(60);
        fs::File::options().write(true).open(self.path()).unwrap().set_modified(old).unwrap();
    }

    /// Makes the directory look as if nothing was created or removed in it for long. A document
    /// that is missing then is missing, without a pause.
    pub(crate) fn quieten(&self) {
        let old = std::time::SystemTime::now() - Duration::from_secs(60);
        fs::File::open(self.root()).unwrap().set_modified(old).unwrap();
    }

    /// The document's text.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn open(&self) -> Lockfile {
        quick().open(self.path()).unwrap()
    }

    /// Removes the lock that somebody holds, as a person does who thinks that it is stale.
    pub(crate) fn remove_lock(&self) {
        fs::remove_dir_all(self.join(".agentsrc.lock.lock")).unwrap();
    }

    /// All that lies in the directory and below.
    pub(crate) fn snapshot(&self) -> Snapshot {
        testkit::snapshot_of_files(self.root())
    }

    /// Neither a lock nor a temporary nor anything else lies beside the document.
    #[track_caller]
    pub(crate) fn assert_only_the_document(&self) {
        assert_eq!(self.names(), [".agentsrc.lock"]);
    }
}

/// Makes something at a path.
type Make = fn(&Path);

/// What messages call each kind of thing that is no regular file, and how one is made.
#[cfg(unix)]
pub(crate) const NO_FILES: [(&str, Make); 4] = [
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a FIFO", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
    // The name stays when the listener goes.
    ("a socket", |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
    // Only root can make a device.
    ("a device", |path| std::os::unix::fs::symlink("/dev/null", path).unwrap()),
];
