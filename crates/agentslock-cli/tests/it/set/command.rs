//! A section that goes through a command, under the lock.

use rustix::process::Signal;
use serde_json::json;

use crate::run::signals::ending;
use crate::support::{DOCUMENT, Lab, PROGRAM, Program};

const COUNT: &str = "n=$(cat); echo $((n + 1))";

#[test]
fn the_command_gets_the_value_as_it_is_spelled_or_null() {
    let lab = Lab::with("{\"s\": {\"a\" :1e0 ,\n\"a\":\"\\u00e9\" }}");
    lab.cli(["set", "s", "--", "sh", "-c", "cat > seen; echo 1"]).run().exits(0).says_nothing();
    assert_eq!(lab.read("seen"), "{\"a\" :1e0 ,\n\"a\":\"\\u00e9\" }");
    lab.cli(["set", "t", "--", "sh", "-c", "cat > seen; echo 2"]).run().exits(0);
    assert_eq!(lab.read("seen"), "null");
    assert_eq!(lab.document(), "{\n  \"s\": 1,\n  \"t\": 2\n}\n");
}

#[test]
fn what_the_command_prints_becomes_the_section() {
    let lab = Lab::with("{\"a\":\"<x>\"}\n");
    lab.cli(["set", "a", "--", "sed", "s/x/[\\\\n]/"]).run().exits(0).says_nothing();
    assert_eq!(lab.document(), "{\n  \"a\": \"\\u003c[\\n]\\u003e\"\n}\n");
    // The command's own flags are the command's.
    lab.cli(["set", "a", "--", "sh", "-c", "echo \"\\\"$*\\\"\"", "sh", "--json", "--wait"])
        .run()
        .exits(0);
    assert_eq!(lab.document(), "{\n  \"a\": \"--json --wait\"\n}\n");
}

#[test]
fn the_command_runs_under_the_lock() {
    let lab = Lab::with("{}\n");
    let script =
        "env -u AGENTSLOCK_HOLDS \"$0\" run .agentsrc.lock --wait 0 -- true 2>/dev/null; echo $?";
    lab.cli(["set", "s", "--", "sh", "-c", script, PROGRAM]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"s\": 75\n}\n");
    lab.expect_free(DOCUMENT);
}

#[test]
fn what_the_command_says_on_standard_error_is_passed_through() {
    let lab = Lab::with("{}\n");
    let ended = lab.cli(["set", "s", "--", "sh", "-c", "echo a word >&2; echo 1"]).run().exits(0);
    assert_eq!((ended.out(), &*ended.stderr), ("", "a word\n"));
}

#[test]
fn a_command_that_fails_or_prints_no_json_changes_nothing() {
    let lab = Lab::with("{ \"s\": 1 }");
    lab.write("no-program", "echo 2");
    let before = lab.snapshot();
    for (command, why) in [
        (&["sh", "-c", "echo 2; exit 3"][..], "`sh` failed (exit status: 3)"),
        (&["sh", "-c", "echo 2; kill -KILL $$"], "`sh` failed (signal: 9"),
        (&["true"], "the output of `true`, line 1, column 1: it is empty"),
        (&["echo", "2 3"], "the output of `echo`, line 1, column 3"),
        (&["echo", "{,}"], "the output of `echo`, line 1, column 2"),
        (&["./missing"], "`./missing`: No such file"),
        (&["./no-program"], "`./no-program`: Permission denied"),
        (&[".."], "`..`: Permission denied"),
    ] {
        let ended = lab.cli(["set", "s", "--"]).args(command).run().exits(2);
        let complaint = ended.complaint();
        assert!(complaint.contains(why), "{complaint}");
        let told = lab.cli(["set", "--json", "s", "--"]).args(command).run().exits(2).json();
        assert_eq!((&told["ok"], &told["error"]["message"]), (&json!(false), &json!(complaint)));
        assert_eq!(lab.snapshot(), before, "{command:?}");
        lab.expect_free(DOCUMENT);
    }
}

#[test]
fn a_command_need_not_read_what_it_gets() {
    let lab = Lab::with(format!("{{\"s\":\"{}\"}}", "x".repeat(1_000_000)));
    lab.cli(["set", "s", "--", "echo", "1"]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"s\": 1\n}\n");
}

#[test]
fn a_command_may_answer_while_it_reads() {
    let large = format!("{{\n  \"s\": \"{}\"\n}}\n", "x".repeat(1_000_000));
    let lab = Lab::with(&large);
    let before = lab.snapshot();
    let told = lab.cli(["set", "s", "--json", "--", "cat"]).run().exits(0).json();
    assert_eq!((&told["outcome"], lab.snapshot()), (&json!("unchanged"), before));
    lab.cli(["set", "s", "--", "sed", "s/x/yy/g"]).run().exits(0);
    assert_eq!(lab.document(), large.replace('x', "yy"));
}

