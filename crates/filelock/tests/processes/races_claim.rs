//! Claimants that are stopped while they claim.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::gate::{
    Acquisition, BRIEF, Gate, PATIENT, can_trace, headed_for, here, stopped_at, with_slow,
};
use crate::support::{Lab, SECOND, WATCHDOG, age, brief, expect_alive, expect_gone, now, record};

fn sweep(lab: &Lab) {
    let options = brief().ttl(Duration::from_nanos(1)).grace(Duration::ZERO);
    expect_alive(&options.environment(here()), lab.target());
}

/// Stalled between making its preparation and taking the OS lock on it, it looks like a leftover.
#[test]
fn a_claimant_whose_preparation_was_swept_prepares_anew() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let guard = brief().acquire(lab.target()).unwrap();
        let stopped = stopped_at(Gate::before("flock"), &lab, PATIENT);
        let preparation = lab.preparations().remove(0);
        age(&preparation, Duration::from_secs(3600));
        sweep(&lab);
        assert!(!preparation.exists());

        let mut child = stopped.open();
        guard.release().unwrap();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
        child.say("release");
        child.await_point("released");
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

/// The sweeper has the OS lock and has not removed anything yet.
#[test]
fn a_claimant_that_meets_a_sweeper_prepares_anew() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let stopped = stopped_at(Gate::before("flock"), &lab, PATIENT);
        let preparation = File::open(lab.preparations().remove(0)).unwrap();
        flock(&preparation, FlockOperation::NonBlockingLockExclusive).unwrap();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
        drop(preparation);
        // What it holds has its OS lock: else it would look dead.
        assert!(
            brief().environment(here()).try_acquire(lab.target()).unwrap().acquired().is_none()
        );
        child.say("release");
        child.await_point("released");
        assert_eq!(lab.names(), ["trace"], "on {}", lab.name());
    }
}

#[test]
fn a_claimant_stopped_before_it_publishes_gets_no_lock_that_was_taken_meanwhile() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let stopped = stopped_at(Gate::before("renameat2"), &lab, BRIEF);
        let guard =
            brief().try_acquire(lab.target()).unwrap().acquired().expect("because it is free");
        // Its preparation has an owner, however old it looks.
        age(&lab.preparations()[0], Duration::from_secs(3600));
        sweep(&lab);
        assert_eq!(lab.preparations().len(), 1);
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        guard.verify().unwrap();
    }
}

/// Its record is as old as the stop was long; those who judge by time would count from then.
#[test]
fn a_claimant_stopped_before_it_publishes_does_not_hold_with_an_old_time() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let stopped = stopped_at(Gate::before("renameat2"), &lab, PATIENT);
    let prepared = stamp(lab.preparations()[0].join("holder"));
    testkit::wait_until(WATCHDOG, || now() - prepared > SECOND + SECOND / 10);
    let opened = now();
    let mut child = stopped.open();
    assert_eq!(child.await_point("result"), "held");
    assert!(stamp(lab.holder()) >= opened, "{} ns old", opened - stamp(lab.holder()));
}

/// Nobody sees the time of the beginning of its wait: not even before it has looked after that
/// itself.
#[test]
fn a_long_waiter_publishes_a_fresh_time() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let guard = brief().acquire(lab.target()).unwrap();
    // It tries once, and again when the name is free.
    let gated = headed_for(Gate::after("renameat2").nth(2), &lab, PATIENT);
    let mut prepared = None;
    testkit::wait_until(WATCHDOG, || {
        let path = lab.preparations().first().map(|path| path.join("holder"));
        prepared = path.filter(|path| fs::metadata(path).is_ok_and(|look| look.len() > 0));
        prepared.is_some()
    });
    let prepared = stamp(prepared.unwrap());
    testkit::wait_until(WATCHDOG, || now() - prepared > SECOND + SECOND / 10);
    let released = now();
    guard.release().unwrap();
    gated.await_stop();
    let published = stamp(lab.holder());
    assert!(published > released - SECOND, "{} ns old", released - published);
    let changed = modified(lab.lock());
    assert!(changed > released - SECOND, "the directory: {} ns old", released - changed);
}

fn stamp(path: PathBuf) -> i64 {
    let text = fs::read_to_string(path).unwrap();
    text.lines().nth(1).unwrap().parse().unwrap()
}

fn modified(path: PathBuf) -> i64 {
    let look = fs::symlink_metadata(path).unwrap();
    look.mtime() * SECOND + look.mtime_nsec()
}

