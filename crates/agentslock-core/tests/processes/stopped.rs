//! A flush that is stopped at a certain system call, while somebody changes the file or takes the
//! lock away.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use agentslock_core::{Error, FileError, FlushError, Flushed, LockfileOptions};
use testkit::{ChildTest, TestChild, skip, strace, wait_until};

use crate::support::{Lab, WATCHDOG};

/// The first fsync is the temporary's, the second the directory's.
const BEFORE_THE_RENAME: &str = "inject=fsync:signal=STOP:when=1";
const AFTER_THE_RENAME: &str = "inject=fsync:signal=STOP:when=2";

#[test]
fn child_flushes() {
    let Some(parent) = testkit::parent() else { return };
    let lockfile = LockfileOptions::new().open(parent.path("DOCUMENT")).unwrap();
    lockfile.set_section("a", &1).unwrap();
    let answer = match lockfile.flush() {
        Ok(flushed) => {
            assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
            format!("{flushed:?}")
        }
        Err(FlushError::File(FileError::LockLost { .. })) => {
            // It is all still staged: here it was written over, and is written again.
            assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
            "LockLost".to_owned()
        }
        Err(error) => format!("{error:?}"),
    };
    // Only now may the parent stop resuming.
    parent.at("answer", &answer);
}

/// Starts a flush that stops there.
#[track_caller]
fn start(stop: &str, lab: &Lab) -> Option<TestChild> {
    match strace(&["-e", "trace=fsync", "-e", stop]) {
        Ok(wrapper) => {
            let child = ChildTest::new(module_path!(), "child_flushes").through(wrapper);
            Some(child.var("DOCUMENT", lab.path()).spawn())
        }
        Err(why) => {
            skip(&why);
            None
        }
    }
}

/// Lets the flush go on, and returns what it says.
fn answer_of(mut child: TestChild) -> String {
    let pid = child.pid().to_string();
    let (done, is_done) = mpsc::channel::<()>();
    // It may not have stopped yet, and then does not go on at the first word.
    let resumer = thread::spawn(move || {
        while is_done.recv_timeout(Duration::from_millis(1)) == Err(RecvTimeoutError::Timeout) {
            Command::new("kill").args(["-CONT", &pid]).status().unwrap();
        }
    });
    let answer = child.await_point("answer");
    drop(done);
    resumer.join().unwrap();
    child.succeed();
    answer
}

fn has_temporary(lab: &Lab) -> bool {
    lab.names().iter().any(|name| name.contains(".lock.tmp-"))
}

#[test]
fn a_flush_sees_that_the_file_was_changed_under_it_and_merges_again() {
    type Change = fn(&Lab);
    let changes: [(Change, &str); 2] = [
        (|lab| lab.replace("{\"new\":[ ]}"), "{\n  \"a\": 1,\n  \"new\": [ ]\n}\n"),
        (|lab| lab.write("{\"old\": 22}"), "{\n  \"a\": 1,\n  \"old\": 22\n}\n"),
    ];
    for (change, expected) in changes {
        let lab = in_memory("{\"old\":1}");
        let Some(child) = start(BEFORE_THE_RENAME, &lab) else { return };
        wait_until(WATCHDOG, || has_temporary(&lab));
        change(&lab);
        assert_eq!(answer_of(child), "Written");
        assert_eq!(lab.text(), expected);
        lab.assert_only_the_document();
    }
}

