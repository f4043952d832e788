//! A handle that is stopped right before or after it moves its lock back: see `guard/move_back.rs`.
//! A person, or a third process, acts in between. And an owner that is stopped between the two
//! steps of another release.

use std::fs;
use std::time::{Duration, Instant};

use filelock::{LockOptions, NotHeld, ReleaseError};
use testkit::{ChildTest, TestChild};

use crate::gate::{Gate, Gated, PATIENT, can_trace, counting, headed_for_child};
use crate::support::{Lab, WATCHDOG, age, brief, expect_alive, expect_alive_or_leaving};

/// Takes the lock twice in a row with a handle. The second release moves it back.
#[test]
fn child_releases_a_handle() {
    let Some(mut parent) = testkit::parent() else { return };
    let lock = LockOptions::new().timeout(WATCHDOG).lock(parent.path("TARGET")).unwrap();
    lock.acquire().unwrap().release().unwrap();
    let guard = lock.acquire().unwrap();
    parent.at("holding", guard.token());
    let result = match guard.release() {
        Ok(()) => "released".to_owned(),
        Err(ReleaseError::NotHeld(NotHeld::Lost { how, .. })) => format!("lost: {how}"),
        Err(error) => format!("failed: {error}"),
    };
    parent.at("result", &result);
    parent.await_word("again");
    // What happened does not stay with the handle.
    let guard = lock.acquire().unwrap();
    guard.verify().unwrap();
    guard.release().unwrap();
    drop(lock);
    parent.at("done", "");
}

fn handle(lab: &Lab) -> ChildTest {
    ChildTest::new(module_path!(), "child_releases_a_handle").var("TARGET", lab.target())
}

/// A handle's child that is stopped at the rename that moves its lock back: its third one.
fn stopped(gate: Gate, lab: &Lab) -> Gated {
    let gated = headed_for_child(gate.nth(3), lab, handle(lab));
    gated.await_stop();
    gated
}

fn goes_on(mut child: TestChild) {
    child.say("again");
    child.await_point("done");
}

/// Somebody removes the lock of a holder that lives, and another process takes it. The holder moves
/// that one's lock, sees it, and puts it back.
#[test]
fn a_handle_whose_lock_was_taken_by_force_puts_its_successors_back() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let gated = stopped(Gate::before("renameat2"), &lab);
        fs::remove_dir_all(lab.lock()).unwrap();
        let successor = brief().acquire(lab.target()).unwrap();
        let mut child = gated.open();
        let result = child.await_point("result");
        assert_eq!(result, "lost: another lock stood at its name, and was put back");
        successor.verify().unwrap();
        expect_alive(&brief(), lab.target());
        successor.release().unwrap();
        goes_on(child);
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

/// In the moment in which the successor's lock is moved, a third process takes the name. Two
/// believe to hold; `verify` says so to the one whose lock was moved. It takes a theft, and a stop
/// between two calls.
#[test]
fn a_third_process_in_that_moment_keeps_the_lock_and_the_second_learns_of_it() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let before = stopped(Gate::before("renameat2"), &lab);
        fs::remove_dir_all(lab.lock()).unwrap();
        let second = brief().acquire(lab.target()).unwrap();
        let moved = before.past_the_call();
        assert!(!lab.lock().exists(), "it is moved: {:?}", lab.names());
        let third = brief().acquire(lab.target()).unwrap();
        assert!(second.verify().unwrap_err().is_lost(), "on {}", lab.name());
        let mut child = moved.open();
        let result = child.await_point("result");
        assert!(result.starts_with("lost: another lock stood at its name"), "{result}");
        third.verify().unwrap();
        assert!(matches!(second.release(), Err(ReleaseError::NotHeld(NotHeld::Lost { .. }))));
        third.verify().unwrap();
        third.release().unwrap();
        goes_on(child);
        // The second's directory lay where it was moved. Its own release has swept that.
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

