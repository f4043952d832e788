//! Holders that are stopped in the middle, as by SIGSTOP, a debugger, or a machine that sleeps.

use std::time::Duration;

use filelock::testing::{Environment, Way};
use filelock::{
    AcquireError, Liveness, LockOptions, NotHeld, ReleaseError, RenewError, VerifyError,
};
use testkit::{ChildTest, TestChild};

use crate::support::{Lab, WATCHDOG};

fn environment(time_based: bool) -> Environment {
    Environment { way: time_based.then_some(Way::ByTime), ..Environment::default() }
}

#[test]
fn child_holds_and_then_looks() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new().environment(environment(parent.number("TIME_BASED") == 1));
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("look");
    parent.at(
        "verify",
        told(matches!(guard.verify(), Err(VerifyError::NotHeld(NotHeld::Lost { .. })))),
    );
    let renewed = guard.renew();
    let lost =
        matches!(renewed, Err(RenewError::Verify(VerifyError::NotHeld(NotHeld::Lost { .. }))));
    parent.at("renew", told(lost));
    parent.at(
        "release",
        told(matches!(guard.release(), Err(ReleaseError::NotHeld(NotHeld::Lost { .. })))),
    );
}

fn told(lost: bool) -> &'static str {
    if lost { "lost" } else { "held" }
}

fn stopped_holder(lab: &Lab, time_based: bool) -> TestChild {
    let mut child = ChildTest::new(module_path!(), "child_holds_and_then_looks")
        .var("TARGET", lab.target())
        .var("TIME_BASED", u8::from(time_based).to_string())
        .spawn();
    child.await_point("holding");
    child.stop();
    child
}

fn resume_and_ask(mut child: TestChild) -> [String; 3] {
    child.resume();
    child.say("look");
    let answers = ["verify", "renew", "release"].map(|point| child.await_point(point));
    child.succeed();
    answers
}

const TTL: Duration = Duration::from_millis(150);

#[test]
fn a_stopped_holder_that_the_kernel_vouches_for_keeps_its_lock() {
    for lab in Lab::everywhere() {
        let child = stopped_holder(&lab, false);
        // Past the TTL, and looking all the time.
        let options = LockOptions::new().ttl(TTL).grace(TTL).timeout(TTL * 3);
        match options.acquire(lab.target()) {
            Err(AcquireError::Timeout { holder: Some(holder), .. }) => {
                assert_eq!(*holder.liveness(), Liveness::Running);
                assert_eq!(holder.pid(), Some(child.pid()));
                assert!(holder.age().unwrap() > TTL, "{holder:?}");
            }
            other => panic!("a stopped holder was replaced: {other:?}"),
        }
        assert_eq!(resume_and_ask(child), ["held", "held", "held"], "on {}", lab.name());
        assert_eq!(lab.names(), [""; 0]);
    }
}

#[test]
fn a_stopped_holder_that_goes_by_time_is_replaced_and_learns_it() {
    for lab in Lab::everywhere() {
        let child = stopped_holder(&lab, true);
        let options =
            LockOptions::new().ttl(TTL).grace(TTL).timeout(WATCHDOG).environment(environment(true));
        let guard = options.acquire(lab.target()).unwrap();
        let previous = guard.takeover().expect("because the stopped one was replaced");
        assert_eq!((previous.pid(), previous.liveness()), (Some(child.pid()), &Liveness::Expired));

        let before = lab.snapshot();
        assert_eq!(resume_and_ask(child), ["lost", "lost", "lost"], "on {}", lab.name());
        assert_eq!(lab.snapshot(), before, "the victim touched its successor's lock");
        guard.release().unwrap();
        assert_eq!(lab.names(), [""; 0]);
    }
}

/// A stopped waiter holds an OS lock too, on its preparation. That is nobody's business.
#[test]
fn a_stopped_waiter_hinders_nobody() {
    for lab in Lab::everywhere() {
        let guard = filelock::acquire(lab.target()).unwrap();
        let mut child = ChildTest::new(module_path!(), "child_waits_and_holds")
            .var("TARGET", lab.target())
            .spawn();
        child.await_point("waiting");
        child.stop();
        guard.release().unwrap();
        for _ in 0..20 {
            let guard = LockOptions::new().try_acquire(lab.target()).unwrap().acquired();
            guard.expect("because the stopped one does not hold it").release().unwrap();
        }
        child.resume();
        child.await_point("holding");
        assert!(
            filelock::try_acquire(lab.target()).unwrap().acquired().is_none(),
            "on {}",
            lab.name()
        );
        child.say("release");
        child.succeed();
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

#[test]
fn child_waits_and_holds() {
    let Some(mut parent) = testkit::parent() else { return };
    let reporter = parent.clone();
    let options = LockOptions::new().timeout(WATCHDOG).on_wait(move |_, _| {
        reporter.at("waiting", "");
        std::ops::ControlFlow::Continue(())
    });
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    guard.release().unwrap();
}
