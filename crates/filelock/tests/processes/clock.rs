//! A wall clock that jumps, as after a machine slept: while one waits, and while one holds.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use filelock::testing::Way;
use filelock::{Liveness, LockOptions, RENEW_EVERY};
use testkit::{ChildTest, FakeTime, TestChild, skip, wait_until};

use crate::support::{Lab, SECOND, WATCHDOG, now, record, way};

/// A clock for children, kept outside of the lab; if there can be one.
#[track_caller]
fn fake_time(outside: &Lab) -> Option<FakeTime> {
    FakeTime::new(outside.join("time")).inspect_err(|why| skip(why)).ok()
}

/// Waits for a lock that only the clock can judge, and reports each other verdict.
#[test]
fn child_waits_by_the_clock() {
    let Some(mut parent) = testkit::parent() else { return };
    let reporter = parent.clone();
    let options = LockOptions::new()
        .timeout(WATCHDOG)
        .ttl(Duration::from_secs(parent.number("TTL")))
        .environment(Way::ByTime.into())
        .on_wait(move |_, holder| {
            let verdict = match holder.map(filelock::Holder::liveness) {
                Some(Liveness::Expires { .. }) => "alive",
                Some(Liveness::Expired) => "expired",
                _ => "other",
            };
            reporter.at(verdict, "");
            ControlFlow::Continue(())
        });
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    parent.at("acquired", if guard.takeover().is_some() { "taken over" } else { "released" });
    parent.await_word("release");
    guard.release().unwrap();
}

fn waiting(ttl: u64, time: &FakeTime, lab: &Lab) -> TestChild {
    let mut child = ChildTest::new(module_path!(), "child_waits_by_the_clock")
        .through(time.wrapper())
        .var("TARGET", lab.target())
        .var("TTL", ttl.to_string())
        .spawn();
    child.await_point("alive");
    child
}

/// Before the holder renews, each look finds it expired. None of them is acted on.
#[test]
fn a_waiter_that_slept_lets_a_living_holder_renew_first() {
    let (lab, outside) = (Lab::new(), Lab::new());
    let Some(time) = fake_time(&outside) else { return };
    lab.occupy(Some(&record(now(), "token\n")));
    let mut child = waiting(30, &time, &lab);
    time.set_ahead(60);
    for _ in 0..5 {
        child.await_point("expired");
    }
    std::fs::write(lab.holder(), record(now() + 60 * SECOND, "token\n")).unwrap();
    child.await_point("alive");
    std::fs::remove_dir_all(lab.lock()).unwrap();
    assert_eq!(child.await_point("acquired"), "released");
    child.say("release");
    child.succeed();
    assert_eq!(lab.names(), [""; 0]);
}

/// A holder that does not come back with its machine is gone.
#[test]
fn a_waiter_that_slept_replaces_a_holder_that_renews_no_more() {
    const TTL: u64 = 6;
    let (lab, outside) = (Lab::new(), Lab::new());
    let Some(time) = fake_time(&outside) else { return };
    // From the future, but not too far: on a busy machine it is long until the child waits.
    let stamp = now() + i64::try_from(TTL - 1).unwrap() * SECOND;
    lab.occupy(Some(&record(stamp, "token\n")));
    let mut child = waiting(TTL, &time, &lab);
    let slept = Instant::now();
    time.set_ahead(60);
    assert_eq!(child.await_point("acquired"), "taken over");
    let left_alone = Duration::from_secs(TTL / 2);
    assert!(slept.elapsed() >= left_alone, "after {:?}", slept.elapsed());
    child.say("release");
    child.succeed();
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn child_keeps_a_lock_renewed() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new().environment(way("by-time"));
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    let guard = guard.keep_renewed(|lost| panic!("{lost}")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    guard.release().unwrap();
}

#[test]
fn a_lock_that_is_kept_renewed_is_renewed_as_soon_as_the_machine_wakes_up() {
    let (lab, outside) = (Lab::new(), Lab::new());
    let Some(time) = fake_time(&outside) else { return };
    let mut child = ChildTest::new(module_path!(), "child_keeps_a_lock_renewed")
        .through(time.wrapper())
        .var("TARGET", lab.target())
        .spawn();
    child.await_point("holding");
    let stamp = || {
        let record = std::fs::read_to_string(lab.holder()).unwrap();
        record.lines().nth(1).unwrap().parse::<i64>().unwrap()
    };
    let first = stamp();
    let slept = Instant::now();
    time.set_ahead(60);
    wait_until(WATCHDOG, || stamp() > first + 50 * SECOND);
    // Of the interval after which the lock is renewed anyway, most must be left.
    assert!(slept.elapsed() < RENEW_EVERY / 2, "after {:?}", slept.elapsed());
    child.say("release");
    child.succeed();
    assert_eq!(lab.names(), [""; 0]);
}
