//! Children that are forked without exec: they have their parent's memory and descriptors, and no
//! right to its lock.
//!
//! Forking takes unsafe code, or a library in C that is preloaded: see `fork.c`.

use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use filelock::{LockGuard, LockOptions, NotHeld, VerifyError};
use testkit::{ChildTest, Parent, Preload, TestChild};

use crate::support::{Lab, WATCHDOG, brief, expect_alive};

/// How a child is forked.
const HOWS: [&str; 2] = ["fork", "another namespace"];

/// The command line before that of a child that is to fork.
fn wrapper(how: &str) -> Result<Vec<String>, String> {
    static LIBRARY: OnceLock<Result<Preload, String>> = OnceLock::new();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/processes/fork.c");
    let library = LIBRARY.get_or_init(|| Preload::of(Path::new(source)));
    let preload = library.as_ref()?.wrapper();
    if how == "fork" {
        return Ok(preload);
    }
    // The number 1 in a namespace, so that its child in the next one has the same number.
    let unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let works = Command::new(unshare[0]).args(&unshare[1..]).arg("true").output();
    if !works.is_ok_and(|works| works.status.success()) {
        return Err("`unshare --pid` needs rights that this process does not have".to_owned());
    }
    Ok(unshare.map(ToOwned::to_owned).into_iter().chain(preload).collect())
}

/// A process that forks in the given scene; `None`, and a word about it, where that is not
/// possible.
#[track_caller]
fn forking(how: &str, scene: &str, lab: &Lab) -> Option<TestChild> {
    match wrapper(how) {
        Ok(wrapper) => {
            let child = ChildTest::new(module_path!(), "child_forks").through(wrapper);
            let child = child.var("TARGET", lab.target()).var("SCENE", scene).var("HOW", how);
            Some(child.spawn())
        }
        Err(why) => {
            testkit::skip(&format!("{how}: {why}"));
            None
        }
    }
}

/// Returns twice. Whether this is the child.
fn fork(how: &str) -> bool {
    std::thread::sleep(Duration::from_nanos(if how == "fork" { 4242 } else { 4243 }));
    match std::env::var("FORKED").as_deref() {
        Ok("child") => true,
        Ok("parent") => false,
        other => panic!("it did not fork: {other:?}"),
    }
}

#[test]
fn child_forks() {
    let Some(parent) = testkit::parent() else { return };
    let (target, how) = (parent.path("TARGET"), parent.var("HOW").into_string().unwrap());
    match parent.var("SCENE").to_str().unwrap() {
        "holding" => forks_while_holding(parent, &target, &how),
        "waiting" => forks_while_waiting(parent, &target, &how),
        "parked" => forks_while_parked(parent, &target, &how),
        "busy" => forks_while_busy(&parent, &target, &how),
        other => panic!("{other}"),
    }
}

fn foreign(guard: &LockGuard) -> &'static str {
    match guard.verify() {
        Err(VerifyError::NotHeld(NotHeld::ForeignProcess { .. })) => "foreign",
        Ok(()) => "held",
        Err(_) => "another error",
    }
}

fn forks_while_holding(mut parent: Parent, target: &Path, how: &str) {
    let lock = LockOptions::new().lock(target).unwrap();
    // In a row, so that the release would move the lock.
    lock.acquire().unwrap().release().unwrap();
    let guard = lock.acquire().unwrap();
    if fork(how) {
        parent.at("child-verifies", foreign(&guard));
        let released = guard.release();
        parent.at("child-releases", if released.is_ok() { "yes" } else { "no" });
        drop(lock);
        parent.at("child-done", "");
        std::process::exit(0);
    }
    parent.await_word("go on");
    parent.at("parent-verifies", foreign(&guard));
    guard.release().unwrap();
    parent.at("parent-released", "");
}

/// As it was: its number is the same in the next namespace, verify was Ok, and it released its
/// parent's lock.
#[test]
fn a_forked_child_neither_uses_nor_releases_its_parents_lock() {
    for how in HOWS {
        let lab = Lab::new();
        let Some(mut child) = forking(how, "holding", &lab) else { continue };
        assert_eq!(child.await_point("child-verifies"), "foreign", "{how}");
        assert_eq!(child.await_point("child-releases"), "no", "{how}");
        child.await_point("child-done");
        expect_alive(&brief(), lab.target());
        child.say("go on");
        assert_eq!(child.await_point("parent-verifies"), "held", "{how}");
        child.await_point("parent-released");
        child.succeed();
        assert_eq!(lab.names(), [""; 0], "{how}");
    }
}

