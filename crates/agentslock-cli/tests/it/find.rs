//! Which document a verb is about, if nobody says.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{DOCUMENT, Lab, Program};

const DECLARATION: &str = ".agentsrc.json";

#[test]
fn the_nearest_document_upward_is_shown() {
    let lab = Lab::with("{\"at\":\"root\"}");
    fs::create_dir_all(lab.join("near/deep/deeper")).unwrap();
    lab.write(format!("near/{DOCUMENT}"), "{\"at\":\"near\"}");
    fs::create_dir_all(lab.join("aside/deep")).unwrap();
    for (from, at, path) in [
        ("near/deep/deeper", "near", format!("near/{DOCUMENT}")),
        ("near", "near", format!("near/{DOCUMENT}")),
        ("aside/deep", "root", DOCUMENT.to_owned()),
        (".", "root", DOCUMENT.to_owned()),
    ] {
        let told =
            lab.cli(["show", "at", "--json"]).in_directory(&lab.join(from)).run().exits(0).json();
        let path = lab.join(path);
        assert_eq!(told, json!({"agentslock": 1, "ok": true, "path": path, "value": at}), "{from}");
    }
}

#[test]
fn the_nearest_document_upward_is_written_and_no_other() {
    let lab = Lab::with("{}\n");
    fs::create_dir_all(lab.join("near/deep")).unwrap();
    lab.write(format!("near/{DOCUMENT}"), "{}\n");
    // A declaration further up does not count.
    lab.write(DECLARATION, "{}\n");
    lab.cli(["set", "s"])
        .in_directory(&lab.join("near/deep"))
        .input("1")
        .run()
        .exits(0)
        .says_nothing();
    assert_eq!(lab.read(format!("near/{DOCUMENT}")), "{\n  \"s\": 1\n}\n");
    assert_eq!(lab.document(), "{}\n");
}

#[test]
fn a_first_document_is_created_beside_the_declaration() {
    let lab = Lab::new();
    fs::create_dir_all(lab.join("project/deep")).unwrap();
    lab.write(format!("project/{DECLARATION}"), "not read");
    let set = lab.cli(["set", "s", "--json"]).in_directory(&lab.join("project/deep"));
    let told = set.input("true").run().exits(0).json();
    let path = lab.join("project").join(DOCUMENT);
    assert_eq!(told, json!({"agentslock": 1, "ok": true, "path": path, "outcome": "written"}));
    assert_eq!(fs::read_to_string(path).unwrap(), "{\n  \"lock_version\": 1,\n  \"s\": true\n}\n");
    assert_eq!(lab.read(format!("project/{DECLARATION}")), "not read");
    assert_eq!(lab.names(), ["project"]);
}

#[test]
fn a_declaration_that_is_nearer_than_any_document_gets_its_own() {
    let lab = Lab::with("{}\n");
    fs::create_dir(lab.join("inner")).unwrap();
    lab.write(format!("inner/{DECLARATION}"), "{}");
    lab.cli(["set", "s"]).in_directory(&lab.join("inner")).input("1").run().exits(0);
    assert_eq!(lab.document(), "{}\n", "the document of another project");
    assert!(lab.join("inner").join(DOCUMENT).exists());
}

#[test]
fn where_nothing_says_that_it_is_a_project_nothing_is_created() {
    let lab = Lab::new();
    for arguments in [&["set", "s"][..], &["set", "s", "--", "cat"], &["set", "s", "--remove"]] {
        let ended = lab.cli(arguments).input("1").run().exits(2);
        let complaint = ended.complaint();
        for hint in [DOCUMENT, DECLARATION, "--file"] {
            assert!(complaint.contains(hint), "{complaint}");
        }
    }
    let told = lab.cli(["set", "s", "--json"]).input("1").run().exits(2).json();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("absent")));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn what_is_not_found_cannot_be_shown() {
    let lab = Lab::new();
    // What could become a document is none.
    lab.write(DECLARATION, "{}");
    let ended = lab.cli(["show"]).run().exits(1);
    assert!(ended.complaint().contains(DOCUMENT), "{ended:?}");
    let told = lab.cli(["show", "--json"]).run().exits(1).json();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("absent")));
    assert_eq!(lab.names(), [DECLARATION]);
}

#[test]
fn a_named_file_is_taken_whatever_lies_around() {
    let lab = Lab::with("{\"at\":\"found\"}");
    lab.write("other.json", "{\"at\":\"named\"}");
    let shown = lab.cli(["show", "at", "--file", "other.json"]).run().exits(0);
    assert_eq!(shown.out(), "\"named\"\n");
    lab.cli(["set", "s", "--file", "other.json"]).input("1").run().exits(0);
    assert_eq!(lab.read("other.json"), "{\n  \"at\": \"named\",\n  \"s\": 1\n}\n");
    assert_eq!(lab.document(), "{\"at\":\"found\"}");
}

#[test]
fn a_named_file_is_created_with_its_directories() {
    let lab = Lab::new();
    lab.cli(["set", "s", "--file", "new/deep/x.lock"]).input("1").run().exits(0);
    assert_eq!(lab.read("new/deep/x.lock"), "{\n  \"lock_version\": 1,\n  \"s\": 1\n}\n");
    let file = OsStr::from_bytes(b"new/caf\xe9");
    lab.cli(["set", "s", "--file"]).args([file]).input("2").run().exits(0);
    assert_eq!(lab.read(file), "{\n  \"lock_version\": 1,\n  \"s\": 2\n}\n");
}

#[test]
fn a_found_link_that_leads_nowhere_is_an_error_and_not_passed_over() {
    let lab = Lab::with("{\"s\":1}");
    fs::create_dir(lab.join("near")).unwrap();
    symlink("nowhere", lab.join("near").join(DOCUMENT)).unwrap();
    let before = lab.snapshot();
    for arguments in [&["show"][..], &["set", "s"], &["set", "s", "--", "cat"]] {
        let ended = lab.cli(arguments).in_directory(&lab.join("near")).input("2").run().exits(2);
        let complaint = ended.complaint();
        assert!(
            complaint.contains("near/.agentsrc.lock") && complaint.contains("link"),
            "{complaint}"
        );
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_directory_whose_name_is_not_utf_8_is_searched() {
    let lab = Lab::new();
    let directory = lab.join(OsStr::from_bytes(b"\xff"));
    fs::create_dir_all(directory.join("deep")).unwrap();
    fs::write(directory.join(DOCUMENT), "{\"s\":1}").unwrap();
    let within = |arguments: &[&str]| lab.cli(arguments).in_directory(&directory.join("deep"));
    assert_eq!(within(&["show", "s"]).run().exits(0).out(), "1\n");
    within(&["set", "s"]).input("2").run().exits(0);
    assert_eq!(within(&["show", "s"]).run().exits(0).out(), "2\n");
    within(&["show", "t"]).run().exits(1).complaint();
}

#[test]
fn a_current_directory_that_is_gone_is_an_error() {
    let lab = Lab::with("{}");
    for verb in ["show", "set s"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec \"$0\" {verb}");
        let ended = Program::shell(&script).in_directory(lab.root()).run().exits(2);
        assert!(ended.complaint().contains("current directory"), "{ended:?}");
    }
}
