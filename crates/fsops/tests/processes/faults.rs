//! System calls that fail: the error tells the truth about what stands there now.

use std::fs;
use std::io;
use std::process::Command;

use fsops::{AppendError, ReplaceError, append_record, write_atomic};
use testkit::{ChildTest, skip, strace};

use crate::support::{Lab, NEW, OLD, mode_of, set_mode};

const RENAME: &str = "?rename,?renameat,renameat2";

/// Runs `function`, in which the system call `fault` fails, and returns what it reports.
#[track_caller]
fn answer_with_fault(function: &str, fault: &str, lab: &Lab) -> Option<String> {
    let (answer, was_injected) = run_with_fault(function, fault, lab)?;
    assert!(was_injected, "{fault} did not happen");
    Some(answer)
}

/// The same for a system call that `function` may not make at all; whether it did.
#[track_caller]
fn run_with_fault(function: &str, fault: &str, lab: &Lab) -> Option<(String, bool)> {
    let elsewhere = Lab::new();
    let log = elsewhere.join("calls");
    let wrapper = match strace(&["-o", log.to_str().unwrap(), "-e", &format!("inject={fault}")]) {
        Ok(wrapper) => wrapper,
        Err(why) => {
            skip(&why);
            return None;
        }
    };
    let child = ChildTest::new(module_path!(), function).through(wrapper);
    let mut child = child.var("DIRECTORY", lab.root()).spawn();
    let answer = child.await_point("answer");
    child.succeed();
    let log = fs::read_to_string(&log).unwrap();
    Some((answer, log.contains("INJECTED")))
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
    let rename = format!("{RENAME}:error=EXDEV");
    for (fault, expected) in [
        ("fsync:error=EIO:when=1", "sync, EIO, false"),
        // The group could not read it any more.
        ("fchmod:error=EPERM", "set the rights of, EPERM, false"),
        ("fchmod:error=EIO", "set the rights of, EIO, false"),
        ("fsetxattr:error=EIO", "set the rights of, EIO, false"),
        ("fsetxattr:error=ENOSPC", "set the rights of, ENOSPC, false"),
        ("lgetxattr:error=EIO", "read the rights of, EIO, false"),
        ("fgetxattr:error=EIO", "set the rights of, EIO, false"),
        (&rename, "rename into place, EXDEV, false"),
    ] {
        let lab = Lab::new();
        set_mode(&lab.old_target(), 0o640);
        if fault.starts_with("fsetxattr") && !give_access_list(&lab) {
            continue;
        }
        let before = lab.snapshot();
        let Some(answer) = answer_with_fault("child_replaces", fault, &lab) else { return };
        assert_eq!(answer, expected);
        assert_eq!(lab.snapshot(), before, "{fault}");
    }
}

/// Gives the target an access list. `false`: not possible here.
#[track_caller]
fn give_access_list(lab: &Lab) -> bool {
    let set = Command::new("setfacl").args(["-m", "u:2001:r"]).arg(lab.target()).status();
    let is_set = set.is_ok_and(|status| status.success());
    if !is_set {
        skip("setfacl (package acl) is needed");
    }
    is_set
}

#[test]
fn a_mode_that_cannot_be_set_is_no_obstacle_if_all_can_read_and_nobody_gains() {
    // What is refused is not asked for; or it would only let the group write.
    for (mode, expected, asked) in
        [(0o644, 0o644, false), (0o600, 0o600, false), (0o664, 0o644, true)]
    {
        for error in ["EPERM", "EOPNOTSUPP"] {
            let lab = Lab::new();
            set_mode(&lab.old_target(), mode);
            let fault = format!("fchmod:error={error}");
            if asked {
                let Some(answer) = answer_with_fault("child_replaces", &fault, &lab) else {
                    return;
                };
                assert_eq!(answer, "ok");
            } else {
                let Some(injected) = run_with_fault("child_replaces", &fault, &lab) else {
                    return;
                };
                assert_eq!(injected, ("ok".to_owned(), false), "{mode:o}");
            }
            assert_eq!(fs::read(lab.target()).unwrap(), NEW);
            assert_eq!(mode_of(&lab.target()), expected, "{mode:o}");
        }
    }
}

