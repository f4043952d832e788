//! `edit`: the whole document, or any file, through a command, under its lock.

use serde_json::json;

use crate::support::{DOCUMENT, Lab};

const ODD: &str = "{ \"a\": 1e2,\n\"b\" :{ \"c\":[ ] },\n  \"n\": 0 }\n";

#[test]
fn a_name_that_leaves_no_room_for_more_is_written_and_swept_all_the_same() {
    for length in [238, 239, 250] {
        let lab = Lab::new();
        let name = "y".repeat(length);
        lab.write(&name, "{\"a\": 1}\n");
        lab.cli(["edit", &name, "--", "sed", "s/1/2/"]).run().exits(0);
        lab.cli(["set", "--file", &name, "b", "3"]).run().exits(0);
        lab.cli(["check", "--file", &name, "--fix"]).run().exits(0);
        assert!(lab.read(&name).contains("\"b\": 3"), "{}", lab.read(&name));
        assert_eq!(lab.names(), [&*name], "nothing is left");
        // What a killed one leaves.
        let beginning = &name[..64];
        let left = format!("{beginning}~0123456789abcdef.tmp-0123456789ab");
        lab.write(&left, "");
        let doctor = lab.cli(["doctor", &name]).run().exits(0);
        assert_eq!(doctor.out().contains(&left), length > 238, "{doctor:?}");
    }
}

#[test]
fn several_sections_change_at_once_and_the_others_keep_their_bytes() {
    let lab = Lab::with(ODD);
    let command = "sed 's/\"n\": 0/\"n\": 1, \"m\": 2/; s/1e2/100.0/'";
    lab.cli(["edit", "--", "sh", "-c", command]).run().exits(0).says_nothing();
    let document = lab.document();
    assert!(document.contains("\"b\": { \"c\":[ ] }"), "{document}");
    let value: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value, json!({"a": 100.0, "b": {"c": []}, "m": 2, "n": 1}));
    lab.cli(["edit", "--", "sed", "s/.m.: 2,*//; s/,$//"]).run().exits(2).complaint();
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_section_that_the_command_leaves_out_is_removed() {
    let lab = Lab::with("{\"a\":1,\"b\":2,\"inputs_digest\":\"x\"}");
    lab.cli(["edit", "--", "echo", "{\"b\":2,\"lock_version\":1}"]).run().exits(0);
    let value: serde_json::Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(value, json!({"b": 2}));
}

#[test]
fn a_document_that_is_not_there_is_made() {
    let lab = Lab::new();
    let command = ["edit", "--file", "new.lock", "--", "sed", "s/{}/{\"s\":1}/"];
    lab.cli(command).run().exits(0);
    assert_eq!(lab.cli(["show", "s", "--file", "new.lock"]).run().exits(0).out(), "1\n");
}

#[test]
fn what_is_no_document_is_refused_and_nothing_is_written() {
    let lab = Lab::with(ODD);
    let before = lab.snapshot();
    for (output, why) in [
        ("", "is no document: line 1, column 1"),
        ("[]", "is no document: line 1, column 1"),
        ("{\"s\":}", "is no document: line 1, column 6"),
        ("{\"s\":{\"e\":1,\"e\":2}}", "has s.e twice"),
        ("{\"s\":1,\"s\":2}", "\"s\""),
        ("{\"lock_version\":2}", "changes lock_version"),
        ("{\"inputs_digest\":2}", "inputs_digest"),
    ] {
        let ended = lab.cli(["edit", "--", "printf", "%s", output]).run().exits(2);
        let complaint = ended.complaint();
        assert!(
            complaint.contains(why) && complaint.contains("nothing was written"),
            "{complaint}"
        );
        assert!(complaint.contains("the output of `printf`"), "{complaint}");
    }
    let told = lab.cli(["edit", "--json", "--", "sh", "-c", "exit 7"]).run().exits(2).json();
    assert_eq!(told["error"]["command_status"], 7);
    assert_eq!(told["path"], json!(lab.join(DOCUMENT)));
    lab.cli(["edit", "--", "./missing"]).run().exits(2).complaint();
    assert_eq!(lab.snapshot(), before);
    lab.expect_free(DOCUMENT);
}

