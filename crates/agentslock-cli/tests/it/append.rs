//! `append`: each record whole, on a line of its own.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::thread;

use serde_json::{Value, json};

use crate::support::{Lab, OtherUser, PROGRAM, Program, fill_but, run_on_small_disk, set_mode};

#[test]
fn a_record_comes_from_an_argument_or_from_standard_input() {
    let lab = Lab::new();
    lab.cli(["append", "log", "{\"n\": 1}"]).run().exits(0).says_nothing();
    lab.cli(["append", "log"]).input("{\"n\":2}\n").run().exits(0).says_nothing();
    // An argument is enough: standard input is not waited for.
    let mut append = lab.cli(["append", "log", "--", "-1.50e3"]).open_input("").start();
    append.await_end();
    append.finish().exits(0);
    assert_eq!(lab.read("log"), "{\"n\":1}\n{\"n\":2}\n-1.50e3\n");
    lab.expect_free("log");
    assert_eq!(lab.names(), ["log"]);
}

#[test]
fn the_directory_of_a_new_log_is_made_and_goes_again_if_there_is_no_log() {
    let lab = Lab::new();
    lab.cli(["append", "new/logs/log", "{}"]).run().exits(0).says_nothing();
    assert_eq!(lab.read("new/logs/log"), "{}\n");
    lab.cli(["append", "other/logs/log", "{"]).run().exits(2);
    lab.cli(["append", "other/logs/log", "{}", "-n"]).run().exits(0);
    assert_eq!(lab.names(), ["new"]);
}

/// A drop box: one may write there, and not read.
#[test]
fn a_directory_that_may_not_be_read_makes_no_record_appear_twice() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = Lab::new();
    set_mode(lab.root(), 0o733);
    let append = |log: &str, n: u32| {
        let record = format!("{{\"n\":{n}}}");
        user.agentslock(["append", log, &record]).in_directory(lab.root()).run()
    };
    append("log", 1).exits(0).says_nothing();
    append("log", 2).exits(0).says_nothing();
    append("new/log", 1).exits(0).says_nothing();
    assert_eq!(lab.read("log"), "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(lab.read("new/log"), "{\"n\":1}\n");
}

/// Whoever is told of a failure tries again.
#[test]
fn with_too_few_descriptors_a_record_is_appended_or_is_not_in_the_log() {
    let mut appended = 0;
    for limit in 3..14 {
        for log in ["new", "old"] {
            let lab = Lab::new();
            lab.write("old", "");
            let script = format!("ulimit -n {limit}; exec \"$0\" append {log} '{{}}'");
            let shell = Program::new("sh").args(["-c", &script, PROGRAM]).in_directory(lab.root());
            let ended = shell.run();
            let is_in = fs::read_to_string(lab.join(log)).is_ok_and(|text| text == "{}\n");
            assert_eq!(is_in, ended.succeeded(), "{limit} {log}: {ended:?}");
            appended += u32::from(is_in);
        }
    }
    assert!(appended > 0);
}

#[test]
fn json_says_what_was_done() {
    let lab = Lab::new();
    let odd = OsStr::from_bytes(b"\xff.log");
    let append = || lab.cli(["append", "--json"]).args([odd]).args(["{}"]).run().exits(0).json();
    let told = |torn| {
        let path = "\u{fffd}.log";
        json!({"agentslock": 1, "ok": true, "path": path, "outcome": "appended",
            "records": 1, "closed_torn_tail": torn})
    };
    assert_eq!(append(), told(false));
    lab.write(odd, "{\"torn");
    assert_eq!(append(), told(true));
    assert_eq!(lab.read(odd), "{\"torn\n{}\n");
}

#[test]
fn a_record_that_is_spread_over_lines_is_written_as_one() {
    let lab = Lab::new();
    let spread = "\n {\n\t\"a\" : [ 1.0 ,\r\n {} ],\n\"b\":\"x\\ny z\"\n}\n\n";
    lab.cli(["append", "log"]).input(spread).run().exits(0);
    lab.cli(["append", "log", spread]).run().exits(0);
    let line = "{\"a\":[1.0,{}],\"b\":\"x\\ny z\"}\n";
    assert_eq!(lab.read("log"), line.repeat(2));
}

