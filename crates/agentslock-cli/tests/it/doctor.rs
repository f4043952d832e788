//! `doctor`: each thing that can be wrong has a row, and each row that is not well says what to
//! type.

use std::fs;

use serde_json::Value;

use crate::merge::repo::{has_git, isolated};
use crate::support::{DOCUMENT, Lab, OtherUser, PROGRAM, Program, set_mode};

#[track_caller]
fn rows(lab: &Lab, status: i32) -> Vec<Value> {
    let ended = isolated(Program::new(PROGRAM).args(["doctor", "--json"]), lab).run();
    let told = ended.exits(status).json();
    assert_eq!(told["ok"], status == 0);
    told["rows"].as_array().unwrap().clone()
}

/// Asserts that there is one row of this topic, in this state, which says `what`, and to type
/// `next`.
#[track_caller]
fn expect_row(rows: &[Value], topic: &str, state: &str, what: &str, next: &str) {
    let found: Vec<_> = rows.iter().filter(|row| row["topic"] == topic).collect();
    let [row] = found[..] else { panic!("not one {topic:?} in {rows:?}") };
    assert_eq!(row["state"], state, "{row}");
    assert!(row["message"].as_str().unwrap().contains(what), "{row}");
    assert!(row["next"].as_str().unwrap_or_default().contains(next), "{row}");
}

#[test]
fn what_is_well_is_said_and_nothing_is_changed() {
    let lab = Lab::with("{\n  \"s\": 1\n}\n");
    let before = lab.snapshot();
    let rows = rows(&lab, 0);
    expect_row(&rows, "document", "ok", "valid", "");
    expect_row(&rows, "lock", "ok", "free", "");
    assert!(rows.iter().any(|row| row["topic"] == "directory" && row["state"] != "wrong"));
    assert_eq!(lab.snapshot(), before);
    let text = lab.cli(["doctor"]).run().exits(0);
    assert!(text.out().contains("ok    document: valid"), "{text:?}");
    lab.cli(["doctor", "-q"]).run().exits(0).says_nothing();
}

#[test]
fn a_document_that_is_larger_than_what_is_left_does_not_make_the_disk_full() {
    let lab = Lab::new();
    let file = fs::File::create(lab.join(DOCUMENT)).unwrap();
    let Ok(()) = file.set_len(1 << 42) else { return testkit::skip("no file of 4 TiB here") };
    let rows = rows(&lab, 1);
    let of = |topic: &str| rows.iter().find(|row| row["topic"] == topic).unwrap();
    let message = of("document")["message"].as_str().unwrap();
    assert!(message.contains(": "), "the reason is missing: {message}");
    // On a disk that has so much left, nothing is wrong with it.
    let disk = of("disk");
    if disk["state"] == "wrong" {
        assert!(disk["message"].as_str().unwrap().contains("too little for another"), "{disk}");
    }
}

#[test]
fn what_cannot_be_appended_to_is_a_row_and_append_sends_there() {
    let lab = Lab::new();
    std::os::unix::fs::symlink("nowhere", lab.join("link")).unwrap();
    lab.make_fifo("fifo");
    for (name, status, state, what) in [
        ("link", 1, "wrong", "leads nowhere"),
        ("fifo", 0, "note", "it is a FIFO: it can be locked, but not appended to"),
    ] {
        let refused = lab.cli(["append", name, "{}"]).run().exits(2);
        let next = format!("next: `agentslock doctor {name}`");
        assert!(refused.complaint().contains(&next), "{refused:?}");
        let told = lab.cli(["doctor", name, "--json"]).run().exits(status).json();
        let rows = told["rows"].as_array().unwrap();
        expect_row(rows, "file", state, what, &format!("ls -ld {name}"));
    }
    for name in ["log", "none"] {
        lab.write("log", "{}\n");
        let told = lab.cli(["doctor", name, "--json"]).run().exits(0).json();
        expect_row(told["rows"].as_array().unwrap(), "file", "ok", "", "");
    }
}

#[test]
fn what_could_not_be_examined_does_not_send_to_doctor() {
    let lab = Lab::new();
    let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" doctor";
    let shell = Program::new("sh").args(["-c", script, PROGRAM]).in_directory(lab.root());
    let ended = shell.run().exits(2);
    assert!(!ended.complaint().contains("agentslock doctor"), "{ended:?}");
    assert!(ended.complaint().contains("next: `ls -ld . "), "{ended:?}");
}