#[test]
fn a_document_of_a_later_version_is_not_edited() {
    let lab = Lab::with("{\"lock_version\":9}");
    let before = lab.snapshot();
    let ended = lab.cli(["edit", "--", "sh", "-c", ": > ran; echo '{}'"]).run().exits(2);
    assert!(ended.complaint().contains("nothing was written"), "{ended:?}");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_dry_run_shows_what_would_change() {
    let lab = Lab::with("{\"s\":1}");
    let before = lab.snapshot();
    let dry = lab.cli(["edit", "-n", "--", "sed", "s/1/2/"]).run().exits(0);
    assert_eq!(dry.out(), "~ s changed from 1 to 2\n");
    lab.write("file", "one\n");
    let dry = lab.cli(["edit", "file", "-n", "--", "sed", "s/one/two/"]).run().exits(0);
    assert_eq!(dry.out(), "two\n");
    assert_eq!(lab.read("file"), "one\n");
    std::fs::remove_file(lab.join("file")).unwrap();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn any_file_is_edited_under_its_lock() {
    let lab = Lab::new();
    let running: Vec<_> = (0..10)
        .map(|number| {
            let append = format!("cat; echo {number}");
            lab.cli(["edit", "TASKS", "--wait", "60", "--", "sh", "-c", &append]).start()
        })
        .collect();
    for edit in running {
        edit.finish().exits(0);
    }
    let mut lines: Vec<u32> = lab.read("TASKS").lines().map(|line| line.parse().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(lines, (0..10).collect::<Vec<_>>());
    let told = lab.cli(["edit", "TASKS", "--json", "--", "cat"]).run().exits(0).json();
    assert_eq!(told["outcome"], "unchanged");
    lab.expect_free("TASKS");
    assert_eq!(lab.names(), ["TASKS"]);
}

#[test]
fn a_file_does_not_become_empty_by_mistake() {
    let lab = Lab::new();
    lab.write("file", "one\n");
    let ended = lab.cli(["edit", "file", "--", "true"]).run().exits(2);
    let complaint = ended.complaint();
    assert!(
        complaint.contains("--allow-empty") && complaint.contains("nothing was"),
        "{complaint}"
    );
    assert_eq!(lab.read("file"), "one\n");
    lab.cli(["edit", "file", "--allow-empty", "--", "true"]).run().exits(0);
    assert_eq!(lab.read("file"), "");
    lab.cli(["edit", "file", "--file", "x", "--", "cat"]).run().exits(2);
}

#[test]
fn a_file_that_changes_without_its_lock_goes_through_the_command_again() {
    let lab = Lab::new();
    lab.write("file", "1");
    let command = "[ -e once ] || { : > once; printf 5 > file; }; echo $(($(cat) + 1))";
    lab.cli(["edit", "file", "--", "sh", "-c", command]).run().exits(0);
    assert_eq!(lab.read("file"), "6\n");
    let always = "date +%s%N > other; cat other > file; echo new";
    let ended = lab.cli(["edit", "file", "--", "sh", "-c", always]).run();
    assert!(ended.exits(75).complaint().contains("nothing was written"));
    lab.expect_free("file");
}

#[test]
fn a_file_in_a_directory_that_is_not_there_is_taken_for_a_mistake() {
    let lab = Lab::new();
    for verb in [&["edit", "no/file", "--", "echo", "1"][..], &["run", "no/file", "--", "true"]] {
        let ended = lab.cli(verb).run().exits(2);
        let complaint = ended.complaint();
        assert!(
            complaint.contains("`no/file`") && complaint.contains("mkdir -p no"),
            "{complaint}"
        );
        assert!(complaint.contains("nothing was done"), "{complaint}");
    }
    assert_eq!(lab.names(), [""; 0]);
}
