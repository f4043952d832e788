//! `check`: what is not as it should be, and repairing it.

mod declared;
mod fix;
#[cfg(target_os = "linux")]
mod hostile;

use serde_json::json;

use crate::support::{DOCUMENT, Lab, OtherUser, set_mode};

/// As all writers would write it.
const GOOD: &str = "{\n  \"lock_version\": 1,\n  \"s\": {\n    \"e\": []\n  }\n}\n";

/// The findings as lines, without the path before them.
#[track_caller]
fn findings(lab: &Lab, flags: &[&str], status: i32) -> Vec<String> {
    let ended = lab.cli(["check"]).args(flags).run().exits(status);
    assert_eq!(ended.stderr, "");
    let path = format!("{}:", lab.join(DOCUMENT).display());
    let without_path = |line: &str| line.strip_prefix(&path).map(str::to_owned);
    ended.out().lines().map(|line| without_path(line).expect("because it is about it")).collect()
}

/// The one finding about `document`.
#[track_caller]
fn finding(document: impl AsRef<[u8]>, status: i32) -> String {
    let lab = Lab::with(document);
    let before = lab.snapshot();
    let mut found = findings(&lab, &[], status);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(lab.snapshot(), before);
    found.remove(0)
}

#[test]
fn a_document_as_it_should_be_is_a_yes_and_nothing_is_said() {
    let lab = Lab::with(GOOD);
    lab.cli(["check"]).run().exits(0).says_nothing();
    let told = lab.cli(["check", "--json"]).run().exits(0).json();
    let path = lab.join(DOCUMENT);
    assert_eq!(told, json!({"agentslock": 1, "ok": true, "path": path, "findings": []}));
    let said = lab.cli(["check", "-v"]).run().exits(0);
    assert!(said.complaint().contains("as it should be"), "{said:?}");
}

/// For hooks: what is in git's index, say.
#[test]
fn standard_input_can_be_checked_but_not_repaired() {
    let lab = Lab::new();
    lab.write("list", "git:acme/base@1.4.0\n");
    let check = |flags: &[&str]| {
        lab.cli(["check", "--file", "/dev/stdin"]).args(flags).input("{}  \n").run()
    };
    let found = check(&[]).exits(1);
    assert!(found.out().starts_with("/dev/stdin:1:3: not-canonical"), "{found:?}");
    for flags in [&["--fix"][..], &["--declared", "list"]] {
        let refused = check(flags).exits(2);
        assert!(refused.complaint().contains("`/dev/stdin` is a pipe"), "{refused:?}");
    }
}

#[test]
fn what_is_no_document_is_a_no_with_its_place() {
    for (document, expected) in [
        (&b""[..], "1:1: malformed: the document is empty"),
        (b"{\n  \"a\": 1,\n  \"a\": 2\n}\n", "3:3: malformed: the top-level key \"a\""),
        (b"{\n  \"a\": \xff\n}\n", "2:8: malformed: not UTF-8"),
        (b"[]\n", "1:1: malformed: expected a JSON object, found an array"),
        (b"null\n", "1:1: malformed: expected a JSON object, found null"),
        (b"{}\n{}\n", "2:1: malformed: trailing"),
        (&[0; 9], "1:1: malformed: "),
    ] {
        let found = finding(document, 1);
        assert!(found.starts_with(expected), "{found}");
        assert!(!found.contains("--fix"), "{found}");
    }
}

#[test]
fn a_document_that_is_cut_off_is_called_so_by_all_verbs() {
    for document in ["{", "{\n  \"s\": {", "{\n  \"s\": \"t", "\u{feff}{"] {
        let lab = Lab::with(document);
        let cut_off = "the document is cut off: it ends in the midst of a value";
        let told = lab.cli(["check", "--json"]).run().exits(1).json();
        let found = told["findings"].as_array().unwrap().last().unwrap();
        assert_eq!((&found["code"], &found["message"]), (&json!("cut-off"), &json!(cut_off)));
        let doctor = lab.cli(["doctor"]).run().exits(1);
        assert!(doctor.out().contains(cut_off), "{doctor:?}");
        if !document.starts_with('\u{feff}') {
            let shown = lab.cli(["show", "--json"]).run().exits(2).json();
            assert_eq!(shown["error"]["kind"], "cut-off");
            assert!(shown["error"]["message"].as_str().unwrap().contains(cut_off), "{shown}");
        }
    }
}

