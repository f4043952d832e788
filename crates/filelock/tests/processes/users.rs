//! Locks between two users. Only root can start a process as another one.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use filelock::testing::Environment;
use filelock::{AcquireError, LockOptions, ReleaseError};
use testkit::{ChildTest, TestChild};

use crate::support::{
    Lab, SECOND, WATCHDOG, age, brief, expect_alive, expect_replaced, now, record,
};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// One on each file system, with a directory of this mode. Empty, and reported, if we are not root.
#[track_caller]
fn labs(mode: u32) -> Vec<(Lab, u32)> {
    let Some(user) = testkit::other_user() else {
        testkit::skip("only root can start a process as another user");
        return Vec::new();
    };
    let labs = Lab::everywhere().into_iter().map(|lab| (lab, user));
    labs.inspect(|(lab, _)| set_mode(lab.root(), mode)).collect()
}

/// What it came to, in a word, then in full.
#[test]
fn child_tries() {
    let Some(parent) = testkit::parent() else { return };
    let timeout = Duration::from_millis(parent.number("TIMEOUT"));
    let result = LockOptions::new().timeout(timeout).acquire(parent.path("TARGET"));
    let Err(error) = result else { return parent.at("result", "held") };
    let word = match &error {
        AcquireError::Timeout { .. } => "timeout",
        AcquireError::Denied { .. } => "denied",
        _ => "other",
    };
    parent.at("result", &format!("{word}: {error}"));
}

#[track_caller]
fn try_as(user: u32, lab: &Lab, timeout: Duration) -> String {
    let mut child = ChildTest::new(module_path!(), "child_tries")
        .user(user)
        .var("TARGET", lab.target())
        .var("TIMEOUT", timeout.as_millis().to_string())
        .spawn();
    let result = child.await_point("result");
    child.succeed();
    result
}

const BRIEF: Duration = Duration::from_millis(30);

/// Waits long enough for it to show if it waited.
#[track_caller]
fn expect_denied(user: u32, lab: &Lab, part: &str) {
    let before = lab.snapshot();
    let started = Instant::now();
    let result = try_as(user, lab, WATCHDOG);
    assert!(started.elapsed() < WATCHDOG, "it waited for what no waiting changes");
    assert!(result.starts_with("denied"), "on {}: {result}", lab.name());
    assert!(result.contains(part), "{part:?} is missing in {result:?}");
    assert!(result.contains("permissions, not of a held lock"), "{result}");
    assert_eq!(lab.snapshot(), before, "on {}", lab.name());
}

#[test]
fn a_directory_that_may_not_be_written_to_is_denied_at_once() {
    for (lab, user) in labs(0o755) {
        expect_denied(user, &lab, "create directory");
        // Held or not: this is not contention.
        let guard = filelock::acquire(lab.target()).unwrap();
        expect_denied(user, &lab, "create directory");
        guard.verify().unwrap();
    }
}

#[test]
fn a_directory_that_may_not_be_searched_is_denied_at_once() {
    for (lab, user) in labs(0o700) {
        expect_denied(user, &lab, &lab.root().to_string_lossy());
    }
}

#[test]
fn child_breaks() {
    let Some(parent) = testkit::parent() else { return };
    let handle = parent.var("HANDLE").to_str().unwrap().parse().unwrap();
    let error = filelock::break_lock(parent.path("TARGET"), &handle).unwrap_err();
    parent.at("result", &format!("{error:?}: {error}"));
}

/// Whether it is the lock that the handle names, only its owner can see.
#[test]
fn anothers_lock_is_not_broken() {
    for (lab, user) in labs(0o777) {
        let guard = filelock::acquire(lab.target()).unwrap();
        let mut child = ChildTest::new(module_path!(), "child_breaks")
            .user(user)
            .var("TARGET", lab.target())
            .var("HANDLE", guard.token())
            .spawn();
        let result = child.await_point("result");
        child.succeed();
        assert!(result.starts_with("Unreadable"), "on {}: {result}", lab.name());
        assert!(result.contains("only user 0 can break it"), "on {}: {result}", lab.name());
        guard.verify().unwrap();
    }
}

