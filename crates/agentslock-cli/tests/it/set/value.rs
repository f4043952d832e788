//! Where a new value comes from, and what is wrong with it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use crate::support::{DOCUMENT, Lab, OtherUser, Program, set_mode};

#[test]
fn a_value_comes_from_a_file_or_from_standard_input() {
    let lab = Lab::with("{}\n");
    lab.write("value.json", "\"from the file\"\n");
    lab.write("-", "\"from the file called -\"");
    let odd = OsStr::from_bytes(b"\xff.json");
    lab.write(odd, "\"not UTF-8\"");
    let odd_file = OsStr::from_bytes(b"@\xff.json");
    let set = |arguments: &[&OsStr]| {
        let input = "\"from standard input\"";
        lab.cli(["set", "s"]).args(arguments).input(input).run().exits(0).says_nothing();
        lab.cli(["show", "s"]).run().exits(0).out().trim_end().to_owned()
    };
    assert_eq!(set(&["@value.json".as_ref()]), "\"from the file\"");
    assert_eq!(set(&[]), "\"from standard input\"");
    assert_eq!(set(&["@./-".as_ref()]), "\"from the file called -\"");
    assert_eq!(set(&["-".as_ref()]), "\"from standard input\"");
    assert_eq!(set(&[odd_file]), "\"not UTF-8\"");
}

#[test]
fn a_value_that_is_not_json_is_refused_by_source_line_and_column() {
    let lab = Lab::with("{\n  \"s\": 1\n}\n");
    let values: [(&[u8], &str); 6] = [
        (b"", "line 1, column 1"),
        (b"{\n  \"a\": x}", "line 2, column 8"),
        (b"{}\n{}", "line 2, column 1"),
        (b"[1,\n\xff]", "line 2, column 1"),
        (b"\xef\xbb\xbf1", "line 1, column 1"),
        (b"{\"a\"", "line 1, column 4"),
    ];
    for (value, place) in values {
        lab.write("value", value);
        let before = lab.snapshot();
        for (source, arguments) in [
            ("`value`", &["@value"][..]),
            ("standard input", &[]),
            ("standard input", &["-"]),
            ("the output of `cat`", &["--", "cat", "value"]),
        ] {
            let ended = lab.cli(["set", "s"]).args(arguments).input(value).run().exits(2);
            let complaint = ended.complaint();
            assert!(complaint.contains(source) && complaint.contains(place), "{complaint}");
            let set = lab.cli(["set", "--json", "s"]).args(arguments).input(value);
            let told = set.run().exits(2).json();
            assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("input")));
            assert_eq!(told["error"]["message"], complaint);
            assert_eq!(told["path"], json!(lab.join(DOCUMENT)));
        }
        assert_eq!(lab.snapshot(), before, "not even the time");
    }
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_value_nested_too_deeply_is_refused() {
    let lab = Lab::with("{}\n");
    let before = lab.snapshot();
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let ended = lab.cli(["set", "s"]).input(deep).run().exits(2);
    assert!(ended.complaint().contains("nested"), "{ended:?}");
    assert_eq!(lab.snapshot(), before);
}

/// What cannot be read as a value, and what the message says of it.
fn unreadable(lab: &Lab) -> [(&'static str, &'static str); 4] {
    fs::create_dir(lab.join("directory")).unwrap();
    lab.make_fifo("fifo");
    std::os::unix::fs::symlink("nowhere", lab.join("link")).unwrap();
    [
        ("missing", "does not exist"),
        ("directory", "a directory"),
        ("fifo", "a FIFO"),
        ("link", "leads nowhere"),
    ]
}

#[test]
fn a_value_that_cannot_be_read_is_an_error_and_is_not_waited_for() {
    let lab = Lab::with("{}\n");
    let cases = unreadable(&lab);
    let before = lab.snapshot();
    for (file, why) in cases {
        let ended = lab.cli(["set", "s", &format!("@{file}")]).run().exits(2);
        let complaint = ended.complaint();
        assert!(complaint.contains(&format!("`{file}`")) && complaint.contains(why), "{complaint}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_the_system_says_of_a_value_that_cannot_be_read_is_passed_on() {
    let lab = Lab::with("{}\n");
    let ended = lab.cli(["set", "s", "@.agentsrc.lock/value.json"]).run().exits(2);
    let complaint = ended.complaint();
    assert!(complaint.contains("`.agentsrc.lock/value.json`"), "{complaint}");
    assert!(complaint.contains("Not a directory"), "{complaint}");
}

#[test]
fn a_value_that_one_may_not_read_is_an_error_that_says_so() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = Lab::with("{}\n");
    lab.write("value.json", "1");
    set_mode(&lab.join("value.json"), 0o600);
    set_mode(lab.root(), 0o777);
    let before = lab.snapshot();
    let set = user.agentslock(["set", "s", "@value.json"]);
    let ended = set.in_directory(lab.root()).run().exits(2);
    let complaint = ended.complaint();
    assert!(complaint.contains("value.json"), "{complaint}");
    assert!(complaint.contains("Permission denied"), "{complaint}");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_standard_input_that_cannot_be_read_is_an_error() {
    let lab = Lab::with("{}\n");
    let before = lab.snapshot();
    for verb in ["set s", "append log"] {
        let script = format!("exec \"$0\" {verb} < .");
        let ended = Program::shell(&script).in_directory(lab.root()).run().exits(2);
        assert!(ended.complaint().contains("standard input"), "{ended:?}");
    }
    assert_eq!(lab.snapshot(), before);
}
