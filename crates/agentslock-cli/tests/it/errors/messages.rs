//! A test for each message: it names the file, says what was not done, and what to type next. One
//! process for each row.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use super::rows::ON_A_WHOLE_DOCUMENT;
use crate::support::{DOCUMENT, Lab};

/// Verbs on `bad`, which is each of [`BAD`].
const ON_A_BAD_DOCUMENT: &[(&[&str], &str)] = &[
    (&["show", "--file", "bad"], ""),
    (&["set", "s", "7", "--file", "bad"], "nothing was written"),
    (&["set", "s.e", "7", "--file", "bad"], "nothing was written"),
    (&["unset", "s", "--file", "bad"], "nothing was written"),
    (&["edit", "--file", "bad", "--", "true"], "nothing was written"),
    (&["diff", "bad", "log"], "nothing was compared"),
];

/// What a document can be; the error's kind; and what is typed next.
const BAD: [(&[u8], &str, &str); 8] = [
    (b"{\"units\": {", "cut-off", "`git checkout -- "),
    (b"{\n<<<<<<< a\n\"s\":1\n=======\n", "conflict-markers", "`agentslock check`"),
    (b"[]\n", "malformed", "`git checkout -- "),
    (b"", "malformed", "`git checkout -- "),
    (b"{]", "malformed", "`git checkout -- "),
    (b"{\"s\":1,\"s\":2}", "malformed", "`git checkout -- "),
    (b"\xef\xbb\xbf{}", "malformed", "`agentslock check --fix`"),
    (b"{\"s\": \"\xff\"}", "malformed", "`git checkout -- "),
];

fn lab() -> Lab {
    let lab =
        Lab::with("{\n  \"lock_version\": 1,\n  \"s\": {\"e\": 1, \"l\": [1], \"t\": \"x\"}\n}\n");
    lab.write("words", "nonsense\n");
    lab.write("log", "{}");
    lab.write("two", "{}\n{");
    lab.write("bytes", b"\xff");
    for directory in ["dir", "broken"] {
        fs::create_dir(lab.join(directory)).unwrap();
    }
    lab.write("broken/.agentsrc.json", "{");
    lab.write("broken/.agentsrc.lock", "{}");
    symlink("nowhere", lab.join("dangling")).unwrap();
    lab
}

/// Runs it as text and as JSON: what both say has all of `parts`, and nothing is left behind.
#[track_caller]
fn expect(lab: &Lab, arguments: &[&str], status: i32, kind: &str, parts: &[&str]) {
    let before = lab.snapshot();
    // What git is asked about must not be found further up.
    let run = |json: &str| lab.cli(arguments).env("AGENTSLOCK_JSON", json).run().exits(status);
    let ended = run("");
    let told = run("1").json();
    assert_eq!(told["error"]["kind"], kind, "{arguments:?}: {told}");
    for message in [ended.complaint(), told["error"]["message"].as_str().unwrap()] {
        for part in parts {
            assert!(message.contains(part), "{arguments:?}: no {part:?} in {message:?}");
        }
    }
    assert_eq!(lab.snapshot(), before, "{arguments:?}");
}

#[test]
fn each_message_names_the_file_what_was_not_done_and_what_to_type() {
    let lab = lab();
    for (arguments, status, kind, parts) in ON_A_WHOLE_DOCUMENT {
        expect(&lab, arguments, *status, kind, parts);
    }
}

#[test]
fn each_verb_says_so_of_a_document_that_is_none() {
    let lab = lab();
    for (content, kind, next) in BAD {
        lab.write("bad", content);
        for (arguments, undone) in ON_A_BAD_DOCUMENT {
            expect(&lab, arguments, 2, kind, &["bad`", undone, next]);
        }
    }
    lab.write("bad", "{\"lock_version\": 2, \"s\": {\"e\": 1}}");
    for (arguments, undone) in &ON_A_BAD_DOCUMENT[1..5] {
        let arguments = if arguments[0] == "edit" {
            &["edit", "--file", "bad", "--", "echo", "{\"lock_version\":2}"]
        } else {
            *arguments
        };
        expect(&lab, arguments, 2, "later-version", &["bad`", undone, "update it"]);
    }
}

#[test]
fn each_message_of_a_held_lock_says_who_and_what_to_type() {
    let lab = lab();
    let holder = lab.hold("f");
    let document = lab.hold(DOCUMENT);
    let rows: [(&[&str], &str, &str); 7] = [
        (&["run", "f", "--", "true"], "f`", "`agentslock holder "),
        (&["append", "f", "{}"], "f`", "`agentslock holder "),
        (&["edit", "f", "--", "echo"], "f`", "`agentslock holder "),
        (&["set", "s.e", "2"], DOCUMENT, "`agentslock holder "),
        (&["unset", "s.e"], DOCUMENT, "`agentslock holder "),
        (&["edit", "--", "echo", "{}"], DOCUMENT, "`agentslock holder "),
        (&["check", "--fix"], DOCUMENT, "`agentslock holder "),
    ];
    for (arguments, file, next) in rows {
        let ended = |json: &str| {
            let program = lab.cli(arguments).env("AGENTSLOCK_WAIT", "0");
            program.env("AGENTSLOCK_JSON", json).run().exits(75)
        };
        let told = ended("1").json();
        assert_eq!(told["error"]["kind"], "locked", "{told}");
        assert!(told["error"]["holder"]["pid"].is_u64(), "{told}");
        let said = ended("");
        for part in [file, "it is locked by process", "nothing was", next] {
            assert!(said.complaint().contains(part), "{arguments:?}: no {part:?} in {said:?}");
        }
    }
    for running in [holder, document] {
        running.finish().exits(0);
    }
}

/// The kinds whose message needs more than a command line: another process, at the right moment, or
/// another file system. The tests stand in the modules that are named.
const ELSEWHERE: [&str; 13] = [
    "no-such-handle",   // holder
    "usage",            // errors::usage
    "nested",           // run::nested
    "not-durable",      // library: lockedfile
    "lock-lost",        // run::clock, set::command
    "lost-after-write", // set::command
    "output",           // everywhere
    "changed",          // set::command, edit
    "being-replaced",   // gap
    "removed",          // gap
    "left-out",         // left_out
    "directory-gone",   // gap
    "interrupted",      // set::command, run::signals
];

#[test]
fn no_kind_is_left_out() {
    let page = include_str!("../../../../../docs/cli.md");
    let (_, table) = page.split_once("`error.kind` in JSON").unwrap();
    let (table, _) = table.split_once("`holder.verdict`").unwrap();
    let first = |line: &str| line.split('|').nth(1).map(str::to_owned);
    let rows = table.lines().filter(|line| line.starts_with("| `")).skip(1);
    let cells = rows.filter_map(first);
    let listed: BTreeSet<String> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let here = ON_A_WHOLE_DOCUMENT.iter().map(|row| row.2).chain(BAD.iter().map(|row| row.1));
    let tested: BTreeSet<String> =
        here.chain(["later-version", "locked"]).chain(ELSEWHERE).map(str::to_owned).collect();
    assert_eq!(listed, tested);
}