/// As behind a privacy setting on macOS: the owner is right, and may not look all the same.
#[test]
fn ones_own_lock_that_one_may_not_look_into_is_not_called_anothers() {
    for (lab, user) in labs(0o777) {
        lab.occupy(Some(&record(now(), "token\n")));
        std::os::unix::fs::chown(lab.lock(), Some(user), Some(user)).unwrap();
        set_mode(&lab.lock(), 0);
        let result = try_as(user, &lab, BRIEF);
        assert!(result.contains("this user's own lock, which this program may not"), "{result}");
        assert!(!result.contains("only that user can free it"), "{result}");
    }
}

/// By an older version, whose record has no OS lock.
#[test]
fn anothers_lock_that_cannot_be_asked_counts_as_alive_and_its_owner_is_named() {
    for (lab, user) in labs(0o777) {
        lab.occupy(Some(&record(now() - 3600 * SECOND, "token\nflock -\n")));
        lab.mark_published();
        let before = lab.snapshot();
        let result = try_as(user, &lab, BRIEF);
        assert!(result.starts_with("timeout"), "on {}: {result}", lab.name());
        assert!(result.contains("belongs to user 0"), "{result}");
        assert!(result.contains("only that user can free it"), "{result}");
        assert_eq!(lab.snapshot(), before, "on {}", lab.name());
    }
}

#[test]
fn anothers_living_lock_is_waited_for_and_its_holder_named() {
    for (lab, user) in labs(0o777) {
        let guard = filelock::acquire(lab.target()).unwrap();
        let before = lab.snapshot();
        let result = try_as(user, &lab, BRIEF);
        assert!(result.starts_with("timeout"), "on {}: {result}", lab.name());
        assert!(result.contains(&format!("process {}", std::process::id())), "{result}");
        assert!(result.contains("still running"), "{result}");
        assert_eq!(lab.snapshot(), before, "on {}", lab.name());
        guard.verify().unwrap();
    }
}

#[test]
fn root_waits_for_another_user_and_replaces_it_when_it_dies() {
    for (lab, user) in labs(0o777) {
        let mut child = holder(user, &lab);
        let seen = expect_alive(&brief(), lab.target());
        assert_eq!((seen.pid(), seen.user()), (Some(child.pid()), Some(user)));
        child.kill();
        let guard = expect_replaced(&brief(), lab.target());
        assert_eq!(guard.takeover().and_then(filelock::Holder::user), Some(user));
    }
}

fn holder(user: u32, lab: &Lab) -> TestChild {
    let mut child = ChildTest::new(module_path!(), "child_holds_and_is_hindered")
        .user(user)
        .var("TARGET", lab.target())
        .spawn();
    child.await_point("holding");
    child
}

#[test]
fn child_holds_and_is_hindered() {
    let Some(mut parent) = testkit::parent() else { return };
    let guard = filelock::acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    match guard.release() {
        Err(ReleaseError::Io { guard, source, .. }) => {
            assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
            parent.at("hindered", "");
            parent.await_word("again");
            guard.release().unwrap();
            parent.at("released", "");
        }
        other => panic!("{other:?}"),
    }
}

/// The guard comes back, to try again; others need not wait for that.
#[test]
fn a_release_that_is_refused_gives_the_guard_back() {
    for (lab, user) in labs(0o777) {
        for taken_meanwhile in [false, true] {
            let mut child = holder(user, &lab);
            set_mode(lab.root(), 0o755);
            child.say("release");
            child.await_point("hindered");
            assert!(lab.lock().exists(), "it may not be removed");
            set_mode(lab.root(), 0o777);
            // Others leave it to its owner for a moment, and need not wait for the grace.
            let patient = brief().timeout(WATCHDOG).ttl(WATCHDOG * 2).grace(WATCHDOG * 2);
            let successor = taken_meanwhile.then(|| patient.acquire(lab.target()).unwrap());
            child.say("again");
            child.await_point("released");
            child.succeed();
            assert_eq!(lab.lock().exists(), taken_meanwhile, "on {}", lab.name());
            if let Some(successor) = successor {
                successor.release().unwrap();
            }
        }
    }
}

/// Told at once, not after a timeout that says that somebody holds it.
#[test]
fn an_expired_lock_that_may_not_be_cleared_is_denied_at_once() {
    for (lab, user) in labs(0o1777) {
        lab.occupy(Some(&record(now() - 3600 * SECOND, "")));
        expect_denied(user, &lab, "remove the record of the dead lock");
        fs::remove_file(lab.holder()).unwrap();
        age(&lab.lock(), Duration::from_secs(3600));
        expect_denied(user, &lab, "remove the dead lock");
        fs::remove_dir(lab.lock()).unwrap();
        fs::write(lab.lock(), record(now() - 3600 * SECOND, "")).unwrap();
        expect_denied(user, &lab, "remove the dead lock");
    }
}

