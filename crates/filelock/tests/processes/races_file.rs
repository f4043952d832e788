//! Clearing an expired lock file, with others in between. A file has no compare-and-delete: the
//! documented window is that a holder of the *file generation* can be without its lock for a
//! moment.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::gate::{BRIEF, Gate, PATIENT, can_trace, stopped_at};
use crate::support::{Lab, SECOND, WATCHDOG, age, brief, expect_alive, now, record};

/// Just before and just after the expired file is moved aside.
const BEFORE: Gate = Gate::before("rename");
const AFTER: Gate = Gate::after("rename");

fn expired_file(lab: &Lab) {
    fs::write(lab.lock(), record(now() - 3600 * SECOND, "")).unwrap();
    age(&lab.lock(), Duration::from_secs(3600));
}

/// The expired file, moved aside by the child that is stopped.
fn moved_aside(lab: &Lab) -> PathBuf {
    let mut files = lab.preparations();
    files.retain(|path| path.is_file());
    files.pop().expect("because it was moved there")
}

/// If it did, a third process could acquire the lock in the meantime: two holders of this crate.
#[test]
fn a_late_clearer_of_a_lock_file_never_moves_a_living_directory() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        let stopped = stopped_at(BEFORE, &lab, BRIEF);
        let guard = brief().timeout(WATCHDOG).acquire(lab.target()).unwrap();
        let before = (lab.snapshot().remove(&lab.lock()), lab.snapshot().remove(&lab.holder()));

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        let after = (lab.snapshot().remove(&lab.lock()), lab.snapshot().remove(&lab.holder()));
        // A rename there and back shows in the time of the last change of the directory itself.
        assert_eq!(after, before, "the living lock was moved on {}", lab.name());
        guard.verify().unwrap();
    }
}

/// A disk's file system gives the number of a deleted file to the next one.
#[test]
fn a_late_clearer_of_a_lock_file_does_not_mistake_the_next_one_for_it() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        let stopped = stopped_at(BEFORE, &lab, BRIEF);
        // The file generation clears it, and claims the name by a new file; often enough for the
        // number to come back where numbers come back.
        let judged = fs::metadata(lab.lock()).unwrap().ino();
        for _ in 0..20 {
            fs::remove_file(lab.lock()).unwrap();
            fs::write(lab.lock(), record(now(), "living\n")).unwrap();
            if fs::metadata(lab.lock()).unwrap().ino() == judged {
                break;
            }
        }
        let living = (fs::metadata(lab.lock()).unwrap().ino(), fs::read(lab.lock()).unwrap());

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        let found = (fs::metadata(lab.lock()).unwrap().ino(), fs::read(lab.lock()).unwrap());
        assert_eq!(found, living, "on {}", lab.name());
        assert!(lab.preparations().is_empty(), "on {}", lab.name());
    }
}

/// It is old enough to be the leftover of somebody who died; that it is not makes no difference.
#[test]
fn a_lock_file_that_was_moved_aside_may_be_swept_by_another() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        let stopped = stopped_at(AFTER, &lab, BRIEF);
        let aside = moved_aside(&lab);
        let guard = brief().acquire(lab.target()).unwrap();
        // Contention, so a sweep.
        expect_alive(&brief(), lab.target());
        assert!(!aside.exists(), "it was not swept");

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        guard.verify().unwrap();
    }
}

/// What was moved aside turns out to be another's, and in the meantime the name is taken: then it
/// cannot be put back. That is the documented window, and no reason to fail or to leave it there.
#[test]
fn a_lock_file_that_cannot_be_put_back_fails_no_call() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        let stopped = stopped_at(AFTER, &lab, BRIEF);
        let aside = moved_aside(&lab);
        fs::write(lab.join("new"), record(now(), "living\n")).unwrap();
        fs::rename(lab.join("new"), &aside).unwrap();
        let guard = brief().acquire(lab.target()).unwrap();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert!(lab.preparations().is_empty(), "on {}", lab.name());
        guard.verify().unwrap();
    }
}

/// The window itself: a living file that is moved by mistake comes back.
#[test]
fn a_living_lock_file_that_was_moved_aside_is_put_back() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        let stopped = stopped_at(BEFORE, &lab, BRIEF);
        // Another file for certain: both exist at once.
        fs::write(lab.join("new"), record(now(), "living\n")).unwrap();
        fs::rename(lab.lock(), lab.join("old")).unwrap();
        fs::rename(lab.join("new"), lab.lock()).unwrap();
        let inode = fs::metadata(lab.lock()).unwrap().ino();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(fs::metadata(lab.lock()).unwrap().ino(), inode, "on {}", lab.name());
        assert!(lab.preparations().is_empty(), "on {}", lab.name());
    }
}

#[test]
fn a_clearer_that_dies_leaves_the_name_free_and_a_file_that_is_swept() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        expired_file(&lab);
        // Dropped, it is killed with its tracer.
        drop(stopped_at(AFTER, &lab, PATIENT));
        let aside = moved_aside(&lab);
        let guard = brief().acquire(lab.target()).unwrap();
        // Contention, so a sweep.
        expect_alive(&brief(), lab.target());
        assert!(!aside.exists(), "it was not swept on {}", lab.name());
        guard.release().unwrap();
    }
}
