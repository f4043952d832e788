//! What the children of a holder do to its lock.

use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::Duration;

use filelock::{
    AcquireError, Liveness, LockOptions, NotHeld, ReleaseError, RenewError, VerifyError,
};
use testkit::{ChildTest, TestChild};

use crate::gate::can_trace;
use crate::support::{Lab, WATCHDOG, brief, expect_replaced};

/// Acquires, shares the lock with its children or not, and starts one that outlives it.
#[test]
fn child_holds_and_starts_another() {
    let Some(mut parent) = testkit::parent() else { return };
    let guard = filelock::acquire(parent.path("TARGET")).unwrap();
    match parent.var("SHARE").to_str().unwrap() {
        "yes" => guard.set_inherited(true).unwrap(),
        "not any more" => {
            guard.set_inherited(true).unwrap();
            guard.set_inherited(false).unwrap();
        }
        _ => {}
    }
    let mut other = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    parent.at("holding", guard.token());
    parent.await_word("release");
    guard.release().unwrap();
    parent.at("released", "");
    parent.await_word("end");
    other.kill().unwrap();
    other.wait().unwrap();
}

fn holder_with_a_child(lab: &Lab, share: &str) -> (TestChild, String) {
    let mut child = ChildTest::new(module_path!(), "child_holds_and_starts_another")
        .var("TARGET", lab.target())
        .var("SHARE", share)
        .spawn();
    let token = child.await_point("holding");
    (child, token)
}

#[test]
fn a_child_that_inherits_the_lock_keeps_it_alive_after_its_parents_death() {
    for lab in Lab::everywhere() {
        let (mut holder, token) = holder_with_a_child(&lab, "yes");
        holder.kill();
        // Longer than the TTL, so that time has nothing to say either.
        let options = LockOptions::new()
            .ttl(Duration::from_millis(50))
            .grace(Duration::ZERO)
            .timeout(Duration::from_millis(150));
        match options.acquire(lab.target()) {
            Err(AcquireError::Timeout { holder: Some(seen), .. }) => {
                assert_eq!(*seen.liveness(), Liveness::Running, "on {}", lab.name());
                assert_eq!((seen.pid(), seen.token()), (Some(holder.pid()), Some(&*token)));
                assert!(seen.is_inherited(), "on {}", lab.name());
                assert!(seen.to_string().contains("which has ended; a process that it forked"));
            }
            other => panic!("replaced although a child has a share: {other:?}"),
        }
        holder.kill_group();
        // The last share goes when the kernel has taken that process down, which nobody here can
        // wait for: it is not our child.
        let patient = brief().timeout(WATCHDOG);
        let guard = patient.acquire(lab.target()).unwrap();
        assert_eq!(guard.takeover().unwrap().token(), Some(&*token));
        assert_eq!(*guard.takeover().unwrap().liveness(), Liveness::Dead);
    }
}

/// Descriptors are close-on-exec: what a holder happens to start has no part in its lock.
#[test]
fn a_child_that_does_not_inherit_the_lock_does_not_keep_it() {
    for share in ["no", "not any more"] {
        let lab = Lab::new();
        let (mut holder, token) = holder_with_a_child(&lab, share);
        assert!(
            brief().try_acquire(lab.target()).unwrap().acquired().is_none(),
            "the holder lives"
        );
        holder.kill();
        let guard = expect_replaced(&brief(), lab.target());
        assert_eq!(guard.takeover().unwrap().token(), Some(&*token), "{share}");
    }
}

/// A holder releases its lock and ends.
fn end(mut holder: TestChild) {
    holder.say("release");
    holder.await_point("released");
    holder.say("end");
    holder.succeed();
}

#[test]
fn what_a_timeout_says_of_the_holder_stays_as_it_was_at_the_look() {
    let lab = Lab::new();
    let (holder, _) = holder_with_a_child(&lab, "no");
    let error = brief().acquire(lab.target()).unwrap_err();
    let said = error.to_string();
    assert!(said.contains("still running; wait longer, or end the holder"), "{said}");
    end(holder);
    assert_eq!(error.to_string(), said);
    assert!(!error.holder().unwrap().is_inherited());
}

