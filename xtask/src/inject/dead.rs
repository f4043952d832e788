//! What killed processes leave, an hour ago.

use std::fs::{self, FileTimes};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use filelock::testing::Way;

use crate::outcome::Outcome;

const LONG_AGO: Duration = Duration::from_secs(3600);
const UNIQUE: &str = "0123456789abcdef";

/// The name of what belongs to `target` and ends with `suffix`.
pub(super) fn named(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What is there after holders and writers were killed an hour ago, one at each stage.
pub(super) fn leave_the_dead(target: &Path, way: Way) -> Outcome {
    let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let flock =
        if way == Way::ByTime { String::new() } else { format!("flock {}\n", kernel.trim()) };
    // A process number that Linux gives to nobody.
    let record = format!("4194305\n1000000000000000000\n{UNIQUE}\n{flock}");
    let lock = named(target, ".lock");
    let mut left = vec![(lock, if way == Way::Published { 0o1711 } else { 0o711 })];
    if way != Way::ByTime {
        left.push((named(target, &format!(".lock.prep-{UNIQUE}")), 0o1711));
    }
    for (directory, mode) in left {
        fs::create_dir(&directory)?;
        fs::write(directory.join("holder"), &record)?;
        fs::set_permissions(&directory, PermissionsExt::from_mode(mode))?;
        age(&directory)?;
    }
    Ok(())
}

/// What a writer leaves that is killed while it replaces the file.
pub(super) fn leave_a_temporary(target: &Path) -> Outcome {
    // A name that a temporary of ours can have: the last four characters are a check.
    let temporary = named(target, ".tmp-01234567hPbO");
    fs::write(&temporary, "{")?;
    age(&temporary)
}

pub(super) fn age(path: &Path) -> Outcome {
    let times = FileTimes::new().set_modified(SystemTime::now() - LONG_AGO);
    Ok(fs::File::open(path)?.set_times(times)?)
}
