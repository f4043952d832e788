//! A directory whose record is gone, which is left for a moment to who removed that.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::gate::{Acquisition, BRIEF, Gate, PATIENT, can_trace, here, signal, stopped_at};
use crate::races_takeover::{REMOVAL, occupy};
use crate::support::{KERNEL, Lab, SECOND, age, brief, now, record};

/// How long a directory is left to whoever removed its record.
const LEFT_ALONE: Duration = Duration::from_millis(50);

/// Two that remove one directory by its name: the second one can hit what a foreign claimant has
/// made in between. So the second one leaves it to the first, for a moment, whatever touches it.
#[test]
fn a_waiter_that_finds_the_record_removed_leaves_the_rest_to_who_removed_it() {
    if !can_trace() {
        return;
    }
    let dead = record(now(), &format!("token\nflock {KERNEL}\n"));
    let expired = record(now() - 3600 * SECOND, "");
    for (occupant, touched) in [(&dead, false), (&expired, false), (&dead, true), (&expired, true)]
    {
        let lab = Lab::new();
        occupy(&lab, occupant);
        let stopped = stopped_at(Gate::before(REMOVAL), &lab, PATIENT);
        fs::remove_file(lab.holder()).unwrap();
        let opened = Instant::now();
        let mut child = stopped.open();
        let is_held = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while touched && !is_held.load(Ordering::Relaxed) {
                    let _ = fs::File::open(lab.lock())
                        .and_then(|lock| lock.set_modified(SystemTime::now()));
                }
            });
            let result = child.await_point("result");
            is_held.store(true, Ordering::Relaxed);
            assert_eq!(result, "held", "touched: {touched}");
        });
        assert!(opened.elapsed() >= LEFT_ALONE, "{:?}", opened.elapsed());
        assert!(opened.elapsed().as_secs() < 20, "it waited for the TTL");
        // Who removed the record died, or so it seems: nobody else tells of the holder.
        assert_eq!(child.await_point("takeover"), "yes", "touched: {touched}");
        child.say("release");
        child.await_point("released");
    }
}

/// A call without time for that does not wait. On a network file system nobody does: there, an open
/// directory does not keep its inode number.
#[test]
fn a_try_that_finds_the_record_removed_leaves_the_rest_alone_if_the_kernel_is_asked() {
    if !can_trace() {
        return;
    }
    for (way, result) in [("published", "refused"), ("by-time", "held by time")] {
        let once = Acquisition { timeout: Duration::ZERO, way, ..BRIEF };
        let lab = Lab::new();
        occupy(&lab, &record(now() - 3600 * SECOND, ""));
        fs::set_permissions(lab.lock(), Permissions::from_mode(0o755)).unwrap();
        let stopped = stopped_at(Gate::before(REMOVAL), &lab, once);
        fs::remove_file(lab.holder()).unwrap();
        assert_eq!(stopped.open().await_point("result"), result, "{way}");
    }
}

/// After a long pause others can have had the lock, and been told.
#[test]
fn a_waiter_that_slept_since_another_cleared_the_lock_has_replaced_nobody() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    // The waiter can be through before it is stopped.
    let taken = (0..50).find_map(|_| {
        occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
        let gated = stopped_at(Gate::before(REMOVAL), &lab, PATIENT);
        fs::remove_file(lab.holder()).unwrap();
        let mut child = gated.open();
        child.await_point("waiting-for");
        signal(child.pid(), "-STOP");
        std::thread::sleep(2 * LEFT_ALONE);
        let is_left = !lab.holder().exists() && fs::remove_dir(lab.lock()).is_ok();
        let guard = is_left.then(|| brief().environment(here()).acquire(lab.target()).unwrap());
        if guard.is_none() {
            child.kill_group();
            let _ = fs::remove_dir_all(lab.lock());
        }
        guard.map(|guard| (guard, child))
    });
    let (guard, mut child) = taken.expect("because it leaves it alone for a moment");
    guard.release().unwrap();
    signal(child.pid(), "-CONT");
    assert_eq!(child.await_point("result"), "held");
    assert_eq!(child.await_point("takeover"), "no");
}

#[test]
fn a_try_that_finds_the_record_removed_and_the_name_free_acquires() {
    if !can_trace() {
        return;
    }
    let once = Acquisition { timeout: Duration::ZERO, ..BRIEF };
    for lab in Lab::everywhere() {
        occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
        let stopped = stopped_at(Gate::before(REMOVAL), &lab, once);
        fs::remove_file(lab.holder()).unwrap();
        fs::remove_dir(lab.lock()).unwrap();
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
    }
}

/// What it leaves alone for a moment keeps its inode number, and the next directory gets another
/// one. Else a `mkdir` lock of another program would be taken for it.
#[test]
fn a_waiter_takes_no_other_directory_for_the_one_whose_record_was_removed() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        // The waiter can be through before we have made ours.
        let made = (0..50).find_map(|_| {
            occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
            let before = fs::metadata(lab.lock()).unwrap().ino();
            let stopped = stopped_at(Gate::before(REMOVAL), &lab, PATIENT);
            fs::remove_file(lab.holder()).unwrap();
            let mut child = stopped.open();
            child.await_point("waiting-for");
            let is_made = fs::remove_dir(lab.lock()).is_ok() && fs::create_dir(lab.lock()).is_ok();
            if is_made {
                return Some((before, child));
            }
            child.kill_group();
            let _ = fs::remove_dir_all(lab.lock());
            None
        });
        let (before, _waiting) = made.expect("because it leaves it alone for a moment");
        let now = fs::metadata(lab.lock()).unwrap().ino();
        assert_ne!(now, before, "on {}", lab.name());
        std::thread::sleep(4 * LEFT_ALONE);
        assert_eq!(fs::metadata(lab.lock()).unwrap().ino(), now, "on {}", lab.name());
    }
}

/// When a directory changed last is asked once its record is found to be gone: who removed that has
/// changed it. Before, it was as old as its holder.
#[test]
fn a_waiter_that_looks_while_the_record_is_removed_leaves_the_rest_to_who_removes_it() {
    if !can_trace() {
        return;
    }
    let long_ago = Duration::from_secs(3600);
    for (lab, is_ours) in Lab::everywhere()
        .into_iter()
        .flat_map(|lab| [(lab, false)])
        .chain(Lab::everywhere().into_iter().map(|lab| (lab, true)))
    {
        let guard = is_ours.then(|| brief().environment(here()).acquire(lab.target()).unwrap());
        if guard.is_none() {
            lab.occupy(Some(&record(now() - 3600 * SECOND, "")));
        }
        age(&lab.lock(), long_ago);
        // The first one with a descriptor of the lock's directory opens the record in it.
        let stopped = stopped_at(Gate::before("openat").about_the_lock(), &lab, BRIEF);
        fs::remove_file(lab.holder()).unwrap();
        let emptied = lab.snapshot().remove(&lab.lock());

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(lab.snapshot().remove(&lab.lock()), emptied, "on {}", lab.name());
        drop(guard);
    }
}
