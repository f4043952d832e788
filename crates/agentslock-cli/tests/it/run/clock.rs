//! A command whose lock is renewed although the machine slept, or the command was stopped.

use std::path::Path;
use std::time::Instant;

use filelock::RENEW_EVERY;
use rustix::process::{Pid, Signal, kill_process};
use testkit::{FakeTime, skip, wait_until};

use crate::support::{Lab, WATCHDOG};

/// The stamp of the record of `t`.
fn stamp(lab: &Lab) -> u128 {
    let record = lab.read("t.lock/holder");
    record.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[test]
fn after_the_machine_slept_the_lock_is_renewed_at_once() {
    let lab = Lab::new();
    let time = match FakeTime::new(lab.join("time")) {
        Ok(time) => time,
        Err(why) => return skip(&why),
    };
    let mut holder = time
        .variables()
        .into_iter()
        .fold(lab.cli(["run", "t", "--", "sh", "-c", "echo running; cat"]), |cli, (name, value)| {
            cli.env(name, value)
        })
        .open_input("")
        .start();
    holder.await_out("running\n");
    let first = stamp(&lab);
    let slept = Instant::now();
    // A minute passes on the wall clock, and none on the monotonic one: as if the lid was closed.
    time.set_ahead(60);
    wait_until(WATCHDOG, || stamp(&lab) > first + 50_000_000_000);
    // Of the interval after which the lock is renewed anyway, most must be left.
    assert!(slept.elapsed() < RENEW_EVERY, "after {:?}", slept.elapsed());
    holder.finish().exits(0);
    lab.expect_free("t");
}

#[test]
fn a_command_that_was_stopped_and_continued_still_gets_signals() {
    let lab = Lab::new();
    let script = "trap 'echo caught; exit 7' TERM; exec 3<&0; cat <&3 & echo $$; wait";
    let mut running = lab.cli(["run", "t", "--", "sh", "-c", script]).open_input("").start();
    let children = format!("/proc/{}/task/{0}/children", running.pid());
    if !Path::new(&children).exists() {
        skip("no /proc/PID/task/TID/children");
        return;
    }
    let child = || {
        let text = std::fs::read_to_string(&children).unwrap();
        text.split_whitespace().next().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)
    };
    wait_until(WATCHDOG, || child().is_some());
    let command = child().unwrap();
    running.await_out(&format!("{}\n", command.as_raw_nonzero()));
    kill_process(command, Signal::STOP).unwrap();
    let status = format!("/proc/{}/status", command.as_raw_nonzero());
    wait_until(WATCHDOG, || std::fs::read_to_string(&status).unwrap().contains("State:\tT"));
    kill_process(command, Signal::CONT).unwrap();
    running.signal(Signal::TERM);
    running.await_out("caught\n");
    running.finish().exits(7);
    lab.expect_free("t");
}
