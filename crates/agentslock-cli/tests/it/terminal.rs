//! On a terminal: a verb that waits for input says so, and `init` asks.

use crate::merge::repo::has_git;
use crate::support::{DOCUMENT, Lab};

#[test]
fn a_verb_that_waits_for_input_says_so_and_how_to_end_it() {
    let lab = Lab::with("{}\n");
    for (verb, typed, name, expected) in [
        ("append log", "{\"n\": 1}\n\x04", "log", "{\"n\":1}\n"),
        ("set counters", "7\n\x04", DOCUMENT, "{\n  \"counters\": 7\n}\n"),
        ("check --declared -", "\x04", DOCUMENT, "{\n  \"counters\": 7\n}\n"),
    ] {
        let Some(program) = lab.in_terminal(&format!("\"$0\" {verb}")) else { return };
        let mut running = program.start();
        running.await_out("reading from the terminal; end the input with ctrl-D");
        running.type_in(typed);
        running.finish().exits(0);
        assert_eq!(lab.read(name), expected, "{verb}");
    }
    // What is not a terminal is not announced, nor with --quiet.
    lab.cli(["append", "log"]).input("2").run().exits(0).says_nothing();
    let Some(program) = lab.in_terminal("echo on; \"$0\" append log -q") else { return };
    let mut running = program.start();
    running.await_out("on");
    running.type_in("3\n\x04");
    let ended = running.finish().exits(0);
    assert!(!ended.out().contains("reading"), "{ended:?}");
    assert_eq!(lab.read("log"), "{\"n\":1}\n2\n3\n");
}

#[test]
fn init_asks_about_each_step_and_does_what_is_answered() {
    if !has_git() {
        return;
    }
    let lab = Lab::new();
    let run = |script: &str, answers: [&str; 4]| {
        let mut running = lab.in_terminal(script)?.start();
        let questions =
            ["a first document", "ignore lines", "the merge driver", "a pre-commit hook"];
        for (question, answer) in questions.iter().zip(answers) {
            running.await_out(question);
            running.type_in(answer);
        }
        Some(running.finish())
    };
    let script = "unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE; git init -q . && \"$0\" init";
    let Some(ended) = run(script, ["yes\n", "y\n", "no\n", "\n"]) else { return };
    ended.exits(0);
    assert_eq!(lab.document(), "{\n  \"lock_version\": 1\n}\n");
    assert!(lab.read(".gitignore").contains("*.lock/"));
    assert!(!lab.join(".gitattributes").exists() && !lab.join(".git/hooks/pre-commit").exists());
    let Some(ended) = run("\"$0\" init --undo", ["y\n", "n\n", "n\n", "n\n"]) else { return };
    assert!(ended.exits(0).out().contains("take back a first document"));
    assert_eq!(lab.names(), [".git", ".gitignore"]);
    // The end of the input is a no to all that follows.
    let Some(program) = lab.in_terminal("\"$0\" init") else { return };
    let mut running = program.start();
    running.await_out("a first document");
    running.type_in("\x04\x04\x04\x04");
    assert!(running.finish().exits(0).out().contains("nothing to do"));
}
