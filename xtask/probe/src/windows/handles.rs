//! W1, W2, W4, W5, W9: opening relative to a handle, removing what is open, identity, other names.

use std::fs::{File, OpenOptions};
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use fs_at::os::windows::OpenOptionsExt as _;

use crate::Outcome;
use crate::fact::{Report, outcome, spread};

const FILE_READ_ATTRIBUTES: u32 = 0x80;
const DELETE: u32 = 0x0001_0000;
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
const FILE_SHARE_READ_WRITE: u32 = 3;
const SAMPLES: usize = 200;

pub(crate) fn volume(place: &Path, report: &mut Report) {
    let mut deep = place.to_owned();
    while deep.as_os_str().len() < 270 {
        deep.push("a-directory-name-of-forty-characters-long");
    }
    for (what, path) in [("", place.join("W1")), (", below 260 characters", deep)] {
        let fact = format!("read and delete an entry through an attributes-only handle{what}");
        let found = relative(&path).map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        report.expect("W1", &fact, "ok", &found);
    }
    let steps: [fn(&Path, &mut Report) -> Outcome; 4] = [removed, not_shared, identity, aliases];
    for (step, name) in steps.into_iter().zip(["W2", "W4", "W5", "W9"]) {
        if let Err(error) = step(place, report) {
            report.expect(name, "this fact can be looked at", "yes", &error.to_string());
        }
    }
}

fn open_directory(path: &Path, access: u32) -> std::io::Result<File> {
    OpenOptions::new().access_mode(access).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)
}

fn relative(path: &Path) -> Outcome {
    std::fs::create_dir_all(path)?;
    std::fs::write(path.join("entry"), "x")?;
    let directory = open_directory(path, FILE_READ_ATTRIBUTES)?;
    let mut options = fs_at::OpenOptions::default();
    options.read(true).open_at(&directory, "entry")?;
    fs_at::OpenOptions::default().desired_access(DELETE).open_path_at(&directory, "entry")?;
    Ok(())
}

fn removed(place: &Path, report: &mut Report) -> Outcome {
    let file = place.join("W2-file");
    std::fs::write(&file, "x")?;
    let open = File::open(&file)?;
    report.expect(
        "W2",
        "remove a file that another handle has open",
        "ok",
        &outcome(std::fs::remove_file(&file)),
    );
    report.note("W2", "… its name is free at once", outcome(File::create_new(&file)));
    drop(open);
    let directory = place.join("W2-directory");
    std::fs::create_dir(&directory)?;
    let open = open_directory(&directory, FILE_READ_ATTRIBUTES)?;
    report.expect(
        "W2",
        "remove a directory that another handle has open",
        "ok",
        &outcome(std::fs::remove_dir(&directory)),
    );
    report.note("W2", "… its name is free at once", outcome(std::fs::create_dir(&directory)));
    drop(open);
    Ok(())
}

/// A reader that does not share deletion delays a release; the lock is free soon after it closes.
fn not_shared(place: &Path, report: &mut Report) -> Outcome {
    for milliseconds in [200, 1000] {
        let path = place.join(format!("W4-{milliseconds}"));
        let guard = filelock::acquire(&path)?;
        let record = guard.lock_path().join("holder");
        let reader =
            OpenOptions::new().read(true).share_mode(FILE_SHARE_READ_WRITE).open(record)?;
        let pause = Duration::from_millis(milliseconds);
        let closing = std::thread::spawn(move || {
            std::thread::sleep(pause);
            drop(reader);
        });
        let started = Instant::now();
        let released = guard.release().map_err(|error| error.to_string());
        let released_after = started.elapsed();
        closing.join().map_err(|_| "the reading thread panicked")?;
        let next = filelock::LockOptions::new().timeout(Duration::from_secs(5)).acquire(&path);
        let found = format!(
            "release: {} after {released_after:.1?}; next holder: {} after {:.1?}",
            released.map_or_else(|error| error, |()| "ok".to_owned()),
            next.map_or_else(|error| error.to_string(), |_| "ok".to_owned()),
            started.elapsed(),
        );
        report.note("W4", &format!("a reader that shares no deletion for {pause:?}"), found);
    }
    Ok(())
}

fn identity(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("W5");
    let index = |path: &Path| -> Outcome<u64> {
        let file = open_directory(path, FILE_READ_ATTRIBUTES)?;
        Ok(winapi_util::file::information(&file)?.file_index())
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut repeated = 0;
    for _ in 0..SAMPLES {
        std::fs::create_dir(&path)?;
        let now = index(&path)?;
        let again = index(&path)?;
        if now != again {
            report.expect("W5", "two calls agree about a file index", "yes", "no");
        }
        repeated += usize::from(!seen.insert(now));
        std::fs::remove_dir(&path)?;
    }
    report.note(
        "W5",
        "file indexes of directories made in turn",
        format!("{repeated} of {SAMPLES} repeat an earlier one"),
    );
    std::fs::write(&path, "old")?;
    let reader = File::open(&path)?;
    let new = place.join("W5-new");
    std::fs::write(&new, "new")?;
    let renamed = outcome(std::fs::rename(&new, &path));
    report.note("W5", "rename over a file that a reader has open, sharing deletion", renamed);
    drop(reader);
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        let started = Instant::now();
        std::fs::create_dir(place.join("W5-timed"))?;
        std::fs::remove_dir(place.join("W5-timed"))?;
        times.push(started.elapsed());
    }
    report.note("W5", "making and removing a directory", spread(times));
    Ok(())
}

/// Other names of one file have the same lock exactly if they name the same directory entry.
fn aliases(place: &Path, report: &mut Report) -> Outcome {
    let path = place.join("W9-file");
    std::fs::write(&path, "x")?;
    let guard = filelock::acquire(&path)?;
    for (what, name) in [("upper case", "W9-FILE"), ("a trailing dot", "W9-file.")] {
        let other = place.join(name);
        let one_file = other.exists();
        let one_lock = filelock::try_acquire(&other).map(|tried| tried.acquired().is_none());
        let found = one_lock.map_or_else(|error| error.to_string(), |one| one.to_string());
        report.note("W9", &format!("{what}: one file {one_file}, one lock"), found);
    }
    guard.release()?;
    Ok(())
}
