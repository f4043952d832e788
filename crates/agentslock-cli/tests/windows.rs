//! The program on Windows. What it does with documents and locks is the libraries'; what is its own
//! there is how it runs commands.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn agentslock(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_agentslock"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn succeeds(directory: &Path, arguments: &[&str]) -> String {
    let output = agentslock(directory, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_section_that_is_set_is_shown() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(".agentsrc.lock"), "{}").unwrap();
    fs::write(place.path().join("value.json"), "{\"project\": \"demo\"}").unwrap();
    succeeds(place.path(), &["set", "install", "@value.json"]);
    assert_eq!(succeeds(place.path(), &["show", "install.project"]).trim(), "\"demo\"");
    assert_eq!(names(&place), [".agentsrc.lock", "value.json"]);
}

#[test]
fn appended_records_are_lines() {
    let place = tempfile::tempdir().unwrap();
    for n in 0..3 {
        succeeds(place.path(), &["append", "log.ndjson", &format!("{{\"n\":{n}}}")]);
    }
    let log = fs::read_to_string(place.path().join("log.ndjson")).unwrap();
    assert_eq!(log, "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(names(&place), ["log.ndjson"]);
}

/// The command here is this program itself: it cannot get the lock that is held around it.
#[test]
fn run_holds_the_lock_and_gives_the_commands_own_exit_code() {
    let place = tempfile::tempdir().unwrap();
    let own = env!("CARGO_BIN_EXE_agentslock");
    let inner = ["run", "log.ndjson", "--", own, "append", "--wait", "0", "log.ndjson", "{}"];
    let output = agentslock(place.path(), &inner);
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    succeeds(place.path(), &["run", "log.ndjson", "--", own, "append", "other.ndjson", "{}"]);
    assert_eq!(names(&place), ["other.ndjson"]);
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let place = tempfile::tempdir().unwrap();
    let output = agentslock(place.path(), &["run", "log.ndjson", "--", "no-such-command"]);
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    assert_eq!(names(&place), [""; 0]);
}