#[test]
fn what_is_wrong_with_a_document_is_a_row_with_the_next_command() {
    for (document, what, next) in [
        ("{\n<<<<<<< a\n  \"s\": 1\n=======\n  \"s\": 2\n>>>>>>> b\n}\n", "both sides", "--take"),
        ("{\"s\": [", "is cut off", "git checkout -- "),
        ("{\"s\":1}", "standard layout", "agentslock check --fix"),
        ("{\n  \"lock_version\": 9\n}\n", "lock_version", "update agentslock"),
        ("{\n  \"s\": {\n    \"a\": 1,\n    \"a\": 2\n  }\n}\n", "s.a", "agentslock check"),
    ] {
        let lab = Lab::with(document);
        expect_row(&rows(&lab, 1), "document", "wrong", what, next);
    }
    let nothing = Lab::new();
    expect_row(&rows(&nothing, 1), "document", "wrong", "here or above", "agentslock init");
}

#[test]
fn a_held_lock_and_left_overs_are_notes() {
    let lab = Lab::with("{}\n");
    lab.write(".agentsrc.lock.tmp-0123456789ab", "");
    fs::create_dir(lab.join(".agentsrc.lock.lock.stale-1")).unwrap();
    let holder = lab.hold(DOCUMENT);
    let rows = rows(&lab, 0);
    expect_row(&rows, "lock", "note", "still running", "agentslock holder");
    expect_row(&rows, "left-overs", "note", ".tmp-0123456789ab", "ls -ld");
    holder.finish().exits(0);
    // Of any file.
    let ended = lab.cli(["doctor", "log"]).run().exits(0);
    assert!(ended.out().contains("ok    lock: free"), "{ended:?}");
}

/// A volume can list `é` as two characters, and answer to both. Elsewhere another file can be
/// called so. That one's left-overs are not this one's.
#[test]
fn left_overs_are_told_under_the_documents_own_spelling() {
    let typed = "caf\u{e9}.json";
    let lab = Lab::new();
    lab.write(typed, "{}\n");
    lab.write(format!("{typed}.tmp-0123456789ab"), "");
    fs::create_dir(lab.join(format!("{typed}.lock.prep-00c0ffee00c0ffee"))).unwrap();
    let others = ["cafe\u{301}.json.tmp-ba9876543210", "tea.json.tmp-ba9876543210"];
    for other in others {
        lab.write(other, "");
    }
    let row = |preloaded: &str| {
        let doctor = lab.cli(["doctor", typed, "--json"]).env("LD_PRELOAD", preloaded);
        let told = doctor.run().exits(0).json();
        let rows = told["rows"].as_array().unwrap().clone();
        expect_row(&rows, "left-overs", "note", "killed writers", "ls -ld");
        rows.into_iter().find(|row| row["topic"] == "left-overs").unwrap()
    };
    let listed_as_typed = row("");
    let next = listed_as_typed["next"].as_str().unwrap();
    let expected = format!("ls -ld {typed}.lock.prep-00c0ffee00c0ffee {typed}.tmp-0123456789ab");
    assert_eq!(next, expected);
    match testkit::Preload::of_another_spelling() {
        Ok(library) => assert_eq!(row(library.path().to_str().unwrap()), listed_as_typed),
        Err(why) => testkit::skip(&why),
    }
    // What to type names the files from here.
    fs::create_dir(lab.join("below")).unwrap();
    lab.write("below/log.tmp-0123456789ab", "");
    let ended = lab.cli(["doctor", "below/log"]).run().exits(0);
    assert!(ended.out().contains("next: ls -ld below/log.tmp-0123456789ab"), "{ended:?}");
}

#[test]
fn a_directory_in_which_one_may_not_write_is_wrong() {
    let Some(user) = OtherUser::for_test() else { return };
    let lab = Lab::with("{}\n");
    set_mode(lab.root(), 0o755);
    let ended = user.agentslock(["doctor"]).in_directory(lab.root()).run().exits(1);
    assert!(ended.out().contains("wrong directory: no lock can be made"), "{ended:?}");
    assert!(ended.out().contains("next: ls -ld"), "{ended:?}");
}

