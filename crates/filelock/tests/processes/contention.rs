//! Many processes at once, none of which is hurt.

use std::time::Duration;

use filelock::LockOptions;
use testkit::{ChildTest, TestChild};

use crate::support::{Lab, way};
use crate::trail::{Trail, notes};

/// Fewer under Wine: see `MANY` in the other binary's `threads`.
const PROCESSES: u64 = if cfg!(windows) { 4 } else { 16 };
const ROUNDS: u64 = if cfg!(windows) { 25 } else { 100 };

#[test]
fn child_increments() {
    let Some(mut parent) = testkit::parent() else { return };
    let trail = Trail::open(&parent.path("NOTES"));
    let options = LockOptions::new()
        .timeout(Duration::from_secs(50))
        .environment(way(parent.var("WAY").to_str().unwrap()));
    let target = parent.path("TARGET");
    parent.await_word("go");
    for _ in 0..ROUNDS {
        let guard = options.acquire(&target).unwrap();
        trail.under_the_lock(|| guard.verify().unwrap());
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
        assert_eq!(Trail::open(&notes).count(), PROCESSES * ROUNDS, "{way} on {}", lab.name());
        assert_eq!(Trail::logged(&notes), expected, "{way} on {}", lab.name());
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
    contend("in-place");
}

#[test]
fn processes_that_go_by_time_exclude_each_other() {
    contend("by-time");
}
