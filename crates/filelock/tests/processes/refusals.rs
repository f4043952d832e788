//! File systems and kernels that do not do what they are asked.

use std::fs;

use filelock::{LockOptions, ReleaseError};
use testkit::ChildTest;

use crate::gate::{
    Acquisition, BRIEF, can_trace, failing_nth, here, with_failing, with_failing_nth,
};
use crate::support::{KERNEL, Lab, SECOND, brief, now, record, way};

#[test]
fn without_exclusive_rename_the_claim_is_made_in_place() {
    if !can_trace() {
        return;
    }
    for error in ["EINVAL", "ENOSYS", "EOPNOTSUPP"] {
        let lab = Lab::new();
        let mut child = with_failing("renameat2", error, &lab, BRIEF);
        assert_eq!(child.await_point("result"), "held", "{error}");
        assert_eq!(lab.names(), ["events.ndjson.lock", "trace"], "{error}: a preparation is left");
        assert!(
            brief().environment(here()).try_acquire(lab.target()).unwrap().acquired().is_none()
        );
        child.say("release");
        child.succeed();
        assert_eq!(lab.names(), ["trace"], "{error}");
    }
}

#[test]
fn without_os_locks_time_decides() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let mut child = with_failing("flock", "ENOLCK", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "held by time");
    let record = fs::read_to_string(lab.holder()).unwrap();
    assert!(!record.contains("\nflock "), "nobody keeps an OS lock: {record:?}");
    child.say("release");
    child.succeed();
    assert_eq!(lab.names(), ["trace"]);
}

/// A failed question to the kernel is no proof of death.
#[test]
fn a_waiter_that_cannot_ask_the_kernel_clears_nothing() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 3600 * SECOND, &format!("token\nflock {KERNEL}\n"))));
    let mut child = with_failing("flock", "EIO", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "refused");
    child.succeed();
    assert!(lab.holder().exists());
}

/// ESTALE: on NFS, what we have open was removed by another machine.
#[test]
fn what_another_machine_has_removed_is_gone() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), &format!("token\nflock {KERNEL}\n"))));
    let mut child = with_failing("unlinkat", "ESTALE:when=1", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "held");
    child.say("release");
    child.succeed();
}

#[test]
fn a_preparation_that_keeps_vanishing_is_reported() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let mut child = with_failing("renameat2", "ENOENT", &lab, BRIEF);
    let result = child.await_point("result");
    assert!(result.starts_with("Disturbed") && result.contains("attempts: 8"), "{result}");
    child.succeed();
    assert_eq!(lab.names(), ["trace"]);
}

/// What was made and could not be looked at is ours all the same, and nobody else's to clear.
#[test]
fn a_claim_in_place_that_cannot_be_looked_at_is_taken_back() {
    if !can_trace() {
        return;
    }
    for way in ["in-place", "by-time"] {
        let lab = Lab::new();
        let mut child = with_failing_nth("fstat", 1, &lab, Acquisition { way, ..BRIEF });
        let result = child.await_point("result");
        assert!(result.contains("verb: \"open\"") && result.contains("code: 5"), "{result}");
        child.succeed();
        assert_eq!(lab.names(), ["trace"], "{way}");
    }
}

#[test]
fn child_cannot_look_while_it_releases() {
    let Some(parent) = testkit::parent() else { return };
    let options = LockOptions::new().environment(way(parent.var("WAY").to_str().unwrap()));
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    let lock = guard.lock_path().to_owned();
    let error = guard.release().expect_err("a look should have failed");
    let ReleaseError::Io { verb, ref path, ref source, .. } = error else { panic!("{error:?}") };
    assert_eq!((verb, path, source.raw_os_error()), ("examine", &lock, Some(5)));
    parent.at("record", if lock.join("holder").exists() { "there" } else { "gone" });
    if parent.var("THEN") == "convert" {
        // Whoever keeps this error, as a program does that logs it at its end, keeps no lock.
        let error = std::io::Error::from(error);
        assert!(!lock.exists(), "the error keeps the lock: {error}");
        drop(options.try_acquire(parent.path("TARGET")).unwrap().acquired().expect("it is free"));
        return;
    }
    let ReleaseError::Io { guard, .. } = error else { unreachable!("it was looked at above") };
    if parent.var("THEN") == "release" {
        guard.release().unwrap();
    } else {
        drop(guard);
    }
}

/// One look is there to verify; another follows when the record is gone. A claim in place was
/// looked at before, and where an OS lock is held, so is the record's name in between.
#[test]
fn a_look_that_fails_while_releasing_is_told_and_the_lock_is_gone_with_its_guard() {
    if !can_trace() {
        return;
    }
    for (way, nth, record) in [
        ("published", 1, "there"),
        ("published", 3, "gone"),
        ("in-place", 2, "there"),
        ("in-place", 4, "gone"),
        ("by-time", 2, "there"),
        ("by-time", 3, "gone"),
    ] {
        for then in ["release", "drop", "convert"] {
            let lab = Lab::new();
            let mut child = ChildTest::new(module_path!(), "child_cannot_look_while_it_releases")
                .through(failing_nth("newfstatat", nth, &lab))
                .var("TARGET", lab.target())
                .var("WAY", way)
                .var("THEN", then)
                .spawn();
            assert_eq!(child.await_point("record"), record, "{way}, look {nth}");
            child.succeed();
            assert_eq!(lab.names(), ["trace"], "{way}, look {nth}, then {then}");
        }
    }
}

#[test]
fn child_cannot_remove_its_record() {
    let Some(parent) = testkit::parent() else { return };
    let options = LockOptions::new().environment(way(parent.var("WAY").to_str().unwrap()));
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    let released = guard.release().map_err(|error| error.to_string());
    parent.at("released", &format!("{released:?}"));
}

/// Else others would wait for as long as the record says that it counts.
#[test]
fn a_record_that_cannot_be_removed_says_that_it_has_expired_where_time_decides() {
    if !can_trace() {
        return;
    }
    for (way, stamp) in [("by-time", "0000000000000000000"), ("published", "1")] {
        let lab = Lab::new();
        let child = ChildTest::new(module_path!(), "child_cannot_remove_its_record")
            .through(testkit::strace(&["-e", "inject=unlinkat:error=EIO"]).unwrap())
            .var("TARGET", lab.target())
            .var("WAY", way);
        let mut child = child.spawn();
        assert!(child.await_point("released").contains("failed to remove the record"), "{way}");
        child.succeed();
        let record = fs::read_to_string(lab.holder()).unwrap();
        assert!(record.lines().nth(1).unwrap().starts_with(stamp), "{way}: {record}");
        crate::support::expect_gone(&brief(), lab.target());
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}
