//! A command under `run` that wants the same lock works inside that hold.

use serde_json::json;

use crate::support::{DOCUMENT, Lab, WATCHDOG};
use testkit::wait_until;

#[test]
fn a_command_works_inside_the_hold_of_its_ancestor() {
    let lab = Lab::with("{\"a\":1,\"b\":2}");
    lab.write("log", "");
    let script = "\"$0\" set a 2 && \"$0\" set b.c 3 2>&1; \"$0\" unset b && \"$0\" set c -- echo 4 \
        && \"$0\" edit -- sed 's/4/5/' && \"$0\" check --fix && \"$0\" run .agentsrc.lock -- \"$0\" set d 6";
    let run = ["run", DOCUMENT, "--wait", "0", "--", "sh", "-c", script, crate::support::PROGRAM];
    let ended = lab.cli(run).env("AGENTSLOCK_WAIT", "0").run().exits(0);
    assert!(ended.out().contains("`b` is a number"), "{ended:?}");
    let value: serde_json::Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(value, json!({"a": 2, "c": 5, "d": 6}));
    lab.expect_free(DOCUMENT);
    // By another spelling of its name, too.
    let script =
        "\"$0\" append ./log 1 && \"$0\" append \"$PWD/log\" 2 && \"$0\" edit log -- sed s/1/3/";
    let run = ["run", "log", "--", "sh", "-c", script, crate::support::PROGRAM];
    lab.cli(run).env("AGENTSLOCK_WAIT", "0").run().exits(0).says_nothing();
    assert_eq!(lab.read("log"), "3\n2\n");
    lab.expect_free("log");
}

#[test]
fn commands_under_one_run_exclude_each_other() {
    let lab = Lab::with("{}");
    let count = "n=$(cat); [ \"$n\" = null ] && n=0; sleep 0.01; echo $((n + 1))";
    let script = format!(
        "for i in 1 2 3 4 5 6 7 8; do \"$0\" set s.n --wait 60 -- sh -c '{count}' & \"$0\" set s.k$i 1 --wait \
         60 & done; wait"
    );
    let run = ["run", DOCUMENT, "--", "sh", "-c", &script, crate::support::PROGRAM];
    let ended = lab.cli(run).run().exits(0);
    // On a busy machine they say that they wait.
    let is_wait = |line: &str| line.starts_with("agentslock: waiting for ");
    assert!(ended.out().is_empty() && ended.stderr.lines().all(is_wait), "{ended:?}");
    let value: serde_json::Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(value["s"]["n"], 8, "{value}");
    assert_eq!(value["s"].as_object().unwrap().len(), 9, "{value}");
}

#[test]
fn nothing_is_written_inside_a_hold_that_was_lost() {
    let lab = Lab::with("{\"a\":1}");
    let script = "\"$0\" set a -- sh -c 'mv .agentsrc.lock.lock gone; echo 2'; echo $?";
    let run = ["run", DOCUMENT, "--close", "--", "sh", "-c", script, crate::support::PROGRAM];
    let ended = lab.cli(run).run().exits(0);
    assert_eq!(ended.out(), "75\n", "{ended:?}");
    assert!(ended.stderr.contains("inside which this command runs, was lost"), "{ended:?}");
    assert_eq!(lab.document(), "{\"a\":1}");
}

#[test]
fn a_hold_that_is_over_is_not_believed() {
    let lab = Lab::with("{\"a\":1}");
    let print = ["run", DOCUMENT, "--", "sh", "-c", "printf %s \"$AGENTSLOCK_HOLDS\""];
    let holds = lab.cli(print).run().exits(0).out().to_owned();
    assert!(holds.contains(DOCUMENT), "{holds}");
    let holder = lab.hold(DOCUMENT);
    let set = lab.cli(["set", "a", "2", "--wait", "0"]).env("AGENTSLOCK_HOLDS", &holds);
    set.run().exits(75);
    holder.finish().exits(0);
    for holds in [&*holds, "nonsense", "\n \n", "run x y\n", ""] {
        lab.cli(["set", "a", "2", "--wait", "0"]).env("AGENTSLOCK_HOLDS", holds).run().exits(0);
    }
}

#[test]
fn a_command_of_a_writer_is_told_that_it_would_wait_for_itself() {
    let lab = Lab::with("{\"a\":1}");
    let before = lab.snapshot();
    for verb in [&["set", "a"][..], &["edit"]] {
        let command = ["--", "sh", "-c", "\"$0\" set b 2 --json", crate::support::PROGRAM];
        let ended = lab.cli(verb).args(command).run().exits(2);
        let _ = ended.complaint();
        let script = "\"$0\" set b 2 --json >&2; exit 1";
        let command = ["--", "sh", "-c", script, crate::support::PROGRAM];
        let ended = lab.cli(verb).args(command).run().exits(2);
        assert!(ended.stderr.contains("\"nested\""), "{ended:?}");
        assert!(ended.stderr.contains("agentslock edit"), "{ended:?}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn all_that_a_command_started_ends_if_its_lock_is_lost() {
    if !cfg!(target_os = "linux") {
        return testkit::skip("the system does not tell who started what");
    }
    let lab = Lab::new();
    // One in the background, one in a session of its own whose parent is gone, one that ignores
    // signals.
    let script = "echo $$ > pids; sleep 600 & echo $! >> pids; \
        setsid sh -c 'sleep 600 & echo $! >> pids' ; \
        rm -r t.lock; echo ready; exec sleep 600";
    let mut run = lab.cli(["run", "t", "--", "sh", "-c", script]).start();
    run.await_out("ready\n");
    wait_until(WATCHDOG, || run.has_ended());
    let ended = run.finish().exits(75);
    assert!(ended.stderr.contains("stopping the command"), "{ended:?}");
    assert!(ended.stderr.contains("the lock of `t` was lost; `sh` was stopped"), "{ended:?}");
    let pids = lab.read("pids");
    assert_eq!(pids.lines().count(), 3, "{pids}");
    for pid in pids.lines() {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} lives");
    }
}

#[test]
fn the_habits_of_flock_are_understood() {
    let lab = Lab::new();
    assert_eq!(lab.cli(["run", "t", "-c", "echo $((1 + 1))"]).run().exits(0).out(), "2\n");
    let ended = lab.cli(["run", "t", "make", "all"]).run().exits(2);
    assert!(ended.stderr.contains("agentslock run t -- make"), "{}", ended.stderr);
    let holder = lab.hold("t");
    lab.cli(["run", "t", "-n", "--", "true"]).run().exits(75);
    lab.cli(["run", "t", "-n", "-E", "9", "-c", "true"]).run().exits(9);
    lab.cli(["run", "-E", "0", "-w", "0", "t", "--", "true"]).run().exits(0);
    holder.finish().exits(0);
    // Only if the lock was not to be had.
    lab.cli(["run", "t", "-E", "9", "-c", "exit 3"]).run().exits(3);
    for arguments in
        [&["run", "t", "-c", "true", "--", "true"][..], &["run", "t", "-E", "300", "-c", "true"]]
    {
        lab.cli(arguments).run().exits(2);
    }
}
