//! What is different on Windows: its paths, and who keeps whom from what by having a file open.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use filelock::testing::Way;
use filelock::{AcquireError, LockOptions, ReleaseError, TTL};

use crate::support::{Lab, SECOND, brief, expect_alive, expect_gone, now, record};

/// As most programs open files: they let others read and write, but not delete.
const FILE_SHARE_READ: u32 = 1;
const FILE_SHARE_WRITE: u32 = 2;

fn open_as_others_do(path: &Path) -> File {
    File::options().read(true).share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE).open(path).unwrap()
}

#[test]
fn all_windows_spellings_of_one_path_name_one_lock() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap();
    let plain = lab.target().into_os_string().into_string().unwrap();
    for spelling in [
        format!(r"\\?\{plain}"),
        plain.replace('\\', "/"),
        plain.to_uppercase(),
        plain.replace(r"\events", r"\sub\..\events"),
        format!("{plain} ."),
    ] {
        assert!(filelock::try_acquire(&spelling).unwrap().acquired().is_none(), "{spelling}");
    }
}

#[test]
fn a_drive_relative_path_counts_from_that_drives_current_directory() {
    let here = std::env::current_dir().unwrap();
    let name = format!("filelock-test-{}", std::process::id());
    let drive = here.to_str().unwrap().split_once(':').expect("because it is on a drive").0;
    let guard = filelock::acquire(format!("{drive}:{name}")).unwrap();
    assert_eq!(guard.path(), here.join(&name));
    guard.release().unwrap();
}

#[test]
fn a_path_that_names_a_drive_a_share_or_a_device_is_refused() {
    for path in ["C:", r"C:\", r"\\?\C:\", r"\\server\share\", "NUL", r"\\.\NUL"] {
        let error = filelock::try_acquire(path).map(drop).unwrap_err();
        assert!(matches!(error, AcquireError::UnusablePath { .. }), "{path}: {error:?}");
    }
}

#[test]
fn a_path_longer_than_260_characters_is_locked() {
    let lab = Lab::new();
    let deep: PathBuf = (0..8).fold(lab.root().to_owned(), |path, _| path.join("n".repeat(60)));
    let target = deep.join("events.ndjson");
    let guard = filelock::acquire(&target).unwrap();
    expect_alive(&brief(), &target);
    guard.verify().unwrap();
    guard.renew().unwrap();
    guard.release().unwrap();
    assert_eq!(fs::read_dir(deep).unwrap().count(), 0);
}

#[test]
fn a_name_that_is_no_unicode_is_locked_as_it_is() {
    let lab = Lab::new();
    let target = lab.root().join(OsString::from_wide(&[0x61, 0xd800, 0x62]));
    if let Err(error) = fs::write(&target, "").and_then(|()| fs::remove_file(&target)) {
        let why = format!("Wine keeps its names in UTF-8: {error}");
        return testkit::skip(&why);
    }
    let guard = filelock::acquire(&target).unwrap();
    assert!(guard.lock_path().join("holder").is_file());
    guard.release().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

/// Where the volume has streams, too.
fn by_time() -> LockOptions {
    brief().environment(Way::ByTime.into())
}

/// If time decides, no handle is kept on the record, so that a program can read it even if it
/// shares nothing. None is kept on the directory, so that a peer that goes by the clock can take
/// its name at once.
#[test]
fn a_held_lock_has_nothing_open() {
    let lab = Lab::new();
    let guard = by_time().acquire(lab.target()).unwrap();
    let alone = File::options().read(true).share_mode(0).open(lab.holder()).unwrap();
    drop(alone);
    guard.verify().unwrap();
    guard.renew().unwrap();

    fs::remove_dir_all(lab.lock()).unwrap();
    lab.occupy(Some(&record(now(), "another\n")));
    crate::lost::expect_lost(guard);
    fs::remove_dir_all(lab.lock()).unwrap();
}

/// Denied again and again, it says so, and gives the guard back. The lock still is ours, until
/// another process finds the record expired.
#[test]
fn a_record_that_others_have_open_cannot_be_released_until_they_close_it() {
    let lab = Lab::new();
    let guard = by_time().acquire(lab.target()).unwrap();
    let reader = open_as_others_do(&lab.holder());
    let guard = match guard.release() {
        Err(ReleaseError::Io { guard, .. }) => *guard,
        other => panic!("{other:?}"),
    };
    guard.verify().unwrap();
    assert!(by_time().try_acquire(lab.target()).is_err(), "it is expired, and cannot be cleared");
    drop(reader);
    guard.release().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

/// For less than half a second at a time, it is waited for.
#[test]
fn readers_who_do_not_share_deletion_keep_nobody_from_releasing() {
    let lab = Lab::new();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let reader = File::options()
                    .read(true)
                    .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
                    .open(lab.holder());
                drop(reader);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let released = std::panic::catch_unwind(|| {
            for _ in 0..100 {
                filelock::acquire(lab.target()).unwrap().release().unwrap();
            }
        });
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        released.unwrap();
    });
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn an_expired_lock_that_others_have_open_is_an_honest_error_until_they_close_it() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 31 * SECOND, "")));
    let reader = open_as_others_do(&lab.holder());
    let error = brief().acquire(lab.target()).map(drop).unwrap_err();
    assert!(matches!(error, AcquireError::Io { .. }), "{error:?}");
    drop(reader);
    expect_gone(&brief(), lab.target());
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_read_only_record_keeps_nobody_from_clearing_an_expired_lock() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 31 * SECOND, "")));
    let mut permissions = fs::metadata(lab.holder()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(lab.holder(), permissions).unwrap();
    expect_gone(&brief(), lab.target());
    assert_eq!(lab.names(), [""; 0]);
}

/// A holder that cannot remove its record says in it that it has expired. A waiter waits out the
/// other program, for longer than a single call is tried again.
#[test]
fn a_lock_that_could_not_be_released_is_taken_as_soon_as_that_is_possible() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let reader = open_as_others_do(&lab.holder());
    drop(guard);
    assert!(lab.holder().exists());
    let looks = Duration::from_millis(1500);
    let scanning = std::thread::spawn(move || {
        std::thread::sleep(looks);
        drop(reader);
    });
    let started = Instant::now();
    let patient = LockOptions::new().timeout(Duration::from_secs(20));
    patient.acquire(lab.target()).unwrap().release().unwrap();
    assert!((looks..TTL / 2).contains(&started.elapsed()), "{:?}", started.elapsed());
    scanning.join().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}