#[test]
fn an_unreadable_record_goes_by_the_directorys_time_and_the_ttl() {
    for (lab, user) in labs(0o777) {
        lab.occupy(Some(&record(now(), "")));
        set_mode(&lab.holder(), 0o600);
        // Longer than the grace, shorter than the TTL.
        age(&lab.lock(), Duration::from_secs(20));
        let result = try_as(user, &lab, BRIEF);
        assert!(result.starts_with("timeout"), "on {}: {result}", lab.name());
        assert!(result.contains("no readable record"), "{result}");
        assert!(lab.holder().exists());
        age(&lab.lock(), Duration::from_secs(31));
        expect_denied(user, &lab, "remove the record of the dead lock");
    }
}

/// That we may not read it does not mean that it is incomplete.
#[test]
fn a_lock_file_that_may_not_be_read_is_not_taken_after_the_grace() {
    for (lab, user) in labs(0o777) {
        fs::write(lab.lock(), record(now(), "")).unwrap();
        set_mode(&lab.lock(), 0o600);
        age(&lab.lock(), Duration::from_secs(20));
        let before = lab.snapshot();
        let result = try_as(user, &lab, BRIEF);
        assert!(result.starts_with("timeout"), "on {}: {result}", lab.name());
        assert_eq!(lab.snapshot(), before, "on {}", lab.name());
    }
}

#[test]
fn child_waits_out_denials() {
    let Some(parent) = testkit::parent() else { return };
    let reporter = parent.clone();
    let environment = Environment { denials_pass: Some(true), ..Environment::default() };
    let options = LockOptions::new()
        .timeout(Duration::from_millis(parent.number("TIMEOUT")))
        .environment(environment)
        .on_wait(move |_, _| {
            reporter.at("waiting", "");
            std::ops::ControlFlow::Continue(())
        });
    match options.acquire(parent.path("TARGET")) {
        Ok(guard) => {
            guard.release().unwrap();
            parent.at("result", "held");
        }
        Err(error) => parent.at("result", &error.to_string()),
    }
}

/// As on Windows, where scanners deny what they look at.
#[test]
fn where_denials_pass_they_are_waited_out_until_the_deadline_and_then_told() {
    for (lab, user) in labs(0o755) {
        let start = |timeout: Duration| {
            ChildTest::new(module_path!(), "child_waits_out_denials")
                .user(user)
                .var("TARGET", lab.target())
                .var("TIMEOUT", timeout.as_millis().to_string())
                .spawn()
        };
        let mut in_vain = start(BRIEF);
        assert!(in_vain.await_point("result").contains("failed to create directory"));
        in_vain.succeed();
        let mut patient = start(WATCHDOG);
        for _ in 0..20 {
            // Longer than half a second, after which it was believed.
            patient.await_point("waiting");
        }
        set_mode(lab.root(), 0o777);
        assert_eq!(patient.await_point("result"), "held", "on {}", lab.name());
        patient.succeed();
        assert_eq!(lab.names(), [""; 0]);
    }
}

#[test]
fn child_loses_its_lock_with_its_directory() {
    let Some(mut parent) = testkit::parent() else { return };
    let guard = filelock::acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    assert!(matches!(guard.release(), Err(ReleaseError::NotHeld(_))));
}

/// As a drop box: who may enter and write in it may not list it.
#[test]
fn a_lock_goes_from_a_renamed_directory_that_may_not_be_read() {
    for (lab, user) in labs(0o777) {
        let (old, new) = (lab.join("old"), lab.join("new"));
        fs::create_dir(&old).unwrap();
        set_mode(&old, 0o733);
        let mut child = ChildTest::new(module_path!(), "child_loses_its_lock_with_its_directory")
            .user(user)
            .var("TARGET", old.join("events.ndjson"))
            .spawn();
        child.await_point("holding");
        fs::rename(&old, &new).unwrap();
        child.say("release");
        child.succeed();
        assert_eq!(fs::read_dir(&new).unwrap().count(), 0, "on {}", lab.name());
    }
}