#[test]
fn a_directory_that_cannot_be_synced_is_no_obstacle_if_its_file_system_has_no_such_thing() {
    for error in ["EINVAL", "EOPNOTSUPP"] {
        let lab = Lab::new();
        for calls in [2, 1] {
            // First the file's own, then its directory's.
            let fault = format!("fsync:error={error}:when={calls}");
            let Some(answer) = answer_with_fault("child_replaces", &fault, &lab) else {
                return;
            };
            // A file that cannot be synced is another matter.
            assert_eq!(answer == "ok", calls == 2, "{answer}");
            assert_eq!(lab.names(), ["state.json"]);
        }
        fs::remove_file(lab.target()).unwrap();
        let fault = format!("fsync:error={error}");
        let Some(answer) = answer_with_fault("child_appends", &fault, &lab) else { return };
        assert_eq!(answer, "ok");
        let Some(answer) = answer_with_fault("child_creates_directories", &fault, &lab) else {
            return;
        };
        assert_eq!(answer, "ok");
    }
}

/// One that could be opened. To sync all of its file system instead is no answer: a file system can
/// say that it has done so, and have done nothing.
#[test]
fn a_directory_whose_sync_fails_is_an_error_whatever_its_number() {
    for error in ["EPERM", "EACCES", "EMFILE", "EIO"] {
        for function in ["child_appends", "child_creates_directories"] {
            let lab = Lab::new();
            let fault = format!("fsync:error={error}");
            let Some(answer) = answer_with_fault(function, &fault, &lab) else { return };
            assert_ne!(answer, "ok", "{function}, {error}");
        }
    }
}

#[test]
fn child_creates_directories() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("DIRECTORY").join("new/directories/file");
    let answer = fsops::create_parents(path, fsops::Durability::Full);
    parent.at("answer", &answer.map_or_else(|error| errno(&error), |_| "ok".to_owned()));
}

#[test]
fn what_fails_before_the_rename_leaves_no_new_file() {
    for fault in ["fsync:error=EIO:when=1", &format!("{RENAME}:error=EIO")] {
        let lab = Lab::new();
        let Some(answer) = answer_with_fault("child_replaces", fault, &lab) else { return };
        assert!(answer.ends_with("EIO, false"), "{answer}");
        assert_eq!(lab.names(), [""; 0], "{fault}");
    }
}

#[test]
fn if_only_the_directory_is_not_synced_the_error_says_that_the_new_file_is_there() {
    let lab = Lab::new();
    lab.old_target();
    let fault = "fsync:error=EIO:when=2";
    let Some(answer) = answer_with_fault("child_replaces", fault, &lab) else { return };
    assert_eq!(answer, "NotDurable, EIO, true");
    assert_eq!(fs::read(lab.target()).unwrap(), NEW);
    assert_eq!(lab.names(), ["state.json"]);
}

#[test]
fn an_owner_that_cannot_be_kept_is_no_obstacle() {
    let Some(other) = testkit::other_user() else { return skip("not root") };
    let lab = Lab::new();
    std::os::unix::fs::chown(lab.old_target(), Some(other), Some(other)).unwrap();
    let fault = "fchown:error=EPERM";
    let Some(answer) = answer_with_fault("child_replaces", fault, &lab) else { return };
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
    let lab = Lab::new();
    lab.old_target();
    let fault = "fdatasync:error=EIO";
    let Some(answer) = answer_with_fault("child_appends", fault, &lab) else { return };
    assert_eq!(answer, "NotDurable, EIO");
    assert_eq!(fs::read(lab.target()).unwrap(), [OLD, b"{}\n"].concat());
}

/// The names of the error numbers that are used here; POSIX leaves the numbers open.
fn errno(error: &io::Error) -> String {
    [("EIO", 5), ("EPERM", 1), ("EXDEV", 18), ("ENOSPC", 28)]
        .into_iter()
        .find(|(_, number)| error.raw_os_error() == Some(*number))
        .map_or_else(|| format!("{error:?}"), |(name, _)| name.to_owned())
}
