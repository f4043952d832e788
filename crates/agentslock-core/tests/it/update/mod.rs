//! Updating: reading and changing under one hold of the lock.

mod abort;
mod disturbed;

use std::fs;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use agentslock_core::{Digest, Error, FileError, FlushError, Flushed, Lockfile, RenewLockError};
use filelock::{AcquireError, LockOptions, NotHeld, RenewError, VerifyError};
use fsops::Durability;

use crate::support::{DOCUMENT, Lab, impatient, quick};

/// Adds one to the section `n`.
fn count(lockfile: &Lockfile) -> Result<u32, Error> {
    let n = lockfile.section::<u32>("n")?.unwrap_or(0) + 1;
    lockfile.set_section("n", &n)?;
    Ok(n)
}

#[test]
fn what_the_closure_stages_is_written_and_what_it_returns_comes_back() {
    for lab in Lab::everywhere() {
        lab.write(DOCUMENT);
        let updated = Lockfile::update(lab.path(), |lockfile| {
            lockfile.set_section("a", &1)?;
            lockfile.remove_section("units")?;
            lockfile.set_inputs_digest(&Digest::verbatim("sha256:cd"));
            assert_eq!(lockfile.section::<u8>("a")?, Some(1));
            assert_eq!(lockfile.section_names(), ["a", "adapters", "install"]);
            assert_eq!(lab.text(), DOCUMENT, "it was written before the closure returned");
            Ok::<_, Error>("returned")
        });
        let updated = updated.unwrap();
        assert_eq!((updated.value, updated.flushed), ("returned", Flushed::Written));
        let expected = DOCUMENT
            .replace("{\n  \"adapters\"", "{\n  \"a\": 1,\n  \"adapters\"")
            .replace("sha256:ab", "sha256:cd")
            .replace(",\n  \"units\": []", "");
        assert_eq!(lab.text(), expected);
        lab.assert_only_the_document();
    }
}

#[test]
fn the_closure_gets_the_document_as_it_is_now_and_runs_once() {
    let lab = Lab::with("{}");
    for expected in 1..=20 {
        let mut runs = 0;
        let updated = quick().update(lab.path(), |lockfile| {
            runs += 1;
            assert_eq!(lockfile.path(), lab.path());
            assert!(!lockfile.was_missing());
            count(lockfile)
        });
        assert_eq!((updated.unwrap().value, runs), (expected, 1));
    }
}

#[test]
fn the_lock_is_held_while_the_closure_runs() {
    let lab = Lab::with("{}");
    let (handle, guard) = (impatient().open(lab.path()).unwrap(), || {
        filelock::try_acquire(lab.path()).unwrap().acquired()
    });
    handle.set_section("other", &1).unwrap();
    quick()
        .update(lab.path(), |lockfile| {
            assert!(guard().is_none());
            // Neither another handle's flush nor another update gets in between; nor do they hang.
            assert!(handle.flush().unwrap_err().is_contention());
            let inner = impatient().update(lab.path(), count).unwrap_err();
            let Error::Flush(FlushError::File(FileError::Lock(AcquireError::Timeout { .. }))) =
                inner
            else {
                panic!("{inner:?}")
            };
            count(lockfile)
        })
        .unwrap();
    assert!(guard().is_some());
    assert_eq!(lab.text(), "{\n  \"n\": 1\n}\n");
}

#[test]
fn a_missing_file_is_created_even_if_the_closure_stages_nothing() {
    for durability in [Durability::Full, Durability::Atomic] {
        let lab = Lab::new();
        let path = lab.join("a/b/.agentsrc.lock");
        let updated = quick().durability(durability).update(&path, |lockfile| {
            assert!(lockfile.was_missing());
            assert_eq!(lockfile.section_names(), [""; 0]);
            Ok::<_, FlushError>(())
        });
        assert_eq!(updated.unwrap().flushed, Flushed::Written);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\n  \"lock_version\": 1\n}\n");
        assert_eq!(fs::read_dir(lab.join("a/b")).unwrap().count(), 1);
    }
}