/// The holder releases and ends between the look and the error. Nobody has inherited anything.
#[test]
fn a_holder_that_released_the_lock_and_ended_left_it_to_nobody() {
    for is_taken_again in [false, true] {
        let lab = Lab::new();
        let (holder, token) = holder_with_a_child(&lab, "no");
        let (mut holder, mut guard) = (Some(holder), None);
        let options = brief().timeout(WATCHDOG);
        let error = options.acquire_with(lab.target(), |_, seen| {
            let Some(seen) = seen else { return ControlFlow::Continue(()) };
            assert_eq!(seen.token(), Some(&*token));
            end(holder.take().expect("because the wait ends here"));
            if is_taken_again {
                guard = brief().try_acquire(lab.target()).unwrap().acquired();
            }
            ControlFlow::Break(())
        });
        let error = error.unwrap_err();
        let seen = error.holder().expect("because it was seen");
        assert!(!seen.is_inherited(), "{error}");
        assert!(!error.to_string().contains("forked"), "{error}");
        if let Some(guard) = guard {
            if cfg!(target_os = "linux") {
                assert_eq!(seen.token(), Some(guard.token()), "{error}");
            }
            assert!(!filelock::inspect(lab.target()).unwrap().unwrap().holder().is_inherited());
            guard.release().unwrap();
        }
    }
}

#[cfg(target_os = "linux")] // Elsewhere that cannot be told.
#[test]
fn who_looks_at_a_lock_that_is_kept_hears_that_it_is_inherited() {
    for lab in Lab::everywhere() {
        let (mut holder, _) = holder_with_a_child(&lab, "yes");
        let inspect = || filelock::inspect(lab.target()).unwrap().unwrap().holder().clone();
        assert!(!inspect().is_inherited(), "on {}", lab.name());
        holder.kill();
        assert!(inspect().is_inherited(), "on {}", lab.name());
        holder.kill_group();
    }
}

/// The share keeps an inode alive, not a name: who releases, releases.
#[test]
fn a_released_lock_is_free_although_a_child_has_a_share() {
    for lab in Lab::everywhere() {
        let (mut holder, _) = holder_with_a_child(&lab, "yes");
        holder.say("release");
        holder.await_point("released");
        let guard =
            brief().try_acquire(lab.target()).unwrap().acquired().expect("because it was released");
        assert!(guard.takeover().is_none(), "on {}", lab.name());
        guard.release().unwrap();
        holder.say("end");
        holder.succeed();
    }
}

/// Uses two guards after its pid has changed, as it does for a forked child.
#[test]
fn child_finds_itself_another_process() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new();
    let released = options.acquire(parent.path("RELEASED")).unwrap();
    let dropped = options.acquire(parent.path("DROPPED")).unwrap();
    parent.at("holding", "");
    parent.await_word("look");
    assert!(matches!(released.verify(), Err(VerifyError::NotHeld(NotHeld::ForeignProcess { .. }))));
    let renewed = released.renew();
    assert!(matches!(
        renewed,
        Err(RenewError::Verify(VerifyError::NotHeld(NotHeld::ForeignProcess { .. })))
    ));
    assert!(matches!(
        released.release(),
        Err(ReleaseError::NotHeld(NotHeld::ForeignProcess { .. }))
    ));
    drop(dropped);
    parent.at("left-alone", "");
    parent.await_word("end");
}

/// To fork takes unsafe code here. But all that a forked child differs in is its pid: a tracer
/// gives it another one.
#[test]
fn in_a_forked_child_a_guard_only_closes() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let (released, dropped) = (lab.join("released"), lab.join("dropped"));
    let mut child = ChildTest::new(module_path!(), "child_finds_itself_another_process")
        .var("RELEASED", &released)
        .var("DROPPED", &dropped)
        .spawn();
    child.await_point("holding");
    let before = lab.snapshot();
    let mut tracer = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=getpid", "-e", "signal=none"])
        .args(["-e", "inject=getpid:retval=4000000", "-p", &child.pid().to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut refused = false;
    testkit::wait_until(WATCHDOG, || {
        refused = tracer.try_wait().unwrap().is_some();
        refused || all_threads_are_traced(child.pid())
    });
    if refused {
        return testkit::skip("needs permission to trace a running process");
    }
    child.say("look");
    child.await_point("left-alone");
    assert_eq!(lab.snapshot(), before);
    child.say("end");
    child.succeed();
    tracer.wait().unwrap();
}

fn all_threads_are_traced(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().all(|thread| {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        !status.contains("TracerPid:\t0\n")
    })
}
