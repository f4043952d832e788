//! A flush that fails changes nothing, keeps what is staged, and can be tried again.

use std::fs;
use std::ops::ControlFlow;
use std::time::Duration;

use agentslock_core::{FileError, FlushError, Flushed, LockfileOptions};
use filelock::{AcquireError, LockOptions};

use crate::support::{Lab, impatient, quick};

#[test]
fn while_somebody_holds_the_lock_the_stage_is_kept() {
    let lab = Lab::with("{}");
    let lockfile = impatient().open(lab.path()).unwrap();
    lockfile.set_section("a", &1).unwrap();
    lockfile.remove_section("b").unwrap();
    let guard = filelock::acquire(lab.path()).unwrap().unbind();
    let before = lab.snapshot();
    for _ in 0..3 {
        let error = lockfile.flush().unwrap_err();
        assert!(error.is_contention() && !error.is_committed());
        let FlushError::File(FileError::Lock(AcquireError::Timeout { holder, .. })) = error else {
            panic!("{error:?}")
        };
        assert!(holder.expect("because it did not change hands").is_this_process());
    }
    assert_eq!(lab.snapshot(), before);
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
    guard.release().unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    assert_eq!(lab.text(), "{\n  \"a\": 1\n}\n");
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    // Between flushes in a row a handle keeps the lock's directory beside the document.
    drop(lockfile);
    lab.assert_only_the_document();
}

#[test]
fn who_reads_waits_for_no_lock() {
    let lab = Lab::with("{\"a\":1}");
    let _guard = filelock::acquire(lab.path()).unwrap();
    let patience = LockOptions::new().timeout(Duration::from_secs(600));
    let options = LockfileOptions::new().lock(patience);
    let lockfile = testkit::within(crate::support::WATCHDOG, {
        let path = lab.path();
        move || options.open(path).unwrap()
    });
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
}

#[test]
fn the_lock_is_waited_for_as_the_options_say() {
    let lab = Lab::with("{}");
    let guard = filelock::acquire(lab.path()).unwrap().unbind();
    let give_up = LockOptions::new().on_wait(|_, _| ControlFlow::Break(()));
    let lockfile = quick().lock(give_up.clone()).open(lab.path()).unwrap();
    lockfile.set_section("a", &1).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(
        matches!(error, FlushError::File(FileError::Lock(AcquireError::GaveUp { .. }))),
        "{error:?}"
    );
    let updated = quick().lock(give_up).update(lab.path(), |_| Ok::<_, FlushError>(()));
    let error = updated.unwrap_err();
    assert!(
        matches!(error, FlushError::File(FileError::Lock(AcquireError::GaveUp { .. }))),
        "{error:?}"
    );
    drop(guard);

    let nonsense = LockOptions::new().ttl(Duration::ZERO);
    let lockfile = quick().lock(nonsense).open(lab.path()).unwrap();
    lockfile.set_section("a", &1).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(!error.is_contention());
    assert!(
        matches!(error, FlushError::File(FileError::Lock(AcquireError::UnusableOption { .. }))),
        "{error:?}"
    );
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn something_in_place_of_the_lock_is_an_error_and_stays() {
    let lab = Lab::with("{}");
    std::os::unix::fs::symlink("elsewhere", lab.join(".agentsrc.lock.lock")).unwrap();
    let before = lab.snapshot();
    let lockfile = lab.open();
    lockfile.set_section("a", &1).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(
        matches!(error, FlushError::File(FileError::Lock(AcquireError::NotALock { .. }))),
        "{error:?}"
    );
    assert_eq!(lab.snapshot(), before);
    fs::remove_file(lab.join(".agentsrc.lock.lock")).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
}

#[test]
fn a_directory_that_cannot_be_created_is_an_error_and_the_stage_is_kept() {
    let lab = Lab::new();
    let path = lab.join("file/directory/.agentsrc.lock");
    let lockfile = quick().open(&path).unwrap();
    lockfile.set_section("a", &1).unwrap();
    fs::write(lab.join("file"), "").unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(error.to_string().contains(".agentsrc.lock"), "{error}");
    assert!(matches!(error, FlushError::File(FileError::CreateDirectory { .. })), "{error:?}");
    assert_eq!(lab.names(), ["file"]);
    fs::remove_file(lab.join("file")).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    assert!(path.is_file());
}
