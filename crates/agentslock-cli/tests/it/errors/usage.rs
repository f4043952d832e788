//! The command line: what is not understood is refused, before anything is done.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::{DIGEST, DOCUMENT, Ended, Lab};

/// Asserts that it was refused for its arguments, with a hint at how to call it.
#[track_caller]
fn expect_usage_error(ended: Ended) -> Ended {
    let ended = ended.exits(2);
    assert_eq!(ended.out(), "");
    assert!(ended.stderr.contains("Usage: agentslock"), "{}", ended.stderr);
    ended
}

#[track_caller]
fn expect_refused(arguments: &[&str]) {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    expect_usage_error(lab.cli(arguments).input("2").run());
    assert_eq!(lab.snapshot(), before, "{arguments:?}");
}

#[test]
fn an_unknown_verb_or_flag_is_refused() {
    expect_refused(&["frobnicate"]);
    expect_refused(&["--unknown"]);
    for verb in [&["show"][..], &["set", "s"], &["append", "log", "{}"]] {
        for flag in ["--unknown", "-x", "--fil"] {
            expect_refused(&[verb, &[flag]].concat());
        }
    }
    expect_refused(&["run", "t", "--unknown", "--", "sh", "-c", ": > ran"]);
}

#[test]
fn a_flag_that_a_verb_has_no_use_for_is_refused() {
    for arguments in [
        &["show", "--remove"][..],
        &["show", "--close"],
        &["show", "--inputs-digest", DIGEST],
        &["set", "s", "--close"],
        &["run", "t", "--file", "x", "--", "sh", "-c", ": > ran"],
        &["run", "t", "--remove", "--", "sh", "-c", ": > ran"],
        &["run", "t", "--inputs-digest", DIGEST, "--", "sh", "-c", ": > ran"],
        &["append", "log", "{}", "--file", "x"],
        &["append", "log", "{}", "--close"],
        &["append", "log", "{}", "--remove"],
        &["show", "--dry-run"],
        &["run", "t", "--dry-run", "--", "sh", "-c", ": > ran"],
        &["run", "t", "-n", "--wait", "1", "--", "sh", "-c", ": > ran"],
        &["holder", "t", "--file", "x"],
        &["diff", "a", "b", "--dry-run"],
        &["check", "--remove"],
        &["check", "--dry-run"],
        &["check", "other"],
        &["append", "log", "--", "{}", "{}"],
    ] {
        expect_refused(arguments);
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    for arguments in [
        &["set"][..],
        &["set", "--remove"],
        &["set", "--", "echo", "2"],
        &["set", "--inputs-digest", DIGEST, "--remove"],
        &["set", "--inputs-digest", DIGEST, "--", "echo", "2"],
        &["run"],
        &["run", "t"],
        &["run", "t", "--"],
        &["run", "--", "true"],
        &["append"],
        &["holder"],
        // Nothing that would be freed anyway.
        &["holder", "t", "--dry-run"],
        // A command stands after `--`, so that its flags are its own.
        &["run", "t", "true"],
    ] {
        expect_refused(arguments);
    }
    let lab = Lab::new();
    for arguments in [
        &["show", "--file"][..],
        &["set", "s", "--wait"],
        &["set", "--inputs-digest"],
        &["run", "", "--", "true"],
        &["append", "", "{}"],
    ] {
        let ended = lab.cli(arguments).run().exits(2);
        assert!(ended.stderr.contains("a value is required"), "{}", ended.stderr);
    }
    expect_usage_error(lab.cli([""; 0]).run());
}

#[test]
fn two_sources_for_one_value_are_refused() {
    for arguments in [
        &["set", "s", "value", "--remove"][..],
        &["set", "s", "value", "--", "echo", "2"],
        &["set", "s", "-", "--", "echo", "2"],
        &["set", "s", "--remove", "--", "echo", "2"],
        &["set", "s", "value", "other"],
        &["append", "log", "{}", "{}"],
        &["set", "s", "-q", "-v"],
        &["append", "log", "{}", "-q", "-v"],
        &["run", "t", "-q", "-v", "--", "sh", "-c", ": > ran"],
        &["diff", "a", "b", "-q", "-v"],
        &["diff", "a", "b", "--file", "c"],
        &["show", "s", "e"],
        &["show", "--file", "a", "--file", "b"],
        &["set", "s", "--wait", "1", "--wait", "2"],
    ] {
        expect_refused(arguments);
    }
}

#[test]
fn a_wait_that_is_no_time_is_refused() {
    let lab = Lab::with("{}");
    let before = lab.snapshot();
    for wait in
        ["-1", "-0.001", "nan", "inf", "-inf", "1e400", "1e20", "", " 1", "1d", "0x1", "5,5"]
    {
        let flag = format!("--wait={wait}");
        for verb in [&["set", "s"][..], &["append", "log", "{}"], &["run", "t"]] {
            let command = if verb[0] == "run" { &["--", "sh", "-c", ": > ran"][..] } else { &[] };
            for flags in [&[&*flag][..], &["--wait", wait]] {
                let arguments = [verb, flags, command].concat();
                let ended = lab.cli(&arguments).input("2").run().exits(2);
                assert!(ended.stderr.contains("error: "), "{arguments:?}: {}", ended.stderr);
            }
        }
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_wait_that_is_a_time_is_taken() {
    let lab = Lab::new();
    for wait in ["0", "-0", "0.0", "1", ".5", "1e-300", "1e3", "1e19", "+2", "500ms", "5m", "2h"] {
        lab.cli(["run", "t", &format!("--wait={wait}"), "--", "true"])
            .run()
            .exits(0)
            .says_nothing();
    }
}

#[test]
fn a_section_that_is_not_utf_8_is_refused() {
    let lab = Lab::with("{}");
    let before = lab.snapshot();
    for verb in ["show", "set"] {
        let ended = lab.cli([verb]).args([OsStr::from_bytes(b"\xff")]).input("2").run().exits(2);
        assert!(ended.stderr.contains("UTF-8"), "{}", ended.stderr);
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn json_tells_of_usage_errors_too() {
    let lab = Lab::with("{}");
    for arguments in [&["show", "--json", "--unknown"][..], &["set", "--json"]] {
        assert_eq!(lab.cli(arguments).run().exits(2).json()["ok"], false);
    }
}

#[test]
fn help_is_no_error_and_has_an_example_for_each_verb() {
    let lab = Lab::new();
    let help = |arguments: &[&str]| {
        let ended = lab.cli(arguments).run().exits(0);
        assert_eq!(ended.stderr, "");
        ended.out().to_owned()
    };
    let overview = help(&["--help"]);
    assert!(overview.contains("75"), "the exit status is explained\n{overview}");
    for verb in [
        "show",
        "set",
        "unset",
        "edit",
        "doctor",
        "init",
        "completions",
        "man",
        "check",
        "diff",
        "merge",
        "run",
        "holder",
        "append",
    ] {
        assert!(overview.contains(&format!("\n  {verb} ")), "{overview}");
        for arguments in [[verb, "--help"], ["help", verb]] {
            let text = help(&arguments);
            let (_, example) = text.split_once("Example:\n").expect("because each has one");
            assert!(example.contains(&format!("agentslock {verb} ")), "{text}");
        }
    }
    assert!(help(&["--version"]).starts_with("agentslock "));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_verb_that_was_refused_has_not_looked_for_its_document() {
    let lab = Lab::with("not JSON");
    let ended = expect_usage_error(lab.cli(["show", "--unknown"]).run());
    assert!(!ended.stderr.contains(DOCUMENT), "{}", ended.stderr);
}