/// Two claimants can end up in one directory. The one that finds the other's record there lost.
#[test]
fn a_claimant_that_finds_anothers_record_in_its_directory_leaves_it_there() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        // The first call is on its record; the second, on its directory, is the last before it
        // reads the record back.
        let gate = Gate::before("fchmod").nth(2);
        let stopped = stopped_at(gate, &lab, Acquisition { way: "by-time", ..BRIEF });
        // It was stopped for longer than the TTL. A waiter judges it expired and removes its
        // record. Before that waiter removes the directory, another claimant, which had opened it,
        // is in.
        fs::remove_file(lab.holder()).unwrap();
        let living = record(now(), "living\n");
        fs::write(lab.holder(), &living).unwrap();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(fs::read(lab.holder()).unwrap(), living, "on {}", lab.name());
    }
}

#[test]
fn a_claimant_by_mkdir_whose_directory_was_replaced_leaves_the_new_one_alone() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        for gate in [Gate::after("mkdirat"), Gate::before("fchmod"), Gate::before("fchmod").nth(2)]
        {
            let stopped = stopped_at(gate, &lab, Acquisition { way: "by-time", ..BRIEF });
            fs::remove_dir_all(lab.lock()).unwrap();
            let guard = brief().environment(here()).acquire(lab.target()).unwrap();
            let before = lab.snapshot().remove(&lab.holder());

            let mut child = stopped.open();
            assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
            assert_eq!(lab.snapshot().remove(&lab.holder()), before, "on {}", lab.name());
            guard.verify().unwrap();
            guard.release().unwrap();
        }
    }
}

/// It can stall between its `mkdir` and opening what it made. Then it may find a directory that a
/// claimant of the directory generation has made, and that looks just like its own.
#[test]
fn a_claimant_by_mkdir_that_stalled_does_not_take_over_the_directory_of_another() {
    if !can_trace() {
        return;
    }
    for way in ["in-place", "by-time"] {
        let lab = Lab::new();
        let stopped = stopped_at(Gate::after("mkdirat"), &lab, Acquisition { way, ..BRIEF });
        fs::remove_dir(lab.lock()).unwrap();
        // Its directory can only have been removed when the grace was over.
        std::thread::sleep(Duration::from_millis(2100));
        lab.occupy(None);
        let before = lab.snapshot().remove(&lab.lock());

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "{way}");
        assert_eq!(lab.snapshot().remove(&lab.lock()), before, "{way}: it was touched");
    }
}

/// It does not hold, since it could be another's. But it does not stand in its own way.
#[test]
fn a_claimant_by_mkdir_that_was_slow_removes_what_is_still_its_own_and_claims_anew() {
    if !can_trace() {
        return;
    }
    // It knows that it was slow from three quarters of the grace on, and what is its own until the
    // grace is over.
    let slow = Duration::from_millis(1600);
    let claims_anew = |way| {
        let lab = Lab::new();
        let mut child = with_slow("mkdirat", slow, &lab, Acquisition { way, ..BRIEF });
        match child.await_point("result").as_str() {
            "held" | "held by time" => {}
            result => {
                assert_eq!(result, "refused", "{way}: it says nothing else");
                return false;
            }
        }
        child.say("release");
        child.succeed();
        assert_eq!(lab.names(), ["trace"], "{way}");
        true
    };
    for way in ["in-place", "by-time"] {
        // Whoever waits for a busy machine after that may well find the grace over.
        assert!((0..5).any(|_| claims_anew(way)), "{way}");
    }
}

/// It has the OS lock on a directory that nobody can tell from a leftover.
#[test]
fn a_claimant_by_mkdir_stopped_before_its_record_blocks_nobody_longer_than_the_grace() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let way = Acquisition { way: "in-place", ..BRIEF };
        let stopped = stopped_at(Gate::after("flock"), &lab, way);
        expect_alive(&brief().environment(here()), lab.target());
        age(&lab.lock(), Duration::from_secs(3));
        // Under the umask of this child it could be another program's, which lives.
        expect_alive(&brief().environment(here()), lab.target());
        lab.mark_in_the_making();
        age(&lab.lock(), Duration::from_secs(3));
        let guard = brief().environment(here()).try_acquire(lab.target()).unwrap().acquired();
        let guard = guard.expect("because its claimant has left it without a record");

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        guard.verify().unwrap();
        guard.release().unwrap();
    }
}

/// Its empty record does not say what it is: a foreign claimant, which would not notice being
/// replaced, may be writing it at this moment. So the TTL must pass, not only the grace.
#[test]
fn a_claimant_by_mkdir_that_died_with_an_empty_record_is_replaced_within_the_ttl() {
    if !can_trace() {
        return;
    }
    let lab = Lab::new();
    let stopped =
        stopped_at(Gate::before("fchmod"), &lab, Acquisition { way: "in-place", ..PATIENT });
    assert_eq!(fs::read(lab.holder()).unwrap(), b"");
    drop(stopped);
    age(&lab.lock(), Duration::from_secs(3));
    expect_alive(&brief().environment(here()), lab.target());
    age(&lab.lock(), Duration::from_secs(31));
    expect_gone(&brief().environment(here()), lab.target());
}
