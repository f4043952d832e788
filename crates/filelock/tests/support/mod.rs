//! What both test binaries use: a directory to lock in, records written by hand, and snapshots of
//! the disk that tell whether anything was touched.

use std::fs::{self, File, FileTimes};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use filelock::testing::{Environment, Way};
use filelock::{AcquireError, Holder, LockGuard, LockOptions};
use testkit::Snapshot;

/// Nanoseconds.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The pid in records written by hand. Larger than any kernel's, so nobody's.
pub(crate) const NOBODY: u32 = 4_000_000_000;

/// The running kernel's name in tests that write the fourth line by hand.
pub(crate) const KERNEL: &str = "the-kernel-of-this-test";

/// Longer than anything here takes, even on a busy machine: the end of what hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(30);

/// An empty directory, and the names of one lock in it.
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

    /// In shared memory, if there is some.
    pub(crate) fn in_memory() -> Self {
        Self(testkit::Lab::in_memory())
    }

    /// One on each file system to test on.
    pub(crate) fn everywhere() -> Vec<Self> {
        testkit::Lab::everywhere().into_iter().map(Self).collect()
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.join("events.ndjson")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.join("events.ndjson.lock")
    }

    pub(crate) fn holder(&self) -> PathBuf {
        self.lock().join("holder")
    }

    /// An occupant of the directory generation: a directory, with this record if there is one.
    pub(crate) fn occupy(&self, record: Option<&[u8]>) {
        fs::create_dir(self.lock()).unwrap();
        if let Some(record) = record {
            fs::write(self.holder(), record).unwrap();
        }
    }

    /// Says of the occupant that it was there with its record, as far as that can be said here.
    pub(crate) fn mark_published(&self) {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o1711);
            fs::set_permissions(self.lock(), mode).unwrap();
        }
    }

    /// Says of the occupant that it is a claim of ours in the making, as far as that can be said
    /// here.
    pub(crate) fn mark_in_the_making(&self) {
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
            fs::set_permissions(self.lock(), mode).unwrap();
        }
    }

    /// The preparations that lie in the directory.
    pub(crate) fn preparations(&self) -> Vec<PathBuf> {
        let names = self.names().into_iter();
        names.filter(|name| name.contains(".lock.prep-")).map(|name| self.join(&name)).collect()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        testkit::snapshot(self.root())
    }
}

/// Now, in unix nanoseconds.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_nanos()).unwrap()
}

/// A record of nobody's with this time, and with the lines that follow it.
pub(crate) fn record(stamp: i64, rest: &str) -> Vec<u8> {
    format!("{NOBODY}\n{stamp:019}\n{rest}").into_bytes()
}

/// Sets the time of the last change of a file or directory so far back.
pub(crate) fn age(path: &Path, age: Duration) {
    set_modified(path, SystemTime::now() - age);
}

pub(crate) fn set_modified(path: &Path, time: SystemTime) {
    let times = FileTimes::new().set_modified(time);
    let mut options = File::options();
    #[cfg(unix)]
    options.read(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        // FILE_WRITE_ATTRIBUTES, and FILE_FLAG_BACKUP_SEMANTICS for directories.
        options.access_mode(0x100).custom_flags(0x0200_0000);
    }
    options.open(path).unwrap().set_times(times).unwrap();
}

/// Waits only briefly: for those who are to wait in vain.
pub(crate) fn brief() -> LockOptions {
    // Wine takes milliseconds for what takes others microseconds.
    LockOptions::new().timeout(Duration::from_millis(if cfg!(windows) { 300 } else { 30 }))
}

/// As one whose clock is so many seconds ahead of ours.
pub(crate) fn ahead(seconds: i64) -> Environment {
    Environment { clock_offset: seconds * SECOND, ..Environment::default() }
}

/// The ways to claim and to judge: each must do all that a lock does. Windows has one.
pub(crate) fn ways() -> Vec<(&'static str, Environment)> {
    let mut ways = Vec::new();
    if cfg!(unix) {
        ways.extend([("published", Way::Published.into()), ("in-place", Way::InPlace.into())]);
    }
    ways.push(("by-time", Way::ByTime.into()));
    ways
}

/// The way with this name, for a child that is told which one to go.
pub(crate) fn way(name: &str) -> Environment {
    name.parse::<Way>().unwrap().into()
}

/// Acquires with a watchdog: neither a hostile occupant nor anything else may make it hang.
#[track_caller]
pub(crate) fn acquire(
    options: &LockOptions,
    target: impl AsRef<Path>,
) -> Result<LockGuard, AcquireError> {
    let (options, target) = (options.clone(), target.as_ref().to_owned());
    testkit::within(WATCHDOG, move || options.acquire(target))
}

/// Asserts that the occupant counts as alive, and returns what is known of it.
#[track_caller]
pub(crate) fn expect_alive(options: &LockOptions, target: impl AsRef<Path>) -> Holder {
    match acquire(&options.clone().timeout(Duration::from_millis(30)), target) {
        Err(AcquireError::Timeout { holder: Some(holder), .. }) => *holder,
        other => panic!("expected a timeout that names the holder, got {other:?}"),
    }
}

/// Asserts that what occupies the name is left alone until the deadline.
///
/// On a busy machine 30 ms can be more than the 50 that it is left alone for. Then the lock is
/// taken and released, and the answer is `false`.
#[track_caller]
pub(crate) fn expect_alive_or_leaving(options: &LockOptions, target: impl AsRef<Path>) -> bool {
    let started = std::time::Instant::now();
    match acquire(&options.clone().timeout(Duration::from_millis(30)), target) {
        Err(AcquireError::Timeout { .. }) => true,
        Ok(guard) if started.elapsed() >= Duration::from_millis(50) => {
            guard.release().unwrap();
            false
        }
        other => panic!("expected a timeout, got {other:?}"),
    }
}

/// What an error says, with all that it rests on.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Asserts that the occupant counts as gone and is replaced without waiting.
#[track_caller]
pub(crate) fn expect_replaced(options: &LockOptions, target: impl AsRef<Path>) -> LockGuard {
    match acquire(&options.clone().timeout(Duration::ZERO), target) {
        Ok(guard) => {
            guard.verify().expect("because it was just acquired");
            guard
        }
        Err(error) => panic!("expected to replace the occupant, got {error}"),
    }
}

/// Asserts that the occupant counts as gone, and that its successor leaves nothing behind.
#[track_caller]
pub(crate) fn expect_gone(options: &LockOptions, target: impl AsRef<Path>) {
    let guard = expect_replaced(options, target);
    let lock = guard.lock_path().to_owned();
    guard.release().expect("because it was just verified");
    assert!(!lock.exists(), "the released lock is still there");
}
