//! The order of system calls, which is what a power cut is survived by.

use std::fs;
use std::path::Path;

use fsops::{
    AtomicFile, Durability, append_record, append_record_with, create_parents, write_atomic,
};
use std::io::Write;
use testkit::{ChildTest, skip, strace};

use crate::support::{Lab, NEW, OLD};

const TRACED: &str = "write,pwrite64,writev,fsync,fdatasync,ftruncate,?rename,?renameat,renameat2,\
                      ?mkdir,mkdirat";

/// The calls that `function` makes in `lab`. Each is a name and the last components of its paths,
/// without the random part of a temporary.
#[track_caller]
fn calls_of(function: &str, lab: &Lab) -> Option<Vec<String>> {
    traced_calls_of(TRACED, function, lab)
}

/// The same of the calls that are `traced`.
#[track_caller]
fn traced_calls_of(traced: &str, function: &str, lab: &Lab) -> Option<Vec<String>> {
    let elsewhere = Lab::new();
    let log = elsewhere.join("calls");
    let (to, traced) = (log.to_str().unwrap(), format!("trace={traced}"));
    let wrapper = match strace(&["-o", to, "-y", "-s", "4096", "-e", &traced]) {
        Ok(wrapper) => wrapper,
        Err(why) => {
            skip(&why);
            return None;
        }
    };
    let child = ChildTest::new(module_path!(), function).through(wrapper);
    child.var("DIRECTORY", lab.root()).spawn().succeed();
    let root = fs::canonicalize(lab.root()).unwrap();
    let log = fs::read_to_string(&log).unwrap();
    let calls: Vec<String> = log.lines().filter_map(|line| call_in(&root, line)).collect();
    assert!(!calls.is_empty(), "the calls were not recognised:\n{log}");
    Some(calls)
}

fn call_in(root: &Path, line: &str) -> Option<String> {
    // `1234 fsync(3</tmp/x/state.json.tmp-Ab0>) = 0`; the number may be missing.
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let (name, arguments) = line.split_once('(')?;
    let mut paths = Vec::new();
    for part in arguments.split(root.to_str().unwrap()).skip(1) {
        let end = part.find(['>', '"']).unwrap_or(part.len());
        // `3</tmp/x/below>, "name"`: a name in that directory.
        let (path, rest) = (part[..end].trim_start_matches('/'), &part[end..]);
        let below = rest.strip_prefix(">, \"").filter(|_| name.starts_with("rename"));
        let below = below.and_then(|rest| rest.split('"').next());
        let path = match below {
            Some(name) if name.starts_with('/') => continue,
            Some(name) if path.is_empty() => name.to_owned(),
            Some(name) => format!("{path}/{name}"),
            None => path.to_owned(),
        };
        let path = path.split_once(".tmp-").map_or(&*path, |(_, _)| "TEMPORARY");
        paths.push(if path.is_empty() { "DIRECTORY" } else { path }.to_owned());
    }
    let name = if name.starts_with("rename") { "rename" } else { name };
    let name = name.trim_end_matches("at");
    (!paths.is_empty()).then(|| format!("{name} {}", paths.join(" ")))
}

#[test]
fn child_replaces_a_file() {
    let Some(parent) = testkit::parent() else { return };
    write_atomic(parent.path("DIRECTORY").join("state.json"), NEW).unwrap();
}