/// The directory that the lock lies in is renamed after the holder's last look. Perhaps another one
/// is made, and the lock taken there.
#[test]
fn a_handle_whose_directory_is_renamed_in_that_moment_leaves_nothing_in_it() {
    if !can_trace() {
        return;
    }
    for taken in [false, true] {
        let lab = Lab::new();
        let target = lab.join("old/events.ndjson");
        let child = ChildTest::new(module_path!(), "child_releases_a_handle");
        let gate = Gate::before("renameat2").nth(3);
        let gated = headed_for_child(gate, &lab, child.var("TARGET", target.clone()));
        gated.await_stop();
        fs::rename(lab.join("old"), lab.join("new")).unwrap();
        let successor = taken.then(|| brief().acquire(&target).unwrap());
        let mut child = gated.open();
        let result = child.await_point("result");
        assert!(result.starts_with("lost: "), "{result}");
        let left: Vec<_> = fs::read_dir(lab.join("new")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        if let Some(successor) = successor {
            successor.verify().unwrap();
            successor.release().unwrap();
        }
        goes_on(child);
    }
}

/// A person who breaks the lock takes its holder's private name first: see `clear/bar.rs`.
#[test]
fn a_handle_whose_lock_was_broken_moves_nothing_and_removes_the_bar() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let gated = stopped(Gate::before("renameat2"), &lab);
        let found = filelock::inspect(lab.target()).unwrap().unwrap();
        filelock::break_lock(lab.target(), found.holder_id()).unwrap();
        let [bar] = &lab.preparations()[..] else { panic!("{:?}", lab.names()) };
        assert!(bar.is_file(), "on {}", lab.name());
        let successor = brief().acquire(lab.target()).unwrap();
        let mut child = gated.open();
        let result = child.await_point("result");
        assert!(result.starts_with("lost: its record was removed"), "{result}");
        assert!(!bar.exists(), "on {}", lab.name());
        successor.verify().unwrap();
        expect_alive(&brief(), lab.target());
        successor.release().unwrap();
        goes_on(child);
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

/// It has released, and does not know yet. What is broken is not the same any more.
#[test]
fn a_lock_that_was_moved_back_is_not_broken() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let before = stopped(Gate::before("renameat2"), &lab);
        let found = filelock::inspect(lab.target()).unwrap().unwrap();
        let moved = before.past_the_call();
        let broken = filelock::break_lock(lab.target(), found.holder_id());
        assert!(matches!(broken, Err(filelock::BreakError::Free { .. })), "{broken:?}");
        let other = brief().acquire(lab.target()).unwrap();
        let broken = filelock::break_lock(lab.target(), found.holder_id());
        assert!(matches!(broken, Err(filelock::BreakError::Changed { .. })), "{broken:?}");
        other.release().unwrap();
        let mut child = moved.open();
        assert_eq!(child.await_point("result"), "released");
        goes_on(child);
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

#[test]
fn child_releases_a_one_shot() {
    let Some(parent) = testkit::parent() else { return };
    let guard = filelock::acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", guard.token());
    guard.release().unwrap();
    parent.at("result", "released");
}

/// Its record is gone, its directory is not. While it lives, others leave that to it for 50 ms,
/// from their own first look. Once it is dead, they do not wait.
#[test]
fn an_owner_on_its_way_out_is_left_alone_for_50_ms_and_not_longer() {
    if !can_trace() {
        return;
    }
    // A volume that cuts times to whole seconds shows a directory older than it is.
    let cut = Duration::from_millis(300);
    for (dies, older) in [(false, Duration::ZERO), (false, cut), (true, Duration::ZERO)] {
        for lab in Lab::everywhere() {
            let child = ChildTest::new(module_path!(), "child_releases_a_one_shot");
            let child = child.var("TARGET", lab.target());
            let gated = headed_for_child(Gate::before("unlinkat").nth(2), &lab, child);
            gated.await_stop();
            assert!(lab.lock().exists() && !lab.holder().exists());
            if dies {
                gated.kill();
                let patient = LockOptions::new().timeout(WATCHDOG);
                let started = Instant::now();
                patient.acquire(lab.target()).unwrap().release().unwrap();
                assert!(started.elapsed() < Duration::from_secs(2), "it waited for the grace");
                continue;
            }
            // One that does not wait leaves it alone, and so does one that waits for less.
            assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_none());
            if !expect_alive_or_leaving(&brief(), lab.target()) {
                let mut child = gated.open();
                assert_eq!(child.await_point("result"), "released");
                continue;
            }
            // So that the grace begins here.
            age(&lab.lock(), older);
            let started = Instant::now();
            let guard = LockOptions::new().timeout(WATCHDOG).acquire(lab.target()).unwrap();
            let waited = started.elapsed();
            // Without the rule: at once. Were it trusted for as long as it lives: for ever.
            assert!(waited >= Duration::from_millis(50), "{waited:?} on {}", lab.name());
            assert!(waited < Duration::from_secs(2), "{waited:?} on {}", lab.name());
            let mut child = gated.open();
            assert_eq!(child.await_point("result"), "released");
            guard.verify().unwrap();
            guard.release().unwrap();
            assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
        }
    }
}

/// It is renamed while an owner is on its way out: after the record went, or after the last look.
#[test]
fn an_owner_on_its_way_out_leaves_nothing_in_a_directory_that_is_renamed() {
    if !can_trace() {
        return;
    }
    for gate in [Gate::after("unlinkat"), Gate::before("unlinkat").nth(2)] {
        let lab = Lab::new();
        let child = ChildTest::new(module_path!(), "child_releases_a_one_shot");
        let child = child.var("TARGET", lab.join("old/events.ndjson"));
        let gated = headed_for_child(gate, &lab, child);
        gated.await_stop();
        fs::rename(lab.join("old"), lab.join("new")).unwrap();
        let mut child = gated.open();
        assert_eq!(child.await_point("result"), "released");
        let left: Vec<_> = fs::read_dir(lab.join("new")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Whoever waits on this processor gets it before the lock is taken again: 128 processes wait half
/// as long at most.
#[test]
fn a_process_that_had_to_wait_yields_once_after_its_release() {
    if !can_trace() {
        return;
    }
    for waits in [false, true] {
        let lab = Lab::new();
        let guard = waits.then(|| brief().acquire(lab.target()).unwrap());
        let mut child = counting("sched_yield", &lab, PATIENT);
        if let Some(guard) = guard {
            child.await_point("waiting-for");
            guard.release().unwrap();
        }
        child.await_point("takeover");
        let yields = || {
            let trace = fs::read_to_string(lab.join("trace")).unwrap_or_default();
            trace.matches("sched_yield(").count()
        };
        assert_eq!(yields(), 0, "it still holds");
        child.say("release");
        child.await_point("released");
        // Written before the call returns, and so before the child says anything.
        assert_eq!(yields(), usize::from(waits));
        child.succeed();
    }
}