#[test]
fn what_is_laid_out_otherwise_is_a_no_with_the_place_where_that_begins() {
    for (document, place) in [
        ("{}", "1:3"),
        ("{\n  \"s\": 1,\n  \"lock_version\": 1\n}\n", "2:4"),
        ("{\n  \"lock_version\": 1,\n  \"s\":{}\n}\n", "3:7"),
        ("{\n  \"lock_version\": 1,\n  \"s\": \"<\"\n}\n", "3:9"),
        ("{\r\n  \"lock_version\": 1\r\n}\r\n", "1:2"),
    ] {
        let found = finding(document, 1);
        let expected = format!("{place}: not-canonical: ");
        assert!(found.starts_with(&expected), "{document:?}: {found}");
        assert!(found.ends_with("(check --fix repairs it)"), "{found}");
    }
}

#[test]
fn a_later_version_could_not_be_told_and_a_wrong_one_is_a_no() {
    let found = finding("{ \"lock_version\":2, \"s\":1 }", 2);
    assert!(found.starts_with("1:18: later-version: lock_version 2 is newer"), "{found}");
    let large = finding("{\"lock_version\":99999999999999999999999999}", 2);
    assert!(large.contains("later-version: lock_version 99999999999999999999999999 is"), "{large}");
    for version in ["\"1\"", "1.5", "-1", "null", "1e999"] {
        let found = finding(format!("{{\"lock_version\":{version}}}"), 1);
        assert!(found.contains(": version: lock_version is not"), "{found}");
    }
    Lab::with("{}\n").cli(["check"]).run().exits(0).says_nothing();
}

#[test]
fn a_missing_document_is_a_no_and_one_that_cannot_be_read_could_not_be_told() {
    let lab = Lab::new();
    for flags in [&[][..], &["--file", "none"], &["--fix"], &["--fix", "--file", "none"]] {
        lab.cli(["check"]).args(flags).run().exits(1).complaint();
        let told = lab.cli(["check", "--json"]).args(flags).run().exits(1).json();
        assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("absent")));
    }
    lab.make_fifo(DOCUMENT);
    for flags in [&[][..], &["--fix"], &["--declared", "-"]] {
        let ended = lab.cli(["check"]).args(flags).run().exits(2);
        assert!(ended.complaint().contains("a FIFO"), "{ended:?}");
    }
    let Some(user) = OtherUser::for_test() else {
        return;
    };
    let lab = Lab::with(GOOD);
    set_mode(&lab.join(DOCUMENT), 0o600);
    set_mode(lab.root(), 0o777);
    let ended = user.agentslock(["check"]).in_directory(lab.root()).run().exits(2);
    assert!(ended.complaint().contains("Permission denied"), "{ended:?}");
}

#[test]
fn conflict_markers_are_named_as_such() {
    let conflict =
        "{\n  \"s\": {\n<<<<<<< HEAD\n    \"e\": 1\n=======\n    \"e\": 2\n>>>>>>> topic\n  }\n}\n";
    let found = finding(conflict, 1);
    assert!(found.starts_with("3:1: conflict: s e was changed on both sides"), "{found}");
    assert!(!found.contains("--fix"), "{found}");
    // A marker that was forgotten.
    let forgotten = "{\n  \"s\": 1\n=======\n  \"s\": 2\n}\n<<<<<<< HEAD\n";
    let found = finding(forgotten, 1);
    assert!(found.starts_with("3:1: conflict-markers: "), "{found}");
    // Of what both sides added, nothing conflicts.
    let fits = "{\n<<<<<<< HEAD\n  \"a\": 1\n=======\n  \"b\": 2\n>>>>>>> topic\n}\n";
    let found = finding(fits, 1);
    assert!(found.starts_with("2:1: conflict-markers: "), "{found}");
    assert!(found.ends_with("(check --fix repairs it)"), "{found}");
}