fn forks_while_waiting(mut parent: Parent, target: &Path, how: &str) {
    let forked = AtomicBool::new(false);
    let (how, reporter) = (how.to_owned(), parent.clone());
    let options = LockOptions::new().timeout(WATCHDOG).on_wait(move |_, _| {
        if !forked.swap(true, Ordering::Relaxed) {
            let who = if fork(&how) { "child" } else { "parent" };
            reporter.at("waits", who);
        }
        ControlFlow::Continue(())
    });
    let guard = options.acquire(target).unwrap();
    let who = std::env::var("FORKED").unwrap();
    let recorded = std::fs::read_to_string(guard.lock_path().join("holder")).unwrap();
    let is_own = recorded.contains(guard.token());
    let verified = guard.verify().is_ok();
    let token = guard.token().to_owned();
    // The other one waits until this is released.
    guard.release().unwrap();
    parent.at("released", &format!("{who} {is_own} {verified} {token}"));
    if who == "child" {
        std::process::exit(0);
    }
    // The group is killed when the parent has ended.
    parent.await_word("go on");
}

/// In 21 of 48 runs the child published what its parent had prepared. The record had the parent's
/// number, and the parent, which had lost it, prepared again.
#[test]
fn a_child_forked_while_waiting_publishes_a_preparation_of_its_own() {
    for how in HOWS {
        for _ in 0..8 {
            let lab = Lab::new();
            let guard = brief().acquire(lab.target()).unwrap();
            let Some(mut child) = forking(how, "waiting", &lab) else { break };
            child.await_point("waits");
            child.await_point("waits");
            let [prepared] = &lab.preparations()[..] else { panic!("{how}: {:?}", lab.names()) };
            let record = std::fs::read_to_string(prepared.join("holder")).unwrap();
            let token = record.lines().nth(2).unwrap();
            guard.release().unwrap();
            // In which order they get it is not known.
            let mut said = [child.await_point("released"), child.await_point("released")];
            said.sort();
            assert!(said[0].starts_with("child true true "), "{how}: {said:?}");
            assert_ne!(said[0], format!("child true true {token}"), "{how}: its parent's");
            assert_eq!(said[1], format!("parent true true {token}"), "{how}");
            child.say("go on");
            child.succeed();
            assert_eq!(lab.names(), [""; 0], "{how}: {said:?}");
        }
    }
}

fn forks_while_parked(mut parent: Parent, target: &Path, how: &str) {
    let lock = LockOptions::new().timeout(WATCHDOG).lock(target).unwrap();
    for _ in 0..2 {
        lock.acquire().unwrap().release().unwrap();
    }
    if fork(how) {
        let guard = lock.acquire().unwrap();
        let inode = std::fs::metadata(guard.lock_path()).unwrap().ino();
        parent.at("child-holds", &format!("{} {inode}", guard.verify().is_ok()));
        guard.release().unwrap();
        drop(lock);
        parent.at("child-done", "");
        std::process::exit(0);
    }
    parent.await_word("go on");
    let guard = lock.acquire().unwrap();
    let inode = std::fs::metadata(guard.lock_path()).unwrap().ino();
    parent.at("parent-holds", &format!("{} {inode}", guard.verify().is_ok()));
    guard.release().unwrap();
    drop(lock);
}

#[test]
fn a_forked_child_leaves_what_its_parents_handle_has_parked_alone() {
    for how in HOWS {
        let lab = Lab::new();
        let Some(mut child) = forking(how, "parked", &lab) else { continue };
        let childs = child.await_point("child-holds");
        child.await_point("child-done");
        let [parked] = &lab.preparations()[..] else { panic!("{how}: {:?}", lab.names()) };
        let inode = std::fs::metadata(parked).unwrap().ino();
        assert!(
            childs.starts_with("true ") && childs != format!("true {inode}"),
            "{how}: {childs}"
        );
        child.say("go on");
        assert_eq!(child.await_point("parent-holds"), format!("true {inode}"), "{how}");
        child.succeed();
        assert_eq!(lab.names(), [""; 0], "{how}");
    }
}

/// Other threads of the parent are in the middle of everything at the fork, and do not exist in the
/// child.
fn forks_while_busy(parent: &Parent, target: &Path, how: &str) {
    let options = LockOptions::new().timeout(WATCHDOG);
    let lock = options.lock(target).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (lock, done, options) = (&lock, &done, &options);
            scope.spawn(move || {
                let other = target.with_file_name(format!("other-{number}"));
                while !done.load(Ordering::Relaxed) {
                    lock.acquire().unwrap().release().unwrap();
                    options.acquire(&other).unwrap().release().unwrap();
                }
            });
        }
        for round in 0..20 {
            if fork(how) {
                // Another lock than the one that its parent's threads may be holding for ever,
                // here.
                let own = target.with_file_name(format!("child-{round}"));
                drop(lock.try_acquire().unwrap().acquired());
                options.acquire(own).unwrap().release().unwrap();
                parent.at("child-done", "");
                std::process::exit(0);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    parent.at("parent-done", "");
}

#[test]
fn a_child_forked_beside_busy_threads_never_hangs() {
    let lab = Lab::new();
    let Some(mut child) = forking("fork", "busy", &lab) else { return };
    // In which order they come is not known.
    for _ in 0..20 {
        child.await_point("child-done");
    }
    child.succeed();
}
