//! M3: a directory that is removed while it is open. M8: identity and times of what follows it.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::Outcome;
use crate::fact::{Report, outcome};

/// How many of the time stamps and inode numbers to compare.
const SAMPLES: usize = 200;

pub(crate) fn volume(place: &Path, report: &mut Report) {
    if let Err(error) = removed(place, report) {
        report.expect("M3", "removing an open directory", "works", &error.to_string());
    }
    if let Err(error) = not_empty(place, report) {
        report.expect(
            "M3",
            "removing a directory with something inside",
            "refused",
            &error.to_string(),
        );
    }
    if let Err(error) = identity(place, report) {
        report.expect("M8", "inode numbers and times", "can be read", &error.to_string());
    }
}

fn removed(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("open");
    std::fs::create_dir(&path)?;
    let open = File::open(&path)?;
    report.expect("M3", "rmdir of an open directory", "ok", &outcome(std::fs::remove_dir(&path)));
    report.expect("M3", "… frees its name", "ok", &outcome(std::fs::create_dir(&path)));
    let name = "holder";
    let gone = |result: Result<(), Errno>| match result {
        Err(Errno::NOENT | Errno::STALE) => "not found".to_owned(),
        other => outcome(other.map_err(Into::into)),
    };
    let unlink = rustix::fs::unlinkat(&open, name, AtFlags::empty());
    report.expect("M3", "… unlink through its descriptor", "not found", &gone(unlink));
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let create = rustix::fs::openat(&open, name, flags, Mode::from_raw_mode(0o600)).map(drop);
    report.expect("M3", "… create through its descriptor", "not found", &gone(create));
    let stat = rustix::fs::statat(&open, name, AtFlags::SYMLINK_NOFOLLOW).map(drop);
    report.expect("M3", "… look through its descriptor", "not found", &gone(stat));
    let lock = rustix::fs::flock(&open, FlockOperation::NonBlockingLockExclusive);
    report.note("M3", "… flock through its descriptor", outcome(lock.map_err(Into::into)));
    std::fs::remove_dir(&path)?;
    Ok(())
}

fn not_empty(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("full");
    std::fs::create_dir(&path)?;
    std::fs::write(path.join("x"), "")?;
    let found = match std::fs::remove_dir(&path).map_err(|error| error.raw_os_error()) {
        Err(Some(number))
            if [Errno::NOTEMPTY.raw_os_error(), Errno::EXIST.raw_os_error()].contains(&number) =>
        {
            "refused".to_owned()
        }
        Ok(()) => "removed".to_owned(),
        Err(number) => format!("error {number:?}"),
    };
    report.expect("M3", "rmdir of a directory with a file inside", "refused", &found);
    let apple = place.join("apple");
    std::fs::create_dir(&apple)?;
    std::fs::write(apple.join("._x"), "")?;
    report.note(
        "M3",
        "rmdir of a directory with `._x` inside",
        outcome(std::fs::remove_dir(&apple)),
    );
    Ok(())
}

fn identity(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("again");
    let mut repeated = 0;
    let mut last = 0;
    for _ in 0..SAMPLES {
        std::fs::create_dir(&path)?;
        let now = path.symlink_metadata()?.ino();
        repeated += usize::from(now == last);
        last = now;
        std::fs::remove_dir(&path)?;
    }
    let found = format!("{repeated} of {SAMPLES} made in turn have the number of the one before");
    report.note("M8", "inode numbers of directories", found);

    std::fs::create_dir(&path)?;
    let before = path.symlink_metadata()?;
    // Longer than a tick of the slowest kernel clock that stamps files.
    std::thread::sleep(Duration::from_millis(25));
    let moved = place.join("moved");
    std::fs::rename(&path, &moved)?;
    let after = moved.symlink_metadata()?;
    let changed = (before.ctime(), before.ctime_nsec()) != (after.ctime(), after.ctime_nsec());
    report.note("M8", "rename of a directory changes its ctime", changed);
    let by_descriptor = File::open(&moved)?.metadata()?;
    let same = (after.dev(), after.ino()) == (by_descriptor.dev(), by_descriptor.ino());
    report.expect(
        "M8",
        "device and inode by path and by descriptor",
        "the same",
        if same { "the same" } else { "different" },
    );
    report.note("M8", "least step of mtime", step(&place.join("stamped"))?);
    Ok(())
}

/// The least difference between two times of a file that is written again and again.
fn step(path: &Path) -> Outcome<String> {
    let mut least: Option<Duration> = None;
    let mut previous = None;
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(200) {
        std::fs::write(path, "x")?;
        let now = path.symlink_metadata()?.modified()?;
        if let Some(step) = previous.and_then(|previous| now.duration_since(previous).ok())
            && !step.is_zero()
        {
            least = Some(least.map_or(step, |least| least.min(step)));
        }
        previous = Some(now);
    }
    Ok(least.map_or_else(|| "none within 0.2 s".to_owned(), |step| format!("{step:.1?}")))
}