#[test]
fn a_key_that_is_there_twice_is_a_no_at_any_depth_and_is_not_repaired() {
    let unit = "{\n      \"kind\": \"layer\"\n    }";
    let twice = format!(
        "{{\n  \"units\": {{\n    \"m\": {unit},\n    \"n\": {unit},\n    \"m\": {unit}\n  }}\n}}\n"
    );
    let found = finding(&twice, 1);
    assert!(found.starts_with("9:5: duplicate-key: units.m is there already"), "{found}");
    assert!(!found.contains("--fix"), "{found}");
    for (document, expected) in [
        // Alike once they are decoded.
        ("{\"s\":{\"m\":1,\"\\u006d\":1}}", "1:13: duplicate-key: s.m "),
        ("{\"s\":{\"a\":[0,{\"b\":1,\"c\":2,\"b\":1}]}}", "1:27: duplicate-key: s.a.1.b "),
        // What cannot be decoded differs by its spelling.
        ("{\"s\":{\"\\ud800\":1,\"\\ud800\":1}}", "1:18: duplicate-key: s.\\ud800 "),
    ] {
        let lab = Lab::with(document);
        let before = lab.snapshot();
        assert!(findings(&lab, &["--fix"], 1)[0].starts_with(expected), "{document}");
        assert_eq!(lab.snapshot(), before);
    }
    let lab = Lab::with("{\n  \"s\": {\n    \"a\": 1,\n    \"a\": 1,\n    \"a\": 1\n  }\n}\n");
    assert_eq!(findings(&lab, &[], 1).len(), 2, "each of them is told of");
}

#[test]
fn each_conflict_is_named_at_its_own_place() {
    let conflict = |key: &str| {
        format!("<<<<<<< HEAD\n  \"{key}\": 1,\n=======\n  \"{key}\": 2,\n>>>>>>> topic\n")
    };
    let document = format!("{{\n{}{}  \"c\": 3\n}}\n", conflict("a"), conflict("b"));
    let found = findings(&Lab::with(document), &[], 1);
    assert_eq!(
        found,
        [
            "2:1: conflict: a was changed on both sides; choose one",
            "7:1: conflict: b was changed on both sides; choose one"
        ]
    );
}

#[test]
fn quiet_says_nothing_and_the_status_tells() {
    for (document, status) in [(GOOD, 0), ("{}", 1), ("[]", 1), ("{\"lock_version\":9}", 2)] {
        Lab::with(document).cli(["check", "-q"]).run().exits(status).says_nothing();
    }
}

#[test]
fn json_has_what_the_lines_have() {
    let lab = Lab::with("{}");
    let told = lab.cli(["check", "--json"]).run().exits(1).json();
    let found = &told["findings"][0];
    assert_eq!((&told["ok"], &found["code"]), (&json!(false), &json!("not-canonical")));
    assert_eq!((&found["line"], &found["column"]), (&json!(1), &json!(3)));
    assert_eq!((&found["fixable"], &found["unsure"]), (&json!(true), &json!(false)));
    assert!(found["message"].is_string(), "{told}");
}

#[test]
fn looking_takes_no_lock() {
    let lab = Lab::with("{}");
    let holder = lab.hold(DOCUMENT);
    lab.cli(["check"]).run().exits(1);
    lab.cli(["check", "--fix", "-n", "--wait", "0"]).run().exits(0);
    lab.cli(["check", "--fix", "--wait", "0"]).run().exits(75).complaint();
    assert_eq!(lab.document(), "{}");
    holder.finish().exits(0);
}

#[test]
fn colours_are_for_those_who_ask() {
    let lab = Lab::with("{}");
    let out = lab.cli(["check", "--color", "always"]).run().exits(1).out().to_owned();
    assert!(out.contains("\u{1b}[31mnot-canonical\u{1b}[0m"), "{out:?}");
    let out = lab.cli(["check"]).run().exits(1).out().to_owned();
    assert!(!out.contains('\u{1b}'), "{out:?}");
}
