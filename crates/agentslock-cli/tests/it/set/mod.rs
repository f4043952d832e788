//! `set`: what it writes, and that it writes nothing else.

mod command;
mod concurrent;
mod entry;
mod value;

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{DIGEST, DOCUMENT, Lab, Program, fill_but, run_on_small_disk};

/// Spelled as no encoder would, but for the frame.
const SIBLINGS: &str = "{\n  \"\\u0061\": {\"x\" :1,\"x\":  2.50e+1},\n  \"lock_version\": 1,\n  \
    \"m\": [\n],\n  \"z<\": \"\\u00e9\\/\"\n}\n";

#[test]
fn all_other_sections_stay_byte_for_byte() {
    let lab = Lab::with(SIBLINGS);
    lab.cli(["set", "new"]).input("{\"b\":[1],\"a\":{}}").run().exits(0).says_nothing();
    let with_new = SIBLINGS.replace(
        "  \"z<\"",
        "  \"new\": {\n    \"b\": [\n      1\n    ],\n    \"a\": {}\n  },\n  \"z<\"",
    );
    assert_eq!(lab.document(), with_new);
    lab.cli(["set", "m"]).input("0").run().exits(0);
    assert_eq!(lab.document(), with_new.replace("[\n]", "0"));
    // A key keeps its spelling, too.
    lab.cli(["set", "a"]).input("1").run().exits(0);
    assert!(lab.document().starts_with("{\n  \"\\u0061\": 1,\n"), "{}", lab.document());
    assert_eq!(lab.names(), [DOCUMENT]);
}

#[test]
fn a_value_is_written_as_all_writers_write_it() {
    let lab = Lab::with("{}\n");
    lab.cli(["set", "/a.b <"]).input(" {\"<\":1.50,\n\"e\":[ ]}\n\n").run().exits(0);
    assert_eq!(
        lab.document(),
        "{\n  \"a.b \\u003c\": {\n    \"\\u003c\": 1.50,\n    \"e\": []\n  }\n}\n"
    );
}

#[test]
fn removing_takes_one_section_and_leaves_the_rest() {
    let lab = Lab::with(SIBLINGS);
    lab.cli(["set", "m", "--remove"]).run().exits(0).says_nothing();
    assert_eq!(lab.document(), SIBLINGS.replace("  \"m\": [\n],\n", ""));
    let before = lab.snapshot();
    // Nothing to remove, so nothing to write; and nothing is read.
    let told = lab.cli(["set", "m", "--remove", "--json"]).open_input("").start();
    assert_eq!(told.finish().exits(0).json()["outcome"], "unchanged");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn the_digest_is_set_alone_or_with_a_section() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let mut alone = lab.cli(["set", "--inputs-digest", DIGEST]).open_input("").start();
    assert!(alone.await_end().success(), "it waits for no input");
    assert_eq!(lab.document(), format!("{{\n  \"a\": 1,\n  \"inputs_digest\": \"{DIGEST}\"\n}}\n"));
    let other = DIGEST.replace("01", "fe");
    lab.cli(["set", "a", "--inputs-digest", &other]).input("2").run().exits(0);
    assert_eq!(lab.document(), format!("{{\n  \"a\": 2,\n  \"inputs_digest\": \"{other}\"\n}}\n"));
    lab.cli(["set", "a", "--inputs-digest", "", "--", "cat"]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"a\": 2\n}\n", "an empty one is none");
    lab.cli(["set", "a", "--remove", "--inputs-digest", DIGEST]).run().exits(0);
    assert_eq!(lab.document(), format!("{{\n  \"inputs_digest\": \"{DIGEST}\"\n}}\n"));
    lab.cli(["set", "--inputs-digest", ""]).run().exits(0);
    assert_eq!(lab.document(), "{}\n");
}

