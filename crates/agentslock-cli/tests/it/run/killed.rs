//! What becomes of the lock if the wrapper is killed, and of the command if the lock is lost.

use std::fs;
use std::os::unix::process::ExitStatusExt;

use rustix::process::Signal;
use serde_json::json;
use testkit::wait_until;

use crate::support::{Lab, OtherUser, WATCHDOG, set_mode};

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

#[test]
fn a_command_that_does_not_stop_when_its_lock_is_lost_is_killed() {
    let lab = Lab::new();
    let script = "trap '' TERM; echo running; while :; do sleep 1; done";
    let mut running = lab.cli(["run", "t", "--", "sh", "-c", script]).start();
    running.await_out("running\n");
    fs::remove_dir_all(lab.join("t.lock")).unwrap();
    // 10 s until it renews, and 10 s until it kills.
    wait_until(2 * WATCHDOG, || running.has_ended());
    let ended = running.finish().exits(75);
    // The shell says of its own child that it was killed, if it lives long enough.
    let lines: Vec<_> = ended.stderr.lines().filter(|line| line.contains("agentslock")).collect();
    let [stopping, killing, lost] = lines[..] else { panic!("{lines:?}") };
    assert!(stopping.contains("stopping the command"), "{stopping}");
    assert!(killing.contains("killing it"), "{killing}");
    assert!(lost.contains("lost"), "{lost}");
}

#[test]
fn a_lock_that_cannot_be_renewed_for_a_moment_is_not_lost() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = Lab::new();
    set_mode(lab.root(), 0o777);
    let run = user.agentslock(["run", "t", "--", "cat"]).in_directory(lab.root());
    let mut running = run.open_input("running\n").start();
    running.await_out("running\n");
    let first = stamp(&lab);
    // It can no longer be looked at, which is no proof of anything.
    set_mode(lab.root(), 0o700);
    running.await_err("trying again");
    set_mode(lab.root(), 0o777);
    wait_until(WATCHDOG, || stamp(&lab) > first);
    let ended = running.finish().exits(0);
    assert_eq!(ended.stderr.lines().count(), 1, "said once: {}", ended.stderr);
    assert!(ended.stderr.contains("Permission denied"), "{}", ended.stderr);
}