#[test]
fn a_torn_tail_is_closed_off_and_damages_no_record() {
    let lab = Lab::new();
    lab.write("log", "{\"n\":1}\n{\"n\":");
    lab.cli(["append", "log", "{\"n\":2}"]).run().exits(0).says_nothing();
    assert_eq!(lab.read("log"), "{\"n\":1}\n{\"n\":\n{\"n\":2}\n");
}

#[test]
fn what_is_already_in_the_log_stays_and_so_does_the_file() {
    let lab = Lab::new();
    lab.write("log", b"not JSON, nor UTF-8: \xff\n\n");
    let inode = fs::metadata(lab.join("log")).unwrap().ino();
    lab.cli(["append", "log", "{}"]).run().exits(0);
    assert_eq!(fs::read(lab.join("log")).unwrap(), b"not JSON, nor UTF-8: \xff\n\n{}\n");
    // Who reads it while it grows has it open.
    assert_eq!(fs::metadata(lab.join("log")).unwrap().ino(), inode);
}

#[test]
fn what_is_not_one_json_value_is_refused_and_the_log_is_not_touched() {
    let lab = Lab::new();
    lab.write("log", "{}\n{\"torn");
    let before = lab.snapshot();
    let records: [(&[u8], &str); 5] = [
        (b"", "line 1, column 1"),
        (b" \n", "line 2, column 1"),
        (b"{\"a\":\nx}", "line 2, column 1"),
        (b"{\"a\"", "line 1, column 4"),
        (b"\"\xff\"", "line 1, column 2"),
    ];
    for (record, place) in records {
        let argument = [OsStr::from_bytes(record)];
        for (source, arguments) in [("the record", &argument[..]), ("standard input", &[])] {
            let append = |flags: &[&str]| {
                lab.cli(["append", "log"]).args(flags).args(arguments).input(record).run().exits(2)
            };
            let ended = append(&[]);
            let complaint = ended.complaint();
            assert!(complaint.contains(source) && complaint.contains(place), "{complaint}");
            let told = append(&["--json"]).json();
            assert_eq!((&told["ok"], &told["path"]), (&json!(false), &json!("log")));
            assert_eq!(
                told["error"],
                json!({"kind": "input", "message": complaint}),
                "as on standard error"
            );
            // Nor is a log created for it.
            lab.cli(["append", "new"]).args(arguments).input(record).run().exits(2);
        }
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn records_of_many_processes_are_all_there_and_whole() {
    const PROCESSES: usize = 8;
    const RECORDS: usize = 25;
    let lab = Lab::new();
    // Longer than what a pipe or a page takes at once.
    let padding = "x".repeat(10_000);
    thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (lab, padding) = (&lab, &padding);
            scope.spawn(move || {
                for record in 0..RECORDS {
                    let record = json!([process, record, padding]).to_string();
                    // It may say that it waits.
                    lab.cli(["append", "log", "--wait", "100"]).input(record).run().exits(0);
                }
            });
        }
    });
    let log = lab.read("log");
    let mut next = [0; PROCESSES];
    for line in log.lines() {
        let (process, record, text): (usize, usize, &str) = serde_json::from_str(line).unwrap();
        assert_eq!((record, text), (next[process], &*padding), "in the order of each process");
        next[process] += 1;
    }
    assert_eq!(next, [RECORDS; PROCESSES]);
    assert_eq!(lab.names(), ["log"]);
}

