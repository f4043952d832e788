//! A disk without room: the old document stays, and nothing else.

use std::fs;
use std::io::ErrorKind;

use agentslock_core::{FileError, FlushError, Flushed};
use fsops::ReplaceError;
use testkit::{ChildTest, fill_but, names, skip, small_disk};

use crate::support::{Lab, quick};

const OLD: &str = "{\"old\":1}";

#[test]
fn child_flushes_without_room() {
    let Some(parent) = testkit::parent() else { return };
    let directory = parent.path("DIRECTORY");
    let path = directory.join("document");
    // With a page for the lock's record, and without.
    for pages in [3, 0] {
        fs::write(&path, OLD).unwrap();
        let lockfile = quick().open(&path).unwrap();
        lockfile.set_section("a", &"x".repeat(30_000)).unwrap();
        fill_but(&directory, pages);
        let error = lockfile.flush().unwrap_err();
        assert!(!error.is_committed());
        match error {
            FlushError::File(FileError::Write(ReplaceError::Io { source, .. })) if pages > 0 => {
                assert_eq!(source.kind(), ErrorKind::StorageFull);
            }
            FlushError::File(FileError::Lock(error)) if pages == 0 => {
                assert!(!error.is_contention(), "{error}");
            }
            error => panic!("{error:?}"),
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD);
        assert_eq!(names(&directory), ["document", "filler"]);

        fs::remove_file(directory.join("filler")).unwrap();
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            30_000 + "{\n  \"a\": \"\",\n  \"old\": 1\n}\n".len() as u64
        );
        // With it goes what it keeps beside the document between flushes in a row.
        drop(lockfile);
        assert_eq!(names(&directory), ["document"]);
    }
    parent.at("done", "");
}

#[test]
fn a_full_disk_leaves_the_old_document_and_the_stage() {
    let lab = Lab::new();
    match small_disk(lab.root()) {
        Ok(disk) => {
            let child = ChildTest::new(module_path!(), "child_flushes_without_room").through(disk);
            let mut child = child.var("DIRECTORY", lab.root()).spawn();
            child.await_point("done");
            child.succeed();
            assert_eq!(lab.names(), [""; 0], "it was not the small disk that was written to");
        }
        Err(why) => skip(&why),
    }
}