#[test]
fn a_document_that_changes_without_its_lock_goes_through_the_command_again() {
    let lab = Lab::with("{\"s\":1}");
    // Somebody with an editor, who knows no lock.
    let edit = "echo '{\"s\":41,\"other\":true}' > edited && cat edited > .agentsrc.lock";
    let script = format!("[ -e edited ] || {{ {edit}; }}; {COUNT}");
    lab.cli(["set", "s", "--", "sh", "-c", &script]).run().exits(0).says_nothing();
    assert_eq!(lab.document(), "{\n  \"other\": true,\n  \"s\": 42\n}\n");
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_document_that_never_comes_to_rest_is_left_to_who_changes_it() {
    let lab = Lab::with("{\"s\":1}");
    let edit = "echo \"{\\\"s\\\":41,\\\"runs\\\":\\\"$(cat runs)\\\"}\" > edited";
    let script = format!("printf x >> runs; {edit}; cat edited > .agentsrc.lock; {COUNT}");
    let ended = lab.cli(["set", "s", "--", "sh", "-c", &script]).run().exits(75);
    assert!(ended.complaint().contains(DOCUMENT), "{ended:?}");
    let runs = lab.read("runs");
    assert_eq!(runs, "xxxxx", "it was tried again, as often as help says");
    assert_eq!(lab.document(), format!("{{\"s\":41,\"runs\":\"{runs}\"}}\n"));
    assert_eq!(lab.names(), [DOCUMENT, "edited", "runs"]);
}

#[test]
fn a_lock_that_is_removed_by_hand_is_taken_again() {
    let lab = Lab::with("{\"s\":1}");
    let script = format!("[ -e removed ] || mv .agentsrc.lock.lock removed; {COUNT}");
    lab.cli(["set", "s", "--", "sh", "-c", &script]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"s\": 2\n}\n");
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_lock_that_is_removed_in_each_round_is_lost_and_not_trouble() {
    let lab = Lab::with("{\"s\":1}");
    let script = format!("printf x >> runs; rm -r .agentsrc.lock.lock; {COUNT}");
    let set = || lab.cli(["set", "s", "--json", "--", "sh", "-c", &script]);
    let told = set().run().exits(75).json();
    assert_eq!(told["error"]["kind"], "lock-lost", "{told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("5 rounds") && message.contains("lock was lost"), "{message}");
    assert_eq!((lab.document(), lab.read("runs")), ("{\"s\":1}".to_owned(), "xxxxx".to_owned()));
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_lock_that_is_lost_after_the_write_is_not_to_be_tried_again() {
    if let Err(why) = testkit::strace(&[]) {
        return testkit::skip(&why);
    }
    let lab = Lab::with("{\"s\":1}");
    // The second sync is that of the directory, after the rename.
    let script = format!(
        "strace -f -qq -o trace -e trace=fsync -e inject=fsync:delay_enter=3000000:when=2 \
            \"$0\" set s 2 --json & until grep -q 2 {DOCUMENT}; do sleep 0.05; done
        rm -r {DOCUMENT}.lock; wait $!"
    );
    let told = Program::shell(&script).in_directory(lab.root()).run().exits(2).json();
    assert_eq!(told["error"]["kind"], "lost-after-write", "{told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("was written") && message.contains("`agentslock holder "), "{told}");
    assert_eq!(lab.document(), "{\n  \"s\": 2\n}\n");
}

#[test]
fn a_signal_ends_the_command_and_nothing_is_left() {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    for (name, signal, status) in ending() {
        // What the command left running is not waited for.
        let script = "sleep 20 & echo running >&2; wait; echo 2";
        let mut set = lab.cli(["set", "s", "--", "sh", "-c", script]).start();
        set.await_err("running\n");
        set.signal(signal);
        assert_eq!(set.await_end().code(), Some(status), "{name}");
        assert_eq!(lab.snapshot(), before, "{name}");
    }
}

#[test]
fn a_signal_is_an_error_to_who_reads_json() {
    let lab = Lab::with("{\"s\":1}");
    let script = "kill -TERM $PPID; exec sleep 60";
    let set = lab.cli(["set", "s", "--json", "--", "sh", "-c", script]).run().exits(143).json();
    assert_eq!((&set["ok"], &set["error"]["kind"]), (&false.into(), &"interrupted".into()));
    let quiet = lab.cli(["set", "s", "--", "sh", "-c", script]).run().exits(143);
    quiet.says_nothing();
}

#[test]
fn a_command_that_does_not_stop_for_a_signal_is_killed() {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    let script = "trap '' TERM; echo running >&2; for i in 1 2 3 4 5 6 7 8 9; do sleep 2; done";
    let mut set = lab.cli(["set", "s", "--", "sh", "-c", script]).start();
    set.await_err("running\n");
    set.signal(Signal::TERM);
    assert_eq!(set.await_end().code(), Some(143));
    assert_eq!(lab.snapshot(), before);
}

/// It has printed all that it prints, but is not done.
#[test]
fn a_signal_ends_a_command_that_has_closed_its_output() {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    for then in ["exec sleep 60", "kill -STOP $$"] {
        let script = format!("echo 2; exec >&-; sleep 0.2; echo closed >&2; {then}");
        let mut set = lab.cli(["set", "s", "--", "sh", "-c", &script]).start();
        set.await_err("closed\n");
        set.signal(Signal::TERM);
        assert_eq!(set.await_end().code(), Some(143), "{then}");
        assert_eq!(lab.snapshot(), before, "{then}");
    }
}

#[test]
fn the_lock_is_renewed_until_a_command_ends_that_has_closed_its_output() {
    let lab = Lab::with("{\"s\":1}");
    let script = "echo 2; exec >&-; mv .agentsrc.lock.lock lost; exec sleep 60";
    // It shows at the next renewal.
    let set = lab.cli(["set", "s", "--json", "--", "sh", "-c", script]).run().exits(75);
    assert_eq!(set.out().matches("\"lock-lost\"").count(), 1, "{set:?}");
    assert_eq!(lab.document(), "{\"s\":1}");
}
