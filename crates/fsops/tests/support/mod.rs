//! What both test binaries use: a directory to work in, snapshots of what lies there, and things at
//! a path that are no files.

use std::fs::{self, File, FileTimes};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use testkit::Snapshot;
pub(crate) use testkit::names;

/// Longer than anything here takes, even on a busy machine: the end of what hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// The content before whatever a test does.
pub(crate) const OLD: &[u8] = b"the old content\n";
/// The content after it.
pub(crate) const NEW: &[u8] = b"the new content, which is longer\n";

/// An empty directory.
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

    /// The path that most tests write to.
    pub(crate) fn target(&self) -> PathBuf {
        self.join("state.json")
    }

    /// The target, holding [`OLD`].
    pub(crate) fn old_target(&self) -> PathBuf {
        fs::write(self.target(), OLD).unwrap();
        self.target()
    }

    /// All that lies in the directory, except for what other processes need there.
    pub(crate) fn snapshot(&self) -> Snapshot {
        snapshot(self.root())
    }
}

/// All that lies in `directory` and below. A link to a file changes the time of the file's inode,
/// which is therefore left out.
pub(crate) fn snapshot(directory: &Path) -> Snapshot {
    let mut found = testkit::snapshot_of_files(directory);
    for entry in found.values_mut() {
        entry.stat.changed = (0, 0);
    }
    found
}

pub(crate) fn mode_of(path: &Path) -> u32 {
    testkit::stat(&fs::canonicalize(path).unwrap()).mode & 0o7777
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(path, mode).unwrap();
}

/// Makes `path` look as if it was last written `ago` ago.
pub(crate) fn age(path: &Path, ago: Duration) {
    let times = FileTimes::new().set_modified(SystemTime::now() - ago);
    File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// In `lab`, one of each kind of thing that is no regular file, and what messages call it.
#[cfg(windows)]
pub(crate) fn no_files(lab: &Lab) -> Vec<(PathBuf, &'static str)> {
    fs::create_dir(lab.join("directory")).unwrap();
    vec![(lab.join("directory"), "a directory")]
}

/// In `lab`, one of each kind of thing that is no regular file, and what messages call it.
#[cfg(unix)]
pub(crate) fn no_files(lab: &Lab) -> Vec<(PathBuf, &'static str)> {
    use std::os::unix::fs::symlink;
    let path = |name: &str| lab.join(name);
    fs::create_dir(path("directory")).unwrap();
    make_fifo(&path("fifo"));
    // The name stays when the listener goes.
    std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    // Only root can make a device.
    symlink("/dev/null", path("device")).unwrap();
    symlink("directory", path("link to a directory")).unwrap();
    symlink("fifo", path("link to a FIFO")).unwrap();
    let device = fs::metadata(path("device")).unwrap().file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&device));
    vec![
        (path("directory"), "a directory"),
        (path("fifo"), "a FIFO"),
        (path("socket"), "a socket"),
        (path("device"), "a device"),
        (path("link to a directory"), "a directory"),
        (path("link to a FIFO"), "a FIFO"),
    ]
}