#[test]
fn child_appends_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let append = |record: &str| {
        Program::agentslock(["append", "log", "--json"])
            .in_directory(&directory)
            .input(record)
            .run()
    };
    let large = json!("x".repeat(50_000)).to_string();
    for log in ["{}\n", "{}\n{\"torn"] {
        fs::write(directory.join("log"), log).unwrap();
        // One page for the lock, one for what is written of the record.
        for pages in [0, 1, 2] {
            fill_but(&directory, pages);
            let before = testkit::snapshot_of_files(&directory);
            let told = append(&large).exits(2).json();
            let message = told["error"]["message"].as_str().unwrap();
            assert!(message.contains("log") && message.contains("No space left"), "{message}");
            assert_eq!(fs::read_to_string(directory.join("log")).unwrap(), log, "{pages}");
            assert!(before.keys().eq(testkit::snapshot_of_files(&directory).keys()), "{pages}");
        }
        // A shorter record has room.
        assert_eq!(append("{}").exits(0).json()["closed_torn_tail"], log.contains("torn"));
        fs::remove_file(directory.join("filler")).unwrap();
    }
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was_and_the_lock_free() {
    run_on_small_disk(module_path!(), "child_appends_without_room");
}

#[test]
fn a_log_behind_a_link_is_appended_to_and_the_link_stays() {
    let lab = Lab::new();
    lab.write("real", "{}\n");
    std::os::unix::fs::symlink("real", lab.join("log")).unwrap();
    lab.cli(["append", "log", "1"]).run().exits(0);
    assert_eq!(lab.read("real"), "{}\n1\n");
    assert!(fs::symlink_metadata(lab.join("log")).unwrap().is_symlink());
}

#[test]
fn every_kind_of_value_is_a_record() {
    let lab = Lab::new();
    for record in ["null", "true", "0", "\"s\"", "[]", "{}"] {
        lab.cli(["append", "log", record]).run().exits(0);
    }
    let values: Vec<Value> =
        lab.read("log").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values, [json!(null), json!(true), json!(0), json!("s"), json!([]), json!({})]);
}

#[test]
fn many_records_are_appended_under_one_hold() {
    let lab = Lab::new();
    let records = |writer: u32| -> String {
        let record = |number| format!("{{\"writer\": {writer},\n \"number\":{number}}}");
        (0..50).map(record).collect::<Vec<_>>().join(" ")
    };
    let running: Vec<_> = (0..6)
        .map(|writer| {
            let append = lab.cli(["append", "log", "--wait", "60", "--json"]);
            append.input(records(writer)).start()
        })
        .collect();
    for append in running {
        assert_eq!(append.finish().exits(0).json()["records"], 50);
    }
    let log = lab.read("log");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 300);
    for block in lines.chunks(50) {
        for (number, line) in block.iter().enumerate() {
            assert_eq!(*line, json!({"writer": block[0]["writer"], "number": number}));
        }
    }
}

#[test]
fn two_values_in_one_argument_are_a_mistake() {
    let lab = Lab::new();
    let ended = lab.cli(["append", "log", "{}\n{}"]).run().exits(2);
    assert!(ended.complaint().contains("the record, line 2, column 1"), "{ended:?}");
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn of_many_records_one_that_is_no_json_is_named_and_none_is_appended() {
    let lab = Lab::new();
    for (input, why) in [
        ("{\"a\":1}\n{\"b\":}\n", "standard input, line 2, column 6: record 2 is not JSON"),
        ("{\"a\":1}\n{\"b\":2", "record 2 is not JSON"),
        ("{,}", "standard input, line 1, column 2"),
        ("", "standard input, line 1, column 1: it is empty"),
        (" \n", "standard input, line 2, column 1: it is empty"),
    ] {
        let ended = lab.cli(["append", "log"]).input(input).run().exits(2);
        let complaint = ended.complaint();
        assert!(
            complaint.contains(why) && complaint.contains("nothing was written"),
            "{complaint}"
        );
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn records_come_from_a_file_or_a_dash() {
    let lab = Lab::new();
    lab.write("records", "1 2\n3");
    lab.cli(["append", "log", "@records"]).run().exits(0);
    lab.cli(["append", "log", "-"]).input("4").run().exits(0);
    assert_eq!(lab.read("log"), "1\n2\n3\n4\n");
}
