//! Waiting for a lock: how long, what is said meanwhile, and how it ends. The same for all verbs
//! that take one.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{DOCUMENT, Lab};

/// Each verb that takes the lock of the document.
const VERBS: [&[&str]; 5] = [
    &["run", DOCUMENT, "--"],
    &["append", DOCUMENT, "{}"],
    &["set", "s", "-"],
    &["set", "s", "--remove"],
    &["set", "s", "--"],
];

/// The arguments of `verb` with these flags among them, and a command where it takes one.
fn arguments<'a>(verb: &[&'a str], flags: &[&'a str]) -> Vec<&'a str> {
    let (before, after) = match verb.split_last() {
        Some((&"--", before)) => (before, &["--", "echo", "2"][..]),
        _ => (verb, &[][..]),
    };
    [before, flags, after].concat()
}

#[test]
fn a_held_lock_is_75_and_the_holder_is_named() {
    let lab = Lab::with("{\"s\":1}");
    let holder = lab.hold(DOCUMENT);
    let before = lab.snapshot_but_record(DOCUMENT);
    let named = format!("process {},", holder.pid());
    for verb in VERBS {
        for wait in ["--wait=0", "--wait=0.05"] {
            let ended = lab.cli(arguments(verb, &[wait])).input("2").run().exits(75);
            let complaint = ended.complaint();
            assert!(complaint.contains(&named) && complaint.contains(DOCUMENT), "{complaint}");
            let told =
                lab.cli(arguments(verb, &[wait, "--json"])).input("2").run().exits(75).json();
            assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("locked")));
            let message = told["error"]["message"].as_str().unwrap();
            assert!(message.contains(&named), "{message}");
            assert!(told["path"].as_str().unwrap().ends_with(DOCUMENT), "{told}");
        }
    }
    assert_eq!(lab.snapshot_but_record(DOCUMENT), before, "nothing written, nothing left");
    holder.finish().exits(0);
    lab.expect_free(DOCUMENT);
}

#[test]
fn one_try_does_not_wait() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    // The default is 5 s, and the holder would never let go.
    let started = Instant::now();
    lab.cli(["run", "t", "--wait", "0", "--", "true"]).run().exits(75);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    holder.finish().exits(0);
}

#[test]
fn a_timeout_is_waited_out() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let started = Instant::now();
    let ended = lab.cli(["run", "t", "--wait", "0.5", "--", "true"]).run().exits(75);
    assert!(started.elapsed() >= Duration::from_millis(500), "{:?}", started.elapsed());
    assert!(ended.complaint().contains("gave up"), "{ended:?}");
    holder.finish().exits(0);
}

#[test]
fn after_a_second_one_line_says_who_is_waited_for() {
    let lab = Lab::with("{\"s\":1}");
    let holder = lab.hold(DOCUMENT);
    let started = Instant::now();
    let waiters = VERBS.map(|verb| lab.cli(arguments(verb, &["--wait", "2.2"])).input("2").start());
    for mut waiter in waiters {
        waiter.await_err("waiting");
        assert!(started.elapsed() >= Duration::from_secs(1), "silent at first");
        let ended = waiter.finish().exits(75);
        let lines: Vec<_> = ended.stderr.lines().collect();
        let [waiting, gave_up] = lines[..] else { panic!("{lines:?}") };
        for part in [DOCUMENT, &format!("process {} (agentslock run", holder.pid()), "giving up in"]
        {
            assert!(waiting.contains(part), "{waiting}");
        }
        assert!(gave_up.contains("gave up"), "{gave_up}");
        assert_eq!(ended.out(), "");
    }
    holder.finish().exits(0);
}

#[test]
fn who_waits_gets_the_lock_when_it_is_free() {
    let lab = Lab::with("{\"s\":1}");
    let holder = lab.hold(DOCUMENT);
    let set = ["set", "s", "--wait", "100", "--", "sed", "s/1/2/"];
    let mut waiters = vec![lab.cli(set).start()];
    waiters.push(lab.cli(["run", DOCUMENT, "--wait", "1e19", "--", "echo", "ran"]).start());
    for waiter in &mut waiters {
        waiter.await_err("waiting");
        assert!(!waiter.has_ended());
    }
    assert_eq!(lab.document(), "{\"s\":1}");
    holder.finish().exits(0);
    let ran = waiters.pop().unwrap().finish().exits(0);
    assert_eq!((ran.out(), ran.stderr.lines().count()), ("ran\n", 1));
    waiters.pop().unwrap().finish().exits(0);
    assert_eq!(lab.document(), "{\n  \"s\": 2\n}\n");
    lab.expect_free(DOCUMENT);
}

#[test]
fn bad_input_is_found_before_the_lock_is_waited_for() {
    let lab = Lab::with("{}");
    let holder = lab.hold(DOCUMENT);
    for verb in [&["set", "s", "-"][..], &["append", DOCUMENT]] {
        lab.cli(verb).args(["--wait", "1000"]).input("not JSON").run().exits(2).complaint();
    }
    holder.finish().exits(0);
}
