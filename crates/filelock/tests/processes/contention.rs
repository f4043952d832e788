//! Many processes at once, none of which is hurt.

use std::time::Duration;

use filelock::LockOptions;
use testkit::{ChildTest, TestChild};

use crate::oracle::{Oracle, notes};
use crate::support::{Lab, WATCHDOG, way};

/// Fewer under Wine: see `MANY` in the other binary's `threads`.
const PROCESSES: u64 = if cfg!(windows) { 4 } else { 16 };
const ROUNDS: u64 = if cfg!(windows) { 25 } else { 100 };

#[test]
fn child_increments() {
    let Some(mut parent) = testkit::parent() else { return };
    let oracle = Oracle::new(&parent.path("NOTES"));
    let options = LockOptions::new()
        .timeout(Duration::from_secs(50))
        .environment(way(parent.var("WAY").to_str().unwrap()));
    let target = parent.path("TARGET");
    parent.await_word("go");
    for _ in 0..ROUNDS {
        let guard = options.acquire(&target).unwrap();
        oracle.under_the_lock(|| guard.verify().unwrap(), |other| panic!("{other} was inside too"));
        guard.release().unwrap();
    }
}

fn contend(way: &str) {
    for lab in Lab::everywhere() {
        let notes = notes(&lab);
        let mut children: Vec<TestChild> = (0..PROCESSES)
            .map(|_| {
                ChildTest::new(module_path!(), "child_increments")
                    .var("TARGET", lab.target())
                    .var("NOTES", &notes)
                    .var("WAY", way)
                    .spawn()
            })
            .collect();
        for child in &mut children {
            child.say("go");
        }
        for child in children {
            child.succeed();
        }
        let expected: Vec<u64> = (1..=PROCESSES * ROUNDS).collect();
        assert_eq!(Oracle::new(&notes).count(), PROCESSES * ROUNDS, "{way} on {}", lab.name());
        assert_eq!(Oracle::logged(&notes), expected, "{way} on {}", lab.name());
        assert_eq!(lab.names(), ["notes"], "{way} on {}: something was left", lab.name());
    }
}

#[cfg(unix)] // Windows has one way.
#[test]
fn processes_that_publish_exclude_each_other() {
    contend("published");
}

#[cfg(unix)] // Windows has one way.
#[test]
fn processes_that_claim_by_mkdir_exclude_each_other() {
    contend("mkdir");
}

#[test]
fn processes_that_go_by_time_exclude_each_other() {
    contend("time-based");
}

#[test]
fn child_waits_in_vain() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new().timeout(WATCHDOG * 2).on_wait({
        let reporter = parent.clone();
        let first = std::sync::Once::new();
        move |_, _| {
            first.call_once(|| reporter.at("waiting", ""));
            std::ops::ControlFlow::Continue(())
        }
    });
    let guard = options.acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    guard.release().unwrap();
}

/// How long a process's threads have been on a processor: the first number of their `schedstat`, in nanoseconds.
fn busy(pid: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let busy = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    });
    busy.sum()
}

#[cfg(target_os = "linux")] // It goes by proc(5).
#[test]
fn a_waiter_whose_holder_stays_takes_less_than_a_fiftieth_of_a_processor() {
    let name = "a_waiter_whose_holder_stays_takes_less_than_a_fiftieth_of_a_processor";
    if busy(std::process::id()).is_none() {
        return testkit::skip(name, "needs /proc/PID/schedstat");
    }
    for lab in Lab::everywhere() {
        let guard = filelock::acquire(lab.target()).unwrap();
        let mut child = ChildTest::new(module_path!(), "child_waits_in_vain")
            .var("TARGET", lab.target())
            .spawn();
        child.await_point("waiting");
        let (started, before) = (std::time::Instant::now(), busy(child.pid()).unwrap());
        // Nothing is to happen meanwhile: the time that goes by is what the claim is about.
        std::thread::sleep(Duration::from_secs(2));
        let (elapsed, after) = (started.elapsed(), busy(child.pid()).unwrap());
        let used = after.checked_sub(before).unwrap();
        println!("{}: {used:?} of {elapsed:?}", lab.name());
        assert!(used > Duration::ZERO, "it is measured");
        assert!(used * 50 < elapsed, "on {}: {used:?} of {elapsed:?}", lab.name());
        guard.release().unwrap();
        child.await_point("holding");
        child.say("release");
        child.succeed();
    }
}