#[test]
fn an_update_that_changes_nothing_touches_nothing() {
    let lab = Lab::with("{\n  \"n\": 1\n}\n");
    let before = lab.snapshot();
    let updated = quick().update(lab.path(), |lockfile| {
        count(lockfile)?;
        lockfile.set_section("n", &1)?;
        Ok::<_, Error>(())
    });
    assert_eq!(updated.unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn threads_that_count_together_lose_no_count() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 50;
    let lab = Lab::in_memory();
    let patient = LockOptions::new().timeout(Duration::from_secs(60));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (lab, options) = (&lab, quick().lock(patient.clone()));
            scope.spawn(move || {
                let own = format!("own {thread}");
                for n in 0..ROUNDS {
                    let updated = options.update(lab.path(), |lockfile| {
                        lockfile.set_section(&own, &n)?;
                        count(lockfile)
                    });
                    assert_eq!(updated.unwrap().flushed, Flushed::Written);
                }
            });
        }
    });
    let end = lab.open();
    assert_eq!(end.section::<u32>("n").unwrap(), Some(THREADS * ROUNDS));
    for thread in 0..THREADS {
        assert_eq!(end.section::<u32>(&format!("own {thread}")).unwrap(), Some(ROUNDS - 1));
    }
    lab.assert_only_the_document();
}

#[test]
fn to_flush_inside_an_update_is_an_error_and_the_update_goes_on() {
    let lab = Lab::with("{}");
    let updated = quick().update(lab.path(), |lockfile| {
        count(lockfile)?;
        let error = lockfile.flush().unwrap_err();
        assert!(!error.is_committed() && !error.is_contention());
        assert!(error.to_string().contains("inside an update"), "{error}");
        let FlushError::InsideUpdate { path } = error else { panic!("{error:?}") };
        assert_eq!(path, lab.path());
        assert_eq!(lab.text(), "{}");
        Ok::<_, Error>(())
    });
    assert_eq!(updated.unwrap().flushed, Flushed::Written);
    assert_eq!(lab.text(), "{\n  \"n\": 1\n}\n");
}

#[test]
fn the_lock_is_renewed_inside_an_update_and_only_there() {
    let lab = Lab::with("{}");
    let stamp = |said: &mut String| {
        let record = fs::read_to_string(lab.join(".agentsrc.lock.lock/holder")).unwrap();
        std::mem::replace(said, record)
    };
    quick()
        .update(lab.path(), |lockfile| {
            let mut record = String::new();
            stamp(&mut record);
            for _ in 0..3 {
                lockfile.renew_lock()?;
                let before = stamp(&mut record);
                assert_ne!(before, record, "the recorded time is the old one");
            }
            count(lockfile)
        })
        .unwrap();
    assert_eq!(lab.text(), "{\n  \"n\": 1\n}\n");
    let error = lab.open().renew_lock().unwrap_err();
    assert!(matches!(error, RenewLockError::OutsideUpdate), "{error:?}");
}

#[test]
fn renewing_a_lock_that_was_lost_is_an_error() {
    let lab = Lab::with("{}");
    let error = quick()
        .update(lab.path(), |lockfile| {
            lab.remove_lock();
            Ok::<_, Error>(lockfile.renew_lock()?)
        })
        .unwrap_err();
    let Error::RenewLock(RenewLockError::Renew(RenewError::Verify(VerifyError::NotHeld(
        NotHeld::Lost { .. },
    )))) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(lab.text(), "{}");
    lab.assert_only_the_document();
}

#[test]
fn the_options_say_how_the_lock_is_waited_for() {
    let lab = Lab::with("{}");
    let _guard = filelock::acquire(lab.path()).unwrap().unbind();
    let give_up = LockOptions::new().on_wait(|_, _| ControlFlow::Break(()));
    let mut runs = 0;
    let updated = quick().lock(give_up).update(lab.path(), |lockfile| {
        runs += 1;
        count(lockfile)
    });
    let error = updated.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Flush(FlushError::File(FileError::Lock(AcquireError::GaveUp { .. })))
        ),
        "{error:?}"
    );
    assert_eq!((runs, lab.text().as_str()), (0, "{}"));
}
