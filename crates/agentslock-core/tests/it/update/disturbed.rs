//! Somebody who does not keep to the protocol changes the file or takes the lock away while an
//! update is in progress.

use std::fs;

use agentslock_core::{
    Disturbance, Error, FileError, FlushError, Flushed, Lockfile, LockfileOptions,
};
use filelock::{AcquireError, LockOptions};
use fsops::Durability;
use std::time::Duration;

use super::count;
use crate::support::{Lab, impatient, quick};

/// Updates the document in `lab`, counting in `n`, and calls `disturb` in the first run. Returns
/// the number of runs.
fn disturbed_once(options: &LockfileOptions, lab: &Lab, disturb: impl Fn()) -> Result<u32, Error> {
    let mut runs = 0;
    let updated = options.update(lab.path(), |lockfile| {
        runs += 1;
        if runs == 1 {
            // It stays behind in the run that is given up.
            lockfile.set_section("first run", &true)?;
            disturb();
        }
        count(lockfile)
    })?;
    assert_eq!(updated.flushed, Flushed::Written);
    assert_eq!(lab.open().section::<u32>("n")?, Some(updated.value));
    lab.assert_only_the_document();
    Ok(runs)
}

#[test]
fn a_file_that_was_replaced_is_read_anew() {
    for durability in [Durability::Full, Durability::Atomic] {
        let lab = Lab::with("{\"n\":1}");
        let replace = || lab.replace("{\"n\":7,\"outsider\":[ ]}");
        assert_eq!(disturbed_once(&quick().durability(durability), &lab, replace).unwrap(), 2);
        assert_eq!(lab.text(), "{\n  \"n\": 8,\n  \"outsider\": [ ]\n}\n");
    }
}

#[test]
fn a_file_replaced_by_its_equal_is_read_anew() {
    // Another inode is another file, however alike.
    let lab = Lab::with("{\"n\":1}");
    assert_eq!(disturbed_once(&quick(), &lab, || lab.replace("{\"n\":1}")).unwrap(), 2);
    assert_eq!(lab.text(), "{\n  \"n\": 2\n}\n");
}

#[test]
fn a_file_that_was_overwritten_in_place_is_read_anew() {
    let lab = Lab::with("{\"n\":1}");
    assert_eq!(disturbed_once(&quick(), &lab, || lab.write("{\"n\":71,\"o\":2}")).unwrap(), 2);
    assert_eq!(lab.text(), "{\n  \"n\": 72,\n  \"o\": 2\n}\n");
}