#[test]
fn content_is_synced_before_it_takes_the_name_and_the_name_after() {
    for exists in [true, false] {
        let lab = Lab::new();
        if exists {
            fs::write(lab.target(), OLD).unwrap();
        }
        let Some(calls) = calls_of("child_replaces_a_file", &lab) else { return };
        let expected = [
            "write TEMPORARY",
            "fsync TEMPORARY",
            "rename TEMPORARY state.json",
            "fsync DIRECTORY",
        ];
        assert_eq!(calls, expected);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn rights_take_two_looks_and_no_change_if_the_mode_is_right_and_come_before_any_content() {
    let traced = "write,fchmod,fchown,lgetxattr,fgetxattr,fsetxattr,fremovexattr";
    let looks = ["lgetxattr state.json", "fgetxattr TEMPORARY"];
    for (mode, list, changes) in [
        (0o644, None, &[][..]),
        (0o600, None, &[]),
        (0o640, None, &["fchmod TEMPORARY"]),
        (0o640, Some("u:2001:rw,g::---"), &["fsetxattr TEMPORARY"]),
    ] {
        let lab = Lab::new();
        lab.old_target();
        crate::support::set_mode(&lab.target(), mode);
        if let Some(list) = list {
            let mut setfacl = std::process::Command::new("setfacl");
            let set = setfacl.args(["-m", list]).arg(lab.target()).status();
            if !set.is_ok_and(|status| status.success()) {
                return skip("setfacl (package acl) is needed");
            }
        }
        let function = "child_replaces_a_file_without_syncing";
        let Some(calls) = traced_calls_of(traced, function, &lab) else { return };
        let expected = [&looks[..], changes, &["write TEMPORARY"]].concat();
        assert_eq!(calls, expected, "{mode:o} {list:?}");
    }
}

#[test]
fn child_replaces_a_file_where_others_created_the_directories() {
    let Some(parent) = testkit::parent() else { return };
    for _ in 0..2 {
        write_atomic(parent.path("DIRECTORY").join("new/directory/state.json"), NEW).unwrap();
    }
}

#[test]
fn a_file_in_directories_that_others_created_is_durable_with_all_their_names() {
    let lab = Lab::new();
    fs::create_dir_all(lab.join("new/directory")).unwrap();
    let function = "child_replaces_a_file_where_others_created_the_directories";
    let Some(calls) = calls_of(function, &lab) else { return };
    let replaced = [
        "write TEMPORARY",
        "fsync TEMPORARY",
        "rename TEMPORARY new/directory/state.json",
        "fsync new/directory",
    ];
    let first = [&replaced[..], &["fsync new", "fsync DIRECTORY"]].concat();
    // Once is enough.
    assert_eq!(calls, [&first[..], &replaced].concat());
}

#[test]
fn child_replaces_a_file_without_syncing() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("DIRECTORY").join("state.json");
    let mut file = AtomicFile::create(&path, Durability::Atomic).unwrap();
    file.write_all(NEW).unwrap();
    file.commit().unwrap();
}

#[test]
fn nothing_is_synced_if_that_is_not_asked_for() {
    let lab = Lab::new();
    let Some(calls) = calls_of("child_replaces_a_file_without_syncing", &lab) else { return };
    assert_eq!(calls, ["write TEMPORARY", "rename TEMPORARY state.json"]);
}

#[test]
fn child_appends() {
    let Some(parent) = testkit::parent() else { return };
    let log = parent.path("DIRECTORY").join("log");
    append_record(&log, b"{}").unwrap();
    append_record(&log, b"{}").unwrap();
    append_record_with(&log, b"{}", Durability::Atomic).unwrap();
}

#[test]
fn a_record_is_one_write_and_then_synced_with_the_name_if_that_is_new() {
    let lab = Lab::new();
    let Some(calls) = calls_of("child_appends", &lab) else { return };
    let expected = [
        "write log",
        "fdatasync log",
        "fsync DIRECTORY",
        "write log",
        "fdatasync log",
        "write log",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn child_appends_to_what_others_created() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    append_record(directory.join("new/directory/log"), b"{}").unwrap();
    append_record(directory.join("link"), b"{}").unwrap();
}

#[test]
fn a_log_that_another_writer_created_with_its_directories_is_durable_with_all_their_names() {
    let lab = Lab::new();
    fs::create_dir_all(lab.join("new/directory")).unwrap();
    fs::create_dir_all(lab.join("other/place")).unwrap();
    for log in ["new/directory/log", "other/place/log"] {
        fs::write(lab.join(log), "{}\n").unwrap();
    }
    std::os::unix::fs::symlink("other/place/log", lab.join("link")).unwrap();
    let Some(calls) = calls_of("child_appends_to_what_others_created", &lab) else { return };
    let expected = [
        "write new/directory/log",
        "fdatasync new/directory/log",
        "fsync new/directory",
        "fsync new",
        "fsync DIRECTORY",
        "write other/place/log",
        "fdatasync other/place/log",
        "fsync other/place",
        "fsync other",
        "fsync DIRECTORY",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn child_creates_directories() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    create_parents(directory.join("there/a/b/file"), Durability::Full).unwrap();
    create_parents(directory.join("c/file"), Durability::Atomic).unwrap();
}

#[test]
fn each_new_directory_is_synced_into_its_parent_and_the_one_that_was_there_first() {
    let lab = Lab::new();
    fs::create_dir(lab.join("there")).unwrap();
    let Some(calls) = calls_of("child_creates_directories", &lab) else { return };
    let expected = [
        "fsync DIRECTORY",
        "mkdir there/a",
        "fsync there",
        "mkdir there/a/b",
        "fsync there/a",
        "mkdir c",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn child_needs_no_directory() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    create_parents(directory.join("there/file"), Durability::Full).unwrap();
    create_parents(directory.join("there/missing"), Durability::Atomic).unwrap();
    create_parents(directory.join("there/missing"), Durability::Full).unwrap();
}

#[test]
fn a_directory_without_the_file_is_synced_into_its_parent_in_case_it_is_just_being_created() {
    let lab = Lab::new();
    fs::create_dir(lab.join("there")).unwrap();
    fs::write(lab.join("there/file"), OLD).unwrap();
    let Some(calls) = calls_of("child_needs_no_directory", &lab) else { return };
    assert_eq!(calls, ["fsync DIRECTORY"]);
}
