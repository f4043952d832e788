//! Holding and releasing when the lock is no longer ours: every call says so, and nothing of
//! whoever has it now is touched.

use std::fs;
use std::io::ErrorKind;

use filelock::{LockGuard, LockOptions, NotHeld, ReleaseError, RenewError, VerifyError};

use crate::support::{Lab, now, record, ways};

/// Every call says that the lock is lost.
#[track_caller]
pub(crate) fn expect_lost(guard: LockGuard) {
    let lock = guard.lock_path().to_owned();
    match guard.verify() {
        Err(VerifyError::NotHeld(NotHeld::Lost { lock: path, .. })) => assert_eq!(path, lock),
        other => panic!("verify: {other:?}"),
    }
    match guard.renew() {
        Err(RenewError::Verify(VerifyError::NotHeld(NotHeld::Lost { .. }))) => {}
        other => panic!("renew: {other:?}"),
    }
    match guard.release() {
        Err(ReleaseError::NotHeld(NotHeld::Lost { lock: path, .. })) => assert_eq!(path, lock),
        other => panic!("release: {other:?}"),
    }
}

/// Acquires in each way and on each file system, and lets `meddle` take the lock away. The guard
/// must notice, and leave alone what is there now. Once by releasing, once by dropping.
fn meddled_with(meddle: impl Fn(&Lab)) {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            for release in [true, false] {
                let options = LockOptions::new().environment(environment.clone());
                let guard = options.acquire(lab.target()).unwrap();
                meddle(&lab);
                let before = lab.snapshot();
                if release {
                    expect_lost(guard);
                } else {
                    drop(guard);
                }
                assert_eq!(lab.snapshot(), before, "{way} on {}, release: {release}", lab.name());
                clear(&lab);
            }
        }
    }
}

fn clear(lab: &Lab) {
    for entry in fs::read_dir(lab.root()).unwrap() {
        let path = entry.unwrap().path();
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.unwrap();
    }
}

#[test]
fn a_lock_removed_by_hand_is_lost() {
    meddled_with(|lab| fs::remove_dir_all(lab.lock()).unwrap());
}

#[test]
fn a_lock_moved_away_is_lost() {
    meddled_with(|lab| fs::rename(lab.lock(), lab.join("elsewhere")).unwrap());
}

#[test]
fn a_lock_moved_away_and_replaced_is_lost() {
    meddled_with(|lab| {
        fs::rename(lab.lock(), lab.join("elsewhere")).unwrap();
        lab.occupy(Some(&record(now(), "another\n")));
    });
}

/// On a disk the next directory could get the number of the one that was removed. The guard
/// prevents that: it has it open.
#[test]
fn a_lock_removed_and_replaced_is_lost() {
    meddled_with(|lab| {
        fs::remove_dir_all(lab.lock()).unwrap();
        lab.occupy(Some(&record(now(), "another\n")));
    });
}

#[test]
fn a_lock_replaced_by_a_lock_file_is_lost() {
    meddled_with(|lab| {
        fs::remove_dir_all(lab.lock()).unwrap();
        fs::write(lab.lock(), record(now(), "another\n")).unwrap();
    });
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn a_lock_replaced_by_a_link_to_itself_is_lost() {
    meddled_with(|lab| {
        fs::rename(lab.lock(), lab.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("elsewhere", lab.lock()).unwrap();
    });
}

/// The next one to look takes a directory without a record for free.
#[test]
fn a_lock_without_its_record_is_lost() {
    meddled_with(|lab| fs::remove_file(lab.holder()).unwrap());
}

#[test]
fn a_lock_with_anothers_record_is_lost() {
    // Overwritten in place, the record is still the file that the guard has open.
    meddled_with(|lab| fs::write(lab.holder(), record(now(), "another\n")).unwrap());
    // Another file at its name.
    meddled_with(|lab| {
        fs::remove_file(lab.holder()).unwrap();
        fs::write(lab.holder(), record(now(), "another\n")).unwrap();
    });
    meddled_with(|lab| {
        fs::write(lab.join("new"), record(now(), "another\n")).unwrap();
        fs::rename(lab.join("new"), lab.holder()).unwrap();
    });
}

#[test]
fn a_lock_whose_record_is_garbage_is_lost() {
    meddled_with(|lab| fs::write(lab.holder(), b"garbage").unwrap());
    meddled_with(|lab| fs::write(lab.holder(), b"").unwrap());
}

/// The record has a name left, but not in the directory: to everybody else it was removed.
#[test]
fn a_lock_whose_record_was_moved_elsewhere_is_lost() {
    meddled_with(|lab| fs::rename(lab.holder(), lab.join("elsewhere")).unwrap());
    meddled_with(|lab| {
        fs::hard_link(lab.holder(), lab.join("backup")).unwrap();
        fs::remove_file(lab.holder()).unwrap();
    });
}

#[test]
fn the_errors_of_a_lost_lock_say_what_to_do_and_convert() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    fs::remove_dir_all(lab.lock()).unwrap();
    let verify = guard.verify().unwrap_err();
    assert!(verify.to_string().contains(&*lab.lock().to_string_lossy()), "{verify}");
    assert!(verify.to_string().contains("lost"), "{verify}");
    assert!(verify.to_string().contains("acquire it anew"), "{verify}");
    assert_eq!(std::io::Error::from(verify).kind(), ErrorKind::Other);
    let renew = guard.renew().unwrap_err();
    assert!(renew.to_string().contains("lost"), "{renew}");
    assert_eq!(std::io::Error::from(renew).kind(), ErrorKind::Other);
    let release = guard.release().unwrap_err();
    assert!(release.to_string().contains("is lost: it is no longer there"), "{release}");
    assert_eq!(std::io::Error::from(release).kind(), ErrorKind::Other);
}

/// Losing a lock says nothing about the next acquisition.
#[test]
fn after_a_loss_the_lock_can_be_acquired_anew() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        fs::remove_dir_all(lab.lock()).unwrap();
        let again =
            options.try_acquire(lab.target()).unwrap().acquired().expect("because it is free");
        expect_lost(guard);
        again.verify().unwrap_or_else(|error| panic!("{way}: {error}"));
        again.release().unwrap();
    }
}
