//! What becomes of the lock if the wrapper is killed, and of the command if the lock is lost.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;
use serde_json::json;
use testkit::wait_until;

use crate::support::{Lab, WATCHDOG};

#[test]
fn if_only_the_wrapper_is_killed_the_lock_lives_as_long_as_the_command() {
    let lab = Lab::new();
    let mut wrapper = lab.hold("t");
    wrapper.signal(Signal::KILL);
    assert_eq!(wrapper.await_end().signal(), Some(9));
    lab.expect_held("t");
    // By the clock it would expire after 30 s, not in the time that a next one waits by default.
    let waiter = lab.cli(["run", "t", "--wait", "10", "--", "echo", "next"]).start();
    wait_until(WATCHDOG, || lab.names().iter().any(|name| name.contains(".prep-")));
    // The command ends.
    let ended = wrapper.finish();
    assert_eq!(ended.out(), "running\n");
    assert_eq!(waiter.finish().exits(0).out(), "next\n");
    lab.expect_free("t");
}

#[test]
fn with_close_the_lock_dies_with_the_wrapper() {
    let lab = Lab::new();
    let mut wrapper = lab.hold_with("t", &["--close"]);
    lab.expect_held("t");
    wrapper.signal(Signal::KILL);
    assert_eq!(wrapper.await_end().signal(), Some(9));
    // The command still runs: it has not seen the end of its input.
    let next = lab.cli(["run", "t", "--wait", "0", "--", "echo", "next"]).run().exits(0);
    assert_eq!(next.out(), "next\n");
    lab.expect_free("t");
    wrapper.finish();
}

#[test]
fn what_the_command_left_running_does_not_hold_the_lock() {
    let lab = Lab::new();
    let script = "exec 3<&0; cat <&3 & echo running";
    let mut running = lab.cli(["run", "t", "--", "sh", "-c", script]).open_input("").start();
    assert!(running.await_end().success(), "the wrapper waits for the command alone");
    lab.expect_free("t");
    running.finish();
}

/// What the record says about when the lock was taken or renewed.
fn stamp(lab: &Lab) -> String {
    let record = lab.read("t.lock/holder");
    record.lines().nth(1).unwrap().to_owned()
}

#[test]
fn a_lock_that_is_held_for_long_is_renewed() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let first = stamp(&lab);
    // Peers that go by the clock take it after 30 s.
    wait_until(WATCHDOG, || stamp(&lab) > first);
    holder.finish().exits(0);
    lab.expect_free("t");
}

#[test]
fn a_command_whose_lock_is_lost_is_asked_to_stop() {
    let lab = Lab::new();
    let mut holder = lab.hold_with("t", &["--json"]);
    fs::rename(lab.join("t.lock"), lab.join("taken")).unwrap();
    // It shows at the next renewal.
    holder.await_end();
    let ended = holder.finish().exits(75);
    let told: serde_json::Value =
        serde_json::from_str(ended.out().strip_prefix("running\n").unwrap()).unwrap();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("lock-lost")));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("lost") && ended.stderr.contains("stopping"), "{}", ended.stderr);
}