#[test]
fn a_digest_goes_with_its_section_or_not_at_all() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let before = lab.snapshot();
    lab.cli(["set", "a", "--inputs-digest", DIGEST]).input("not JSON").run().exits(2);
    lab.cli(["set", "a", "--inputs-digest", DIGEST, "--", "false"]).run().exits(2);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn reserved_names_are_refused_and_the_right_way_is_named() {
    let lab = Lab::with("{}\n");
    let before = lab.snapshot();
    for (name, instead) in [("inputs_digest", "--inputs-digest"), ("lock_version", "is not set")] {
        for more in [&[][..], &["--remove"], &["--", "cat"], &["@value.json"], &["-"]] {
            let ended = lab.cli(["set", name]).args(more).input("1").run().exits(2);
            let complaint = ended.complaint();
            assert!(complaint.contains(name) && complaint.contains(instead), "{complaint}");
        }
        let told = lab.cli(["set", name, "--json"]).input("1").run().exits(2).json();
        assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("input")));
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_would_not_change_is_not_written() {
    let lab = Lab::with(SIBLINGS);
    let path = lab.join(DOCUMENT);
    let told = |outcome| json!({"agentslock": 1, "ok": true, "path": path, "outcome": outcome});
    let set = |value: &str| lab.cli(["set", "n", "--json"]).input(value).run().exits(0).json();
    assert_eq!(set("[1]"), told("written"));
    let before = lab.snapshot();
    assert_eq!(set("[ 1\n]"), told("unchanged"));
    let through = lab.cli(["set", "n", "--json", "--", "cat"]).run().exits(0);
    assert_eq!(through.json(), told("unchanged"));
    lab.cli(["set", "n"]).input("[1]").run().exits(0).says_nothing();
    assert_eq!(lab.snapshot(), before, "not even the time");
    assert_eq!(set("[2]"), told("written"));
    let removed = lab.cli(["set", "n", "--remove", "--json"]).run().exits(0);
    assert_eq!(removed.json(), told("written"));
    assert_eq!(lab.document(), SIBLINGS);
}

#[test]
fn a_missing_document_is_created_with_its_version() {
    let lab = Lab::new();
    lab.cli(["set", "s", "--file", "x", "--", "cat"]).run().exits(0);
    assert_eq!(lab.read("x"), "{\n  \"lock_version\": 1,\n  \"s\": null\n}\n");
    assert_eq!(lab.names(), ["x"]);
}

#[test]
fn a_document_behind_a_link_is_written_and_the_link_stays() {
    let lab = Lab::new();
    fs::create_dir(lab.join("real")).unwrap();
    lab.write("real/document", "{}\n");
    symlink("real/document", lab.join(DOCUMENT)).unwrap();
    lab.cli(["set", "s"]).input("1").run().exits(0);
    assert_eq!(lab.read("real/document"), "{\n  \"s\": 1\n}\n");
    assert!(fs::symlink_metadata(lab.join(DOCUMENT)).unwrap().is_symlink());
}

#[test]
fn removing_from_a_missing_document_creates_none() {
    let lab = Lab::new();
    let told = lab.cli(["set", "s", "--remove", "--file", "x", "--json"]).run().exits(0).json();
    assert_eq!(told["outcome"], "unchanged");
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn child_sets_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let set = |value: &str| {
        Program::agentslock(["set", "s", "--json"]).in_directory(&directory).input(value).run()
    };
    fs::write(directory.join(DOCUMENT), "{\"s\":1}").unwrap();
    // One page for the lock, one for the new document.
    for pages in [0, 1, 2] {
        fill_but(&directory, pages);
        let before = testkit::snapshot_of_files(&directory);
        let told = set(&json!("x".repeat(50_000)).to_string()).exits(2).json();
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.contains(DOCUMENT) && message.contains("No space left"), "{message}");
        assert_eq!(testkit::snapshot_of_files(&directory), before, "{pages}");
    }
    // A shorter value has room.
    set("2").exits(0);
    assert_eq!(fs::read_to_string(directory.join(DOCUMENT)).unwrap(), "{\n  \"s\": 2\n}\n");
}

#[test]
fn a_full_disk_leaves_the_old_document_and_the_lock_free() {
    run_on_small_disk(module_path!(), "child_sets_without_room");
}
