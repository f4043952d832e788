//! Flags that all verbs share, before and after the verb, and the variables that stand for them.

use serde_json::json;

use crate::support::{DOCUMENT, Lab};

#[test]
fn a_flag_of_all_verbs_stands_before_or_after_the_verb() {
    let lab = Lab::with("{\"s\":1}");
    lab.write("other", "{\"s\":2}");
    for arguments in [["--file", "other", "show", "s"], ["show", "s", "--file", "other"]] {
        assert_eq!(lab.cli(arguments).run().exits(0).out(), "2\n");
    }
    for arguments in [["--json", "show", "s"], ["show", "--json", "s"], ["show", "s", "--json"]] {
        assert_eq!(lab.cli(arguments).run().exits(0).json()["value"], json!(1));
    }
    let holder = lab.hold("log");
    for arguments in [["--wait", "0", "append", "log", "{}"], ["append", "-w", "0", "log", "{}"]] {
        lab.cli(arguments).run().exits(75);
    }
    holder.finish().exits(0);
}

#[test]
fn each_verb_takes_the_flags_of_a_wrapper() {
    let lab = Lab::with("{\n  \"s\": 1\n}\n");
    let flags = ["--json", "--wait", "3", "--color", "never", "-q"];
    for (verb, status) in [
        (&["show"][..], 0),
        (&["set", "s"], 0),
        (&["check"], 0),
        (&["diff", DOCUMENT], 0),
        (&["holder", "log"], 1),
        (&["append", "log", "{}"], 0),
        (&["run", "log", "--", "true"], 0),
    ] {
        lab.cli(flags).args(verb).input("2").run().exits(status);
    }
}

#[test]
fn the_environment_stands_for_flags_that_are_not_given() {
    let lab = Lab::with("{\"s\":1}");
    lab.write("other", "{\"s\":2}");
    let show = |flags: &[&str]| lab.cli(["show", "s"]).args(flags).env("AGENTSLOCK_FILE", "other");
    assert_eq!(show(&[]).run().exits(0).out(), "2\n");
    assert_eq!(show(&["--file", DOCUMENT]).run().exits(0).out(), "1\n");
    assert_eq!(show(&[]).env("AGENTSLOCK_JSON", "1").run().exits(0).json()["value"], json!(2));
    for no in ["", "0"] {
        assert_eq!(show(&[]).env("AGENTSLOCK_JSON", no).run().exits(0).out(), "2\n");
    }
    // Of verbs that take a file as an argument.
    lab.cli(["append", "log", "{}"]).env("AGENTSLOCK_FILE", "other").run().exits(0);
    assert_eq!(lab.read("other"), "{\"s\":2}");
    let holder = lab.hold("log");
    let append = lab.cli(["append", "log", "{}"]).env("AGENTSLOCK_WAIT", "0");
    append.run().exits(75);
    holder.finish().exits(0);
}

#[test]
fn a_variable_that_means_nothing_is_named() {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    let set = lab.cli(["set", "s"]).input("2").env("AGENTSLOCK_WAIT", "soon").run().exits(2);
    assert!(set.stderr.contains("AGENTSLOCK_WAIT is `soon`"), "{}", set.stderr);
    assert!(set.stderr.contains("nothing was done"), "{}", set.stderr);
    let told = lab.cli(["show"]).env("AGENTSLOCK_WAIT", "soon").env("AGENTSLOCK_JSON", "1");
    assert_eq!(told.run().exits(2).json()["error"]["kind"], "usage");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_wait_for_ever_ends_with_the_holder() {
    let lab = Lab::new();
    let holder = lab.hold("log");
    let mut append = lab.cli(["append", "log", "{}", "--wait", "forever"]).start();
    append.await_err("waiting for process");
    holder.finish().exits(0);
    let ended = append.finish().exits(0);
    assert!(!ended.stderr.contains("giving up"), "{}", ended.stderr);
    assert_eq!(lab.read("log"), "{}\n");
}