#[test]
fn init_mends_what_doctor_notes_about_git_and_is_undone() {
    if !has_git() {
        return;
    }
    let lab = Lab::new();
    let run = |program: &str, arguments: &[&str]| {
        let directory = std::path::Path::new(PROGRAM).parent().unwrap().display().to_string();
        let path = format!("{directory}:{}", std::env::var("PATH").unwrap());
        isolated(Program::new(program).args(arguments).env("PATH", path), &lab).run()
    };
    let init = |arguments: &[&str]| run(PROGRAM, &[&["init"], arguments].concat());
    run("git", &["init", "-q", "-b", "main"]).exits(0);
    let names = lab.names();
    let refused = init(&[]).exits(2);
    assert!(refused.complaint().contains("--all"), "{refused:?}");
    assert!(init(&["--all", "-n"]).exits(0).out().contains("would be done: "));
    assert_eq!(lab.names(), names);
    let done = init(&["--all", "--json"]).exits(0).json();
    assert!(done["done"].as_array().unwrap().len() >= 4, "{done}");
    assert_eq!(init(&["--all"]).exits(0).out(), "nothing to do\n");
    let rows = rows(&lab, 0);
    for topic in ["document", "git", "ignore lines", "merge driver"] {
        expect_row(&rows, topic, "ok", "", "");
    }
    // The hook refuses what check refuses.
    run("git", &["add", "-A"]).exits(0);
    run("git", &["commit", "-qm", "first"]).exits(0);
    lab.write(DOCUMENT, "{}  ");
    run("git", &["commit", "-qam", "second"]).exits(1);
    run("git", &["checkout", "-q", "--", DOCUMENT]).exits(0);
    init(&["--undo", "--all"]).exits(0);
    assert_eq!(lab.names(), names);
    assert!(!lab.join(".git/hooks/pre-commit").exists());
    // Before and after that is committed.
    init(&["--undo", "--all"]).exits(0);
    run("git", &["commit", "-qam", "undone"]).exits(0);
    assert_eq!(init(&["--undo", "--all"]).exits(0).out(), "nothing to do\n");
    // What is somebody's stays.
    lab.write(DOCUMENT, "{\"s\":1}");
    lab.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    init(&["--undo", "--all"]).exits(0);
    assert_eq!(lab.document(), "{\"s\":1}");
    let ended = init(&["--hook"]).exits(2);
    assert!(ended.complaint().contains("stays as it is"), "{ended:?}");
    assert_eq!(lab.read(".git/hooks/pre-commit"), "#!/bin/sh\n");
}

#[test]
fn an_ignored_document_is_wrong() {
    if !has_git() {
        return;
    }
    let lab = Lab::with("{}\n");
    isolated(Program::new("git").args(["init", "-q"]), &lab).run().exits(0);
    lab.write(".gitignore", "*.lock\n");
    expect_row(&rows(&lab, 1), "git", "wrong", "ignores the document", "git check-ignore -v");
}

#[test]
fn child_examines_a_disk_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    fs::write(directory.join(DOCUMENT), "{}\n").unwrap();
    let doctor = || {
        let doctor = Program::agentslock(["doctor", "--json"]).in_directory(&directory);
        doctor.run().exits(1).json()["rows"].as_array().unwrap().clone()
    };
    testkit::fill_but(&directory, 0);
    let full = doctor();
    expect_row(&full, "disk", "wrong", "the disk is full: 0 KiB are left", "df -h");
    expect_row(&full, "directory", "wrong", "no room", "df -h");
    // A message says once what was not done, and what to type.
    for verb in [&["set", "s", "1"][..], &["append", "log", "{}"], &["run", "t", "--", "true"]] {
        let ended = Program::agentslock(verb).in_directory(&directory).run().exits(2);
        let complaint = ended.complaint();
        assert_eq!(complaint.matches("nothing was").count(), 1, "{complaint}");
        assert!(complaint.contains("next: `df -h "), "{complaint}");
    }
    // Nothing half-written, either.
    let init = ["init", "--document", "--file", "first"];
    let ended = Program::agentslock(init).in_directory(&directory).run().exits(2);
    assert!(ended.complaint().contains("nothing was written; next: `df -h"), "{ended:?}");
    assert_eq!(testkit::names(&directory), [DOCUMENT, "filler"]);
}

#[test]
fn a_full_disk_is_wrong_and_messages_say_so_once() {
    crate::support::run_on_small_disk(module_path!(), "child_examines_a_disk_without_room");
}

#[test]
fn the_file_system_is_asked_what_it_can_do_and_how_much_room_it_has() {
    let lab = Lab::with("{}\n");
    let rows = rows(&lab, 0);
    expect_row(&rows, "exclusive rename", "ok", "whole", "");
    expect_row(&rows, "disk", "ok", "MiB are left", "");
    assert_eq!(lab.names(), [DOCUMENT], "nothing is left of what was tried");
}
