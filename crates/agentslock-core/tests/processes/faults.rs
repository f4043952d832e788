//! System calls that fail in a flush: the error tells the truth, and the stage is what is not
//! written.

use agentslock_core::{FileError, FlushError, Flushed, LockfileOptions};
use testkit::{ChildTest, skip, strace};

use crate::support::Lab;

/// Runs `function`, in which the `when`th fsync fails: the first is the temporary's, the second the
/// directory's.
#[track_caller]
fn run_with_failing_sync(function: &str, when: u32, lab: &Lab) -> bool {
    let fault = format!("inject=fsync:error=EIO:when={when}");
    match strace(&["-e", "trace=fsync", "-e", &fault]) {
        Ok(wrapper) => {
            let child = ChildTest::new(module_path!(), function).through(wrapper);
            child.var("DOCUMENT", lab.path()).spawn().succeed();
            true
        }
        Err(why) => {
            skip(&why);
            false
        }
    }
}

#[test]
fn child_cannot_sync_the_file() {
    let Some(parent) = testkit::parent() else { return };
    let lockfile = LockfileOptions::new().open(parent.path("DOCUMENT")).unwrap();
    lockfile.set_section("a", &1).unwrap();
    let before = std::fs::read(lockfile.path()).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(!error.is_committed());
    assert!(matches!(error, FlushError::File(FileError::Write(_))), "{error:?}");
    assert_eq!(std::fs::read(lockfile.path()).unwrap(), before);
    assert_eq!(std::fs::read_dir(parent.path("DOCUMENT").parent().unwrap()).unwrap().count(), 1);
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
}

#[test]
fn a_file_that_cannot_be_synced_is_not_put_in_place_and_the_stage_is_kept() {
    let lab = in_memory("{\"b\":2}");
    if run_with_failing_sync("child_cannot_sync_the_file", 1, &lab) {
        assert_eq!(lab.text(), "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
        lab.assert_only_the_document();
    }
}

#[test]
fn child_cannot_sync_the_directory() {
    let Some(parent) = testkit::parent() else { return };
    let path = parent.path("DOCUMENT");
    let lockfile = LockfileOptions::new().open(&path).unwrap();
    lockfile.set_section("a", &1).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(error.is_committed());
    assert!(error.to_string().contains("not yet durable"), "{error}");
    assert!(matches!(error, FlushError::File(FileError::NotDurable(_))), "{error:?}");
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
    // It is written, and so no longer staged: it is not brought back.
    std::fs::write(&path, "{\"a\":3}").unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(3));
}

#[test]
fn a_directory_that_cannot_be_synced_leaves_the_new_document_in_place_and_nothing_staged() {
    let lab = in_memory("{\"b\":2}");
    if run_with_failing_sync("child_cannot_sync_the_directory", 2, &lab) {
        assert_eq!(lab.text(), "{\"a\":3}");
        lab.assert_only_the_document();
    }
}

#[test]
fn child_cannot_sync_an_update() {
    let Some(parent) = testkit::parent() else { return };
    let error = LockfileOptions::new()
        .update(parent.path("DOCUMENT"), |lockfile| {
            lockfile.set_section("a", &1)?;
            Ok::<_, agentslock_core::Error>(())
        })
        .unwrap_err();
    let agentslock_core::Error::Flush(error) = error else { panic!("{error:?}") };
    parent.at("answer", if error.is_committed() { "committed" } else { "not committed" });
}

#[test]
fn an_update_says_whether_it_is_in_place() {
    for (when, expected) in [(1, "{\"b\":2}"), (2, "{\n  \"a\": 1,\n  \"b\": 2\n}\n")] {
        let lab = in_memory("{\"b\":2}");
        if !run_with_failing_sync("child_cannot_sync_an_update", when, &lab) {
            return;
        }
        assert_eq!(lab.text(), expected);
        lab.assert_only_the_document();
    }
}

/// There a sync takes no time, but is called all the same.
fn in_memory(document: &str) -> Lab {
    let lab = Lab::in_memory();
    lab.write(document);
    lab
}
