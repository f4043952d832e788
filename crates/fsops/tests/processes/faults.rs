//! System calls that fail: the error tells the truth about what stands there now.

use std::fs;
use std::io;

use fsops::{AppendError, ReplaceError, append_record, write_atomic};
use testkit::{ChildTest, skip, strace};

use crate::support::{Lab, NEW, OLD};

const RENAME: &str = "?rename,?renameat,renameat2";

/// Runs `function`, in which the system call `fault` fails, and returns what it reports.
fn answer_with_fault(test: &str, function: &str, fault: &str, lab: &Lab) -> Option<String> {
    let elsewhere = Lab::new();
    let log = elsewhere.join("calls");
    let wrapper = match strace(&["-o", log.to_str().unwrap(), "-e", &format!("inject={fault}")]) {
        Ok(wrapper) => wrapper,
        Err(why) => {
            skip(test, &why);
            return None;
        }
    };
    let child = ChildTest::new(module_path!(), function).through(wrapper);
    let mut child = child.var("DIRECTORY", lab.root()).spawn();
    let answer = child.await_point("answer");
    child.succeed();
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("INJECTED"), "{fault} did not happen:\n{log}");
    Some(answer)
}

#[test]
fn child_replaces() {
    let Some(parent) = testkit::parent() else { return };
    let answer = match write_atomic(parent.path("DIRECTORY").join("state.json"), NEW) {
        Ok(()) => "ok".to_owned(),
        Err(error) => {
            let is_committed = error.is_committed();
            let (name, source) = match error {
                ReplaceError::Io { source, verb, .. } => (verb, source),
                ReplaceError::NotDurable { source, .. } => ("NotDurable", source),
                other => panic!("{other:?}"),
            };
            format!("{name}, {}, {is_committed}", errno(&source))
        }
    };
    parent.at("answer", &answer);
}

#[test]
fn what_fails_before_the_rename_leaves_the_old_file_and_nothing_else() {
    const TEST: &str = "what_fails_before_the_rename_leaves_the_old_file_and_nothing_else";
    let rename = format!("{RENAME}:error=EXDEV");
    for (fault, expected) in [
        ("fsync:error=EIO:when=1", "sync, EIO, false"),
        ("fchmod:error=EPERM", "set the mode of, EPERM, false"),
        (&rename, "rename into place, EXDEV, false"),
    ] {
        let lab = Lab::new();
        lab.old_target();
        let before = lab.picture();
        let Some(answer) = answer_with_fault(TEST, "child_replaces", fault, &lab) else { return };
        assert_eq!(answer, expected);
        assert_eq!(lab.picture(), before, "{fault}");
    }
}

#[test]
fn what_fails_before_the_rename_leaves_no_new_file() {
    const TEST: &str = "what_fails_before_the_rename_leaves_no_new_file";
    for fault in ["fsync:error=EIO:when=1", &format!("{RENAME}:error=EIO")] {
        let lab = Lab::new();
        let Some(answer) = answer_with_fault(TEST, "child_replaces", fault, &lab) else { return };
        assert!(answer.ends_with("EIO, false"), "{answer}");
        assert_eq!(lab.names(), [""; 0], "{fault}");
    }
}

#[test]
fn if_only_the_directory_is_not_synced_the_error_says_that_the_new_file_is_there() {
    const TEST: &str =
        "if_only_the_directory_is_not_synced_the_error_says_that_the_new_file_is_there";
    let lab = Lab::new();
    lab.old_target();
    let fault = "fsync:error=EIO:when=2";
    let Some(answer) = answer_with_fault(TEST, "child_replaces", fault, &lab) else { return };
    assert_eq!(answer, "NotDurable, EIO, true");
    assert_eq!(fs::read(lab.target()).unwrap(), NEW);
    assert_eq!(lab.names(), ["state.json"]);
}

#[test]
fn an_owner_that_cannot_be_kept_is_no_obstacle() {
    const TEST: &str = "an_owner_that_cannot_be_kept_is_no_obstacle";
    let Some(other) = testkit::other_user() else { return skip(TEST, "not root") };
    let lab = Lab::new();
    std::os::unix::fs::chown(lab.old_target(), Some(other), Some(other)).unwrap();
    let fault = "fchown:error=EPERM";
    let Some(answer) = answer_with_fault(TEST, "child_replaces", fault, &lab) else { return };
    assert_eq!(answer, "ok");
    assert_eq!(fs::read(lab.target()).unwrap(), NEW);
}

#[test]
fn child_appends() {
    let Some(parent) = testkit::parent() else { return };
    let answer = match append_record(parent.path("DIRECTORY").join("state.json"), b"{}") {
        Ok(_) => "ok".to_owned(),
        Err(AppendError::NotDurable { source, .. }) => format!("NotDurable, {}", errno(&source)),
        Err(other) => panic!("{other:?}"),
    };
    parent.at("answer", &answer);
}

#[test]
fn a_record_that_is_not_synced_is_there_and_the_error_says_so() {
    const TEST: &str = "a_record_that_is_not_synced_is_there_and_the_error_says_so";
    let lab = Lab::new();
    lab.old_target();
    let fault = "fdatasync:error=EIO";
    let Some(answer) = answer_with_fault(TEST, "child_appends", fault, &lab) else { return };
    assert_eq!(answer, "NotDurable, EIO");
    assert_eq!(fs::read(lab.target()).unwrap(), [OLD, b"{}\n"].concat());
}

/// The names of the error numbers that are used here; POSIX leaves the numbers open.
fn errno(error: &io::Error) -> String {
    [("EIO", 5), ("EPERM", 1), ("EXDEV", 18)]
        .into_iter()
        .find(|(_, number)| error.raw_os_error() == Some(*number))
        .map_or_else(|| format!("{error:?}"), |(name, _)| name.to_owned())
}
