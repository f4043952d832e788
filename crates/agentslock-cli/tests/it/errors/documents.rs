//! Files that are no documents: each verb says so in one line, changes nothing, and does not hang.

use std::ffi::OsStr;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use serde_json::json;

use crate::support::{DIGEST, Lab, OtherUser, Program, set_mode};

/// The verbs that read or write a document called `bad`, and then one that appends to a log of that
/// name. `append` does not mind what a log contains, but it must be a file.
const VERBS: [&[&str]; 14] = [
    &["show", "--file", "bad"],
    &["show", "--file", "bad", "s"],
    &["show", "--file", "bad", "s.e"],
    &["show", "--file", "bad", "inputs_digest"],
    &["diff", "bad", "none"],
    &["diff", "none", "bad"],
    &["set", "--file", "bad", "s"],
    &["set", "--file", "bad", "s", "@value.json"],
    &["set", "--file", "bad", "s", "--remove"],
    &["set", "--file", "bad", "--inputs-digest", DIGEST],
    &["set", "--file", "bad", "s", "--", "sh", "-c", ": > ran; echo 1"],
    &["set", "--file", "bad", "s", "--inputs-digest", "", "--", "sh", "-c", ": > ran; echo 1"],
    &["append", "bad"],
    &["append", "bad", "{}"],
];
const READING: Range<usize> = 0..6;
const ON_DOCUMENTS: Range<usize> = 0..12;

/// Runs each of `verbs` as text and as JSON. Each fails with a message that contains all of
/// `hints`, and changes nothing.
#[track_caller]
fn expect_refused(
    lab: &Lab,
    verbs: &[&[&str]],
    user: Option<&OtherUser>,
    kind: &str,
    hints: &[&str],
) {
    let before = lab.snapshot();
    let run = |verb: &[&str], flags: &[&str]| {
        let arguments = [&verb[..1], flags, &verb[1..]].concat();
        let program = match user {
            Some(user) => user.agentslock(arguments),
            None => Program::agentslock(arguments),
        };
        program.in_directory(lab.root()).input("1").run().exits(2)
    };
    for verb in verbs {
        let ended = run(verb, &[]);
        let told = run(verb, &["--json"]).json();
        let error = &told["error"];
        assert_eq!(
            (&told["ok"], &told["path"], &error["kind"]),
            (&json!(false), &json!("bad"), &json!(kind))
        );
        for message in [ended.complaint(), error["message"].as_str().unwrap()] {
            for hint in [&["bad"], hints].concat() {
                assert!(message.contains(hint), "{verb:?}: no {hint:?} in {message:?}");
            }
        }
        assert_eq!(lab.snapshot(), before, "{verb:?}");
    }
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("value.json", "1");
    lab.write("none", "{}");
    lab
}

#[track_caller]
fn expect_malformed(content: &[u8], place: &str, hint: &str) {
    expect_broken(content, "malformed", place, hint);
}

#[track_caller]
fn expect_broken(content: &[u8], kind: &str, place: &str, hint: &str) {
    let lab = lab();
    lab.write("bad", content);
    let whole_path = format!("`{}`, ", lab.join("bad").display());
    let hints = [&whole_path, place, hint];
    expect_refused(&lab, &VERBS[ON_DOCUMENTS], None, kind, &hints);
}

#[test]
fn nothing_is_no_document() {
    expect_malformed(b"", "line 1, column 1", "empty");
    expect_malformed(b" \r\n\t\n", "line 1, column 1", "empty");
}

#[test]
fn what_is_no_object_is_no_document() {
    expect_malformed(b"null\n", "line 1, column 1", "null");
    expect_malformed(b"\n [{}]", "line 2, column 2", "an array");
    expect_malformed(b"\"{}\"", "line 1, column 1", "a string");
    expect_malformed(b"1", "line 1, column 1", "a number");
    expect_malformed(b"false", "line 1, column 1", "a boolean");
}

#[test]
fn a_torn_document_is_none() {
    expect_broken(b"{\n  \"s\": {\n", "cut-off", "line ", "cut off");
    expect_broken(b"{\n  \"s\": \"te", "cut-off", "line 2, column 10", "cut off");
    // As some file systems leave a file after a power cut.
    expect_malformed(&[0; 20], "line 1, column 1", "expected value");
}

#[test]
fn what_is_not_utf_8_is_no_document() {
    expect_malformed(b"{\n  \"s\": \"\xff\"}", "line 2, column 9", "UTF-8");
    expect_malformed(b"\xff\xfe{\0}\0", "line 1, column 1", "UTF-8");
}

#[test]
fn a_byte_order_mark_is_named() {
    expect_malformed(b"\xef\xbb\xbf{\"s\":1}", "line 1, column 1", "byte order mark");
}

#[test]
fn what_follows_the_document_is_not_ignored() {
    expect_malformed(b"{\"s\":1}\n{}", "line 2, column 1", "trailing");
    expect_malformed(b"{\"s\":1}\n}\n", "line 2, column 1", "trailing");
}