#[test]
fn a_file_that_was_removed_is_not_begun_anew() {
    let lab = Lab::with("{\"n\":1,\"old\":1}");
    let remove = || fs::remove_file(lab.path()).unwrap();
    let error = disturbed_once(&quick(), &lab, remove).unwrap_err();
    let is_removed = matches!(error, Error::Flush(FlushError::File(FileError::Removed { .. })));
    assert!(is_removed, "{error:?}");
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_file_that_was_created_is_read() {
    let lab = Lab::new();
    assert_eq!(disturbed_once(&quick(), &lab, || lab.write("{\"n\":5}")).unwrap(), 2);
    assert_eq!(lab.text(), "{\n  \"n\": 6\n}\n");
}

#[test]
fn a_file_that_became_bad_is_an_error_and_stays() {
    for bad in ["", "{\"n\":", "null"] {
        let lab = Lab::with("{\"n\":1}");
        let error = disturbed_once(&quick(), &lab, || lab.write(bad)).unwrap_err();
        assert!(matches!(error, Error::Flush(FlushError::Open(_))), "{error:?}");
        assert_eq!(lab.text(), bad);
        lab.assert_only_the_document();
    }
}

#[test]
fn a_file_that_becomes_a_directory_is_an_error_and_stays() {
    let lab = Lab::with("{\"n\":1}");
    let disturb = || {
        fs::remove_file(lab.path()).unwrap();
        fs::create_dir(lab.path()).unwrap();
    };
    let error = disturbed_once(&quick(), &lab, disturb).unwrap_err();
    assert!(
        !matches!(error, Error::Flush(FlushError::File(FileError::Unsettled { .. }))),
        "{error:?}"
    );
    assert!(lab.path().is_dir());
    lab.assert_only_the_document();
}

#[test]
fn a_lock_that_was_removed_is_taken_anew() {
    let lab = Lab::with("{\"n\":1}");
    assert_eq!(disturbed_once(&quick(), &lab, || lab.remove_lock()).unwrap(), 2);
    assert_eq!(lab.text(), "{\n  \"n\": 2\n}\n");
}

#[test]
fn a_lock_that_changed_hands_is_waited_for_and_what_its_holder_wrote_stays() {
    let lab = Lab::with("{\"n\":1}");
    let other = std::cell::Cell::new(None);
    let take_over = || {
        lab.remove_lock();
        other.set(Some(filelock::acquire(lab.path()).unwrap().unbind()));
        lab.replace("{\"n\":40}");
    };
    // Held for good.
    let error = disturbed_once(&impatient(), &lab, take_over).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Flush(FlushError::File(FileError::Lock(AcquireError::Timeout { .. })))
        ),
        "{error:?}"
    );
    assert_eq!(lab.text(), "{\"n\":40}");
    let guard = other.take().expect("because the closure ran");
    guard.verify().unwrap();
    guard.release().unwrap();

    // Released as soon as somebody waits.
    let lab = Lab::with("{\"n\":1}");
    let guard = std::sync::Arc::new(std::sync::Mutex::new(None));
    let patient = LockOptions::new().timeout(Duration::from_secs(60)).on_wait({
        let guard = std::sync::Arc::clone(&guard);
        move |_, _| {
            drop(guard.lock().unwrap().take());
            std::ops::ControlFlow::Continue(())
        }
    });
    let take_over = || {
        lab.remove_lock();
        *guard.lock().unwrap() = Some(filelock::acquire(lab.path()).unwrap().unbind());
        lab.replace("{\"n\":40}");
    };
    assert_eq!(disturbed_once(&quick().lock(patient), &lab, take_over).unwrap(), 2);
    assert_eq!(lab.text(), "{\n  \"n\": 41\n}\n");
}

#[test]
fn nothing_to_write_means_nothing_was_disturbed() {
    let lab = Lab::with("{}");
    let updated = quick().update(lab.path(), |_| {
        lab.remove_lock();
        lab.replace("{\"outsider\":1}");
        Ok::<_, FlushError>(())
    });
    assert_eq!(updated.unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.text(), "{\"outsider\":1}");
    lab.assert_only_the_document();
}

#[test]
fn a_file_that_never_settles_is_left_as_the_outsider_wrote_it() {
    let lab = Lab::with("{\"n\":0}");
    let mut runs = 0;
    let error = quick()
        .update(lab.path(), |lockfile: &Lockfile| {
            runs += 1;
            lab.replace(format!("{{\"outsider\":{runs}}}"));
            count(lockfile)
        })
        .unwrap_err();
    let said = error.to_string();
    let Error::Flush(FlushError::File(FileError::Unsettled { path, rounds, last })) = error else {
        panic!("{said}")
    };
    assert_eq!((path, rounds, last), (lab.path(), runs, Disturbance::FileChanged));
    assert!((2..100).contains(&runs), "{runs}");
    assert!(said.contains(&runs.to_string()) && said.contains(".agentsrc.lock"), "{said}");
    assert_eq!(lab.text(), format!("{{\"outsider\":{runs}}}"));
    lab.assert_only_the_document();
    assert!(filelock::try_acquire(lab.path()).unwrap().acquired().is_some());
}

#[test]
fn a_lock_that_is_lost_in_each_round_is_told_apart_from_a_file_that_changes() {
    let lab = Lab::with("{\"n\":0}");
    let updated = quick().update(lab.path(), |lockfile| {
        lab.remove_lock();
        count(lockfile)
    });
    let error = updated.unwrap_err();
    let said = error.to_string();
    let Error::Flush(FlushError::File(FileError::Unsettled { last, .. })) = error else {
        panic!("{said}")
    };
    assert_eq!(last, Disturbance::LockLost);
    assert!(said.contains("lock was lost"), "{said}");
    assert_eq!(lab.text(), "{\"n\":0}");
    lab.assert_only_the_document();
}
