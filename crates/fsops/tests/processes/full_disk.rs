//! A disk without room: the old content stays, and nothing else.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};

use fsops::{
    AppendError, AtomicFile, Durability, ReplaceError, append_record, append_record_with,
    write_atomic,
};
use testkit::{ChildTest, fill_but, skip, small_disk, strace};

use crate::support::{Lab, NEW, OLD, names, snapshot};

/// Runs `function` with a file system of 64 KiB at `DIRECTORY`, through the command `wrapper`, too.
#[track_caller]
fn run_on_small_disk(function: &str, wrapper: Vec<String>) {
    let lab = Lab::new();
    match small_disk(lab.root()) {
        Ok(mut disk) => {
            disk.extend(wrapper);
            let child = ChildTest::new(module_path!(), function).through(disk);
            child.var("DIRECTORY", lab.root()).spawn().succeed();
        }
        Err(why) => skip(&why),
    }
    assert_eq!(lab.names(), [""; 0], "it was not the small disk that was written to");
}

#[test]
fn child_replaces_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let path = directory.join("state.json");
    fs::write(&path, OLD).unwrap();
    fill_but(&directory, 1);
    let before = snapshot(&directory);
    let too_much = vec![b'n'; 50_000];
    for path in [&path, &directory.join("new.json")] {
        let error = write_atomic(path, &too_much).unwrap_err();
        assert!(!error.is_committed());
        let ReplaceError::Io { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source.kind(), ErrorKind::StorageFull);
        assert_eq!(snapshot(&directory), before);

        let mut file = AtomicFile::create(path, Durability::Atomic).unwrap();
        let error = file.write_all(&too_much).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        drop(file);
        assert_eq!(snapshot(&directory), before);
    }
    write_atomic(&path, NEW).unwrap();
    assert_eq!(fs::read(&path).unwrap(), NEW);
    assert_eq!(names(&directory), ["filler", "state.json"]);
}

#[test]
fn a_full_disk_leaves_the_old_content_and_nothing_else() {
    run_on_small_disk("child_replaces_without_room", Vec::new());
}

#[test]
fn child_appends_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let log = directory.join("log");
    let too_much = vec![b'n'; 50_000];
    for (content, durability) in [
        ("{\"n\":1}\n", Durability::Full),
        ("{\"n\":1}\n{\"torn", Durability::Atomic),
        ("", Durability::Full),
    ] {
        fs::write(&log, content).unwrap();
        fill_but(&directory, 1);
        let error = append_record_with(&log, &too_much, durability).unwrap_err();
        let AppendError::Io { source, path, .. } = error else { panic!("{error:?}") };
        assert_eq!((source.kind(), path), (ErrorKind::StorageFull, log.clone()));
        assert_eq!(fs::read_to_string(&log).unwrap(), content);
        assert_eq!(names(&directory), ["filler", "log"]);
        // A shorter record has room.
        let appended = append_record(&log, b"{}").unwrap();
        assert_eq!(appended.closed_torn_tail, content.contains("torn"));
        fs::remove_file(directory.join("filler")).unwrap();
    }
}

#[test]
fn child_shows_that_a_write_there_is_cut_short() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    fill_but(&directory, 1);
    let mut file = File::create(directory.join("log")).unwrap();
    let written = file.write(&vec![b'n'; 50_000]).unwrap();
    assert!((1..50_000).contains(&written), "{written}");
}

#[test]
fn what_was_written_of_a_record_that_has_no_room_is_taken_back() {
    run_on_small_disk("child_shows_that_a_write_there_is_cut_short", Vec::new());
    run_on_small_disk("child_appends_without_room", Vec::new());
}

#[test]
fn child_cannot_take_back() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let log = directory.join("log");
    fs::write(&log, "{\"n\":1}\n").unwrap();
    fill_but(&directory, 1);
    let error = append_record(&log, vec![b'n'; 50_000]).unwrap_err();
    let AppendError::Torn { source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::StorageFull, "the answer to the write");
    let torn = fs::read_to_string(&log).unwrap();
    assert!(torn.starts_with("{\"n\":1}\nnnnn") && torn.ends_with('n'));

    fs::remove_file(directory.join("filler")).unwrap();
    assert!(append_record(&log, b"{}").unwrap().closed_torn_tail);
    assert_eq!(fs::read_to_string(&log).unwrap(), torn + "\n{}\n");
}

#[test]
fn a_torn_record_that_cannot_be_taken_back_is_told_and_damages_no_other() {
    // The first ftruncate is the one that leaves a page of room.
    match strace(&["-e", "inject=ftruncate:error=EIO:when=2"]) {
        Ok(wrapper) => run_on_small_disk("child_cannot_take_back", wrapper),
        Err(why) => skip(&why),
    }
}