#[test]
fn a_key_that_occurs_twice_is_named() {
    expect_malformed(b"{\"s\":1,\n \"t\":1,\n \"\\u0073\":2}", "line 3, column 2", "\"s\"");
    expect_malformed(
        b"{\"s\":1,\"line\\nbreak\":1,\"line\\nbreak\":1}",
        "line 1, column 24",
        "\\n",
    );
}

#[test]
fn conflict_markers_are_no_document() {
    let conflict = b"{\n<<<<<<< ours\n  \"s\": 1\n=======\n  \"s\": 2\n>>>>>>> theirs\n}\n";
    expect_broken(conflict, "conflict-markers", "line 2, column 1", "unresolved merge conflicts");
}

#[test]
fn a_directory_is_no_document() {
    let lab = lab();
    fs::create_dir(lab.join("bad")).unwrap();
    lab.write("bad/inside", "{}");
    expect_refused(&lab, &VERBS, None, "io", &["a directory"]);
}

#[test]
fn a_fifo_is_not_waited_for() {
    let lab = lab();
    lab.make_fifo("bad");
    expect_refused(&lab, &VERBS, None, "io", &["a FIFO"]);
}

#[test]
fn a_socket_is_no_document() {
    let lab = lab();
    let listener = UnixListener::bind(lab.join("bad")).unwrap();
    expect_refused(&lab, &VERBS, None, "io", &["a socket"]);
    drop(listener);
    expect_refused(&lab, &VERBS, None, "io", &["a socket"]);
}

#[test]
fn a_device_is_not_opened() {
    let lab = lab();
    symlink("/dev/zero", lab.join("bad")).unwrap();
    expect_refused(&lab, &VERBS, None, "io", &["a device"]);
}

#[test]
fn a_link_that_leads_nowhere_is_not_a_missing_document() {
    let lab = lab();
    symlink("nowhere", lab.join("bad")).unwrap();
    expect_refused(&lab, &VERBS[ON_DOCUMENTS], None, "io", &["link", "leads nowhere"]);
}

#[test]
fn a_log_is_not_created_through_a_link_that_leads_nowhere() {
    let lab = lab();
    symlink("nowhere", lab.join("bad")).unwrap();
    expect_refused(&lab, &VERBS[ON_DOCUMENTS.end..], None, "io", &["link", "leads nowhere"]);
}

#[test]
fn a_link_to_itself_is_an_error() {
    let lab = lab();
    symlink("bad", lab.join("bad")).unwrap();
    expect_refused(&lab, &VERBS, None, "io", &[]);
}

#[test]
fn what_lies_under_a_file_is_not_a_missing_document() {
    let lab = lab();
    lab.write("bad", "{}");
    let before = lab.snapshot();
    for verb in VERBS {
        let arguments = verb.iter().map(|part| if *part == "bad" { "bad/deep" } else { part });
        let ended = lab.cli(arguments).input("1").run().exits(2);
        assert!(ended.complaint().contains("Not a directory"), "{verb:?}: {ended:?}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_document_that_one_may_not_read_is_an_error() {
    let Some(user) = OtherUser::for_test() else { return };
    // Whether or not one may write beside it, and so take its lock.
    for mode in [0o755, 0o777] {
        let lab = lab();
        lab.write("bad", "{\"s\":1}");
        set_mode(&lab.join("bad"), 0o600);
        set_mode(lab.root(), mode);
        expect_refused(&lab, &VERBS, Some(&user), "io", &["Permission denied"]);
    }
}

#[test]
fn a_document_that_one_may_only_read_is_not_written() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = lab();
    // What is set differs: else no right to write is needed.
    lab.write("bad", "{\"s\":[7]}");
    set_mode(lab.root(), 0o755);
    let hints = ["Permission denied", "not of a held lock"];
    let without_command = |verb: &&&[&str]| !verb.contains(&"--");
    let mut verbs: Vec<_> = VERBS[READING.end..].iter().filter(without_command).copied().collect();
    // A command runs without the lock, in case it changes nothing.
    verbs.push(&["set", "--file", "bad", "s", "--", "echo", "1"]);
    expect_refused(&lab, &verbs, Some(&user), "io", &hints);
    // No lock, no command that it is taken for.
    let run: [&[&str]; 1] = [&["run", "bad", "--", "sh", "-c", "echo ran"]];
    expect_refused(&lab, &run, Some(&user), "io", &hints);
}

#[test]
fn a_line_break_in_a_path_does_not_break_the_line() {
    let lab = Lab::new();
    lab.write("line\nbreak", "[]");
    for verb in [
        &["show", "--file", "line\nbreak"][..],
        &["set", "--file", "line\nbreak", "s"],
        &["set", "--file", "x", "s", "no\nvalue"],
        &["run", "t", "--", "./no\ncommand"],
    ] {
        let ended = lab.cli(verb.iter().map(OsStr::new)).input("1").run();
        ended.complaint();
    }
}
