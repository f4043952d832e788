//! Judging what no lock puts there: nothing hangs, and nothing is followed or removed.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
#[cfg(unix)]
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::time::Duration;

use filelock::AcquireError;

#[cfg(unix)]
use crate::support::WATCHDOG;
use crate::support::{Lab, acquire, age, brief, expect_alive, expect_gone, now, record};

#[cfg(unix)]
fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// The null device under another name, if we may make one.
#[cfg(unix)]
fn make_device(path: &Path) -> bool {
    let made = Command::new("mknod").arg(path).args(["c", "1", "3"]).output();
    made.is_ok_and(|made| made.status.success())
}

/// Both calls say at once that it is not a lock, and leave it and what it leads to alone.
#[cfg(unix)]
#[track_caller]
fn not_a_lock(lab: &Lab, expected: &str) {
    let before = lab.snapshot();
    let started = std::time::Instant::now();
    let errors = [
        acquire(&brief().timeout(WATCHDOG), lab.target()).map(drop).unwrap_err(),
        acquire(&brief().timeout(Duration::ZERO), lab.target()).map(drop).unwrap_err(),
        brief().try_acquire(lab.target()).map(drop).unwrap_err(),
    ];
    assert!(started.elapsed() < WATCHDOG, "it waited for what never ends");
    for error in errors {
        match &error {
            AcquireError::NotALock { lock, kind, .. } => {
                assert_eq!((lock, *kind), (&lab.lock(), expected));
            }
            other => panic!("{other:?}"),
        }
        assert!(!error.is_contention());
    }
    assert_eq!(lab.snapshot(), before);
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_link_at_the_locks_name_is_not_followed() {
    let lab = Lab::new();
    fs::create_dir(lab.join("elsewhere")).unwrap();
    fs::write(lab.join("elsewhere/holder"), record(0, "")).unwrap();
    fs::write(lab.join("file"), record(0, "")).unwrap();
    for target in ["elsewhere", "file", "nowhere", "events.ndjson.lock"] {
        symlink(target, lab.lock()).unwrap();
        not_a_lock(&lab, "a symbolic link");
        fs::remove_file(lab.lock()).unwrap();
    }
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_fifo_at_the_locks_name_is_not_opened() {
    for lab in Lab::everywhere() {
        make_fifo(&lab.lock());
        not_a_lock(&lab, "a FIFO");
    }
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_socket_at_the_locks_name_is_left_alone() {
    let lab = Lab::new();
    let _listener = UnixListener::bind(lab.lock()).unwrap();
    not_a_lock(&lab, "a socket");
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_device_at_the_locks_name_is_left_alone() {
    let lab = Lab::new();
    if !make_device(&lab.lock()) {
        return testkit::skip("no device can be made");
    }
    not_a_lock(&lab, "a device");
}

/// A record of that kind is no record: it counts by the directory's time, is then unlinked, and
/// nothing that it leads to is touched.
fn no_record(make: impl Fn(&Lab)) {
    for lab in Lab::everywhere() {
        fs::create_dir(lab.lock()).unwrap();
        make(&lab);
        let before = lab.snapshot();
        let holder = expect_alive(&brief(), lab.target());
        assert_eq!(holder.pid(), None, "it was taken for a record");
        assert_eq!(lab.snapshot(), before);

        age(&lab.lock(), Duration::from_secs(31));
        expect_gone(&brief(), lab.target());
        let elsewhere: Vec<_> =
            before.iter().filter(|(path, _)| !path.starts_with(lab.lock())).collect();
        assert_eq!(lab.snapshot().iter().collect::<Vec<_>>(), elsewhere);
    }
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_holder_that_is_a_fifo_makes_nobody_wait() {
    no_record(|lab| make_fifo(&lab.holder()));
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_holder_that_is_a_link_is_not_followed() {
    // What it leads to would make a record, fresh and old.
    for stamp in [0, now()] {
        no_record(|lab| {
            fs::write(lab.join("elsewhere"), record(stamp, "")).unwrap();
            symlink("../elsewhere", lab.holder()).unwrap();
        });
    }
    no_record(|lab| symlink("nowhere", lab.holder()).unwrap());
    no_record(|lab| symlink("holder", lab.holder()).unwrap());
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_holder_that_is_a_socket_is_no_record() {
    no_record(|lab| drop(UnixListener::bind(lab.holder()).unwrap()));
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_holder_that_is_a_device_is_no_record() {
    let lab = Lab::new();
    if !make_device(&lab.join("probe")) {
        return testkit::skip("no device can be made");
    }
    no_record(|lab| {
        make_device(&lab.holder());
    });
}

#[test]
fn a_holder_of_a_gigabyte_is_not_read() {
    no_record(|lab| fs::File::create(lab.holder()).unwrap().set_len(1 << 30).unwrap());
}

#[test]
fn a_holder_of_binary_data_is_no_record() {
    let noise: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    no_record(|lab| fs::write(lab.holder(), &noise).unwrap());
}

/// The first lines are a record; what follows is ignored, however much it is.
#[test]
fn a_record_before_a_gigabyte_is_a_record() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), "token\n")));
    fs::File::options().write(true).open(lab.holder()).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(expect_alive(&brief(), lab.target()).token(), Some("token"));
}

#[test]
fn a_holder_that_is_a_directory_is_not_removed() {
    let lab = Lab::new();
    lab.occupy(None);
    fs::create_dir(lab.holder()).unwrap();
    assert_eq!(expect_alive(&brief(), lab.target()).pid(), None);

    age(&lab.lock(), Duration::from_secs(31));
    let before = lab.snapshot();
    match acquire(&brief(), lab.target()) {
        Err(AcquireError::StrangeEntry { entry, .. }) => assert_eq!(entry, "holder"),
        other => panic!("{other:?}"),
    }
    assert_eq!(lab.snapshot(), before);
}