#[test]
fn a_flush_under_which_the_document_is_removed_makes_no_fresh_one() {
    let lab = in_memory("{\"old\":1}");
    let Some(child) = start(BEFORE_THE_RENAME, &lab) else { return };
    wait_until(WATCHDOG, || has_temporary(&lab));
    fs::remove_file(lab.path()).unwrap();
    let answer = answer_of(child);
    assert!(answer.starts_with("File(Removed"), "{answer}");
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_flush_sees_that_the_file_became_bad_under_it() {
    let lab = in_memory("{\"old\":1}");
    let Some(child) = start(BEFORE_THE_RENAME, &lab) else { return };
    wait_until(WATCHDOG, || has_temporary(&lab));
    lab.replace("{\"old\":");
    let answer = answer_of(child);
    assert!(answer.starts_with("Open(Malformed"), "{answer}");
    assert_eq!(lab.text(), "{\"old\":");
    lab.assert_only_the_document();
}

#[test]
fn child_updates() {
    let Some(parent) = testkit::parent() else { return };
    let mut runs = 0;
    let updated = LockfileOptions::new().update(parent.path("DOCUMENT"), |lockfile| {
        runs += 1;
        lockfile.set_section("a", &1)?;
        Ok::<_, Error>(())
    });
    let answer = match updated {
        Ok(updated) => format!("{:?} in {runs} runs", updated.flushed),
        Err(error) => format!("{error:?}"),
    };
    parent.at("answer", &answer);
}

/// What was read by then is not what it was measured by: it is read again.
#[test]
fn a_file_that_changes_while_it_is_read_is_seen() {
    type Change = fn(&Lab);
    /// What is in the file in the end; `None`: it is refused, and stays as it is.
    type End = Option<&'static str>;
    let cut: Change =
        |lab| fs::File::options().write(true).open(lab.path()).unwrap().set_len(7).unwrap();
    let changes: [(Change, End); 4] = [
        (cut, None),
        (|lab| lab.write(""), None),
        (|lab| lab.write("{\"b\":[ ]}"), Some("{\n  \"a\": 1,\n  \"b\": [ ]\n}\n")),
        // As long as before, and the same up to its very end.
        (|lab| lab.write(lab.text().replace("\"}", "\" ")), None),
    ];
    // It is asked whether it is there; what it is; and, once it is open, how large it is. Then it
    // is read, a large one that is known part by part.
    let small = "{\"old\":\"older than all\"}".to_owned();
    let large = format!("{{\"old\":\"{}\"}}", "x".repeat(200_000));
    let places = [
        ("child_updates", &small, "statx", 3),
        ("child_flushes", &small, "statx", 6),
        ("child_flushes", &large, "read", 3),
    ];
    for (child, document, call, when) in places {
        for (change, end) in changes {
            let lab = in_memory(document);
            let (path, elsewhere) = (lab.path(), Lab::new());
            let log = elsewhere.join("calls");
            let [of, to] = [&path, &log].map(|path| path.to_str().unwrap());
            let trace = format!("trace={call}");
            let inject = format!("inject={call}:signal=STOP:when={when}");
            let wrapper = match strace(&["-e", &trace, "-e", &inject, "-P", of, "-o", to]) {
                Ok(wrapper) => wrapper,
                Err(why) => return skip(&why),
            };
            let child = ChildTest::new(module_path!(), child).through(wrapper);
            let child = child.var("DOCUMENT", &path).spawn();
            let has_stopped =
                || fs::read_to_string(&log).is_ok_and(|log| log.contains("stopped by"));
            wait_until(WATCHDOG, has_stopped);
            change(&lab);
            let before = lab.text();
            let answer = answer_of(child);
            let expected = if end.is_some() { "Written" } else { "Open(Malformed" };
            assert!(answer.contains(expected) && !answer.contains(" 1 runs"), "{answer}");
            assert_eq!(lab.text(), end.unwrap_or(&before));
            lab.assert_only_the_document();
        }
    }
}

#[test]
fn a_flush_that_lost_the_lock_before_it_wrote_takes_it_anew() {
    let lab = in_memory("{\"old\":1}");
    let Some(child) = start(BEFORE_THE_RENAME, &lab) else { return };
    wait_until(WATCHDOG, || has_temporary(&lab));
    lab.remove_lock();
    let guard = filelock::acquire(lab.path()).unwrap();
    let before = fs::metadata(lab.path()).unwrap().ino();
    let answer = thread::spawn(move || answer_of(child));
    // It goes on, and gives up this round: the file is the new holder's to write.
    wait_until(WATCHDOG, || !has_temporary(&lab));
    guard.verify().unwrap();
    assert_eq!(fs::metadata(lab.path()).unwrap().ino(), before);
    lab.replace("{\"others\":2}");
    guard.release().unwrap();
    assert_eq!(answer.join().unwrap(), "Written");
    assert_eq!(lab.text(), "{\n  \"a\": 1,\n  \"others\": 2\n}\n");
    lab.assert_only_the_document();
}

#[test]
fn a_flush_that_lost_the_lock_after_it_wrote_says_so() {
    let lab = in_memory("{\"old\":1}");
    let Some(child) = start(AFTER_THE_RENAME, &lab) else { return };
    wait_until(WATCHDOG, || lab.text() != "{\"old\":1}");
    assert_eq!(lab.text(), "{\n  \"a\": 1,\n  \"old\": 1\n}\n");
    lab.remove_lock();
    lab.replace("{\"others\":2}");
    assert_eq!(answer_of(child), "LockLost");
    assert_eq!(lab.text(), "{\n  \"a\": 1,\n  \"others\": 2\n}\n");
    lab.assert_only_the_document();
}

/// There a sync takes no time, but is called all the same.
fn in_memory(document: &str) -> Lab {
    let lab = Lab::in_memory();
    lab.write(document);
    lab
}
