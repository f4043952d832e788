//! Waiters that are stopped in the middle of a takeover, and go on when somebody else has the lock.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::gate::{Acquisition, BRIEF, Gate, PATIENT, can_trace, here, signal, stopped_at};
use crate::support::{KERNEL, Lab, SECOND, WATCHDOG, age, brief, now, record};

/// A waiter makes this call twice: to remove the record, then the directory.
const REMOVAL: &str = "unlinkat";

/// As it was published, so that it is free at once when its record is gone.
fn occupy(lab: &Lab, record: &[u8]) {
    lab.occupy(Some(record));
    fs::set_permissions(lab.lock(), Permissions::from_mode(0o1711)).unwrap();
}

/// Stops a waiter at `gate`, acquires the lock meanwhile, and lets the waiter go on.
fn taken_over_meanwhile(gate: Gate, occupant: &[u8], case: &str) {
    for lab in Lab::everywhere() {
        occupy(&lab, occupant);
        let stopped = stopped_at(gate, &lab, BRIEF);
        let options = brief().timeout(WATCHDOG).environment(here());
        let guard = options.acquire(lab.target()).unwrap();
        let before = (lab.snapshot().remove(&lab.lock()), lab.snapshot().remove(&lab.holder()));
        assert!(before.1.is_some());

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "{case} on {}", lab.name());
        let after = (lab.snapshot().remove(&lab.lock()), lab.snapshot().remove(&lab.holder()));
        assert_eq!(after, before, "{case} on {}: the successor's lock was touched", lab.name());
        guard.verify().unwrap();
        guard.release().unwrap();
    }
}

#[test]
fn a_waiter_stopped_before_it_clears_hurts_no_successor() {
    if !can_trace() {
        return;
    }
    let dead = record(now(), &format!("token\nflock {KERNEL}\n"));
    taken_over_meanwhile(Gate::before(REMOVAL), &dead, "dead");
    taken_over_meanwhile(Gate::before(REMOVAL), &record(now() - 3600 * SECOND, ""), "expired");
}

#[test]
fn a_waiter_stopped_before_it_removes_the_directory_hurts_no_successor() {
    if !can_trace() {
        return;
    }
    let dead = record(now(), &format!("token\nflock {KERNEL}\n"));
    taken_over_meanwhile(Gate::before(REMOVAL).nth(2), &dead, "dead");
    taken_over_meanwhile(
        Gate::before(REMOVAL).nth(2),
        &record(now() - 3600 * SECOND, ""),
        "expired",
    );
}

/// A waiter looks through an OS lock of its own. Two that look at once must not take each other for
/// the holder. One that is stopped while it looks must not keep a dead lock alive.
#[test]
fn a_waiter_stopped_while_it_looks_does_not_look_like_a_holder() {
    if !can_trace() {
        return;
    }
    let dead = record(now(), &format!("token\nflock {KERNEL}\n"));
    // The first one is on its own preparation.
    taken_over_meanwhile(Gate::after("flock").nth(3), &dead, "dead");
}

/// The OS lock is granted because the holder released it, not because it died.
#[test]
fn a_waiter_that_looks_while_the_holder_releases_does_not_take_it_for_dead() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        let guard = brief().environment(here()).acquire(lab.target()).unwrap();
        // It has opened the directory and read the record; the first one is on its own preparation.
        let stopped = stopped_at(Gate::before("flock").nth(3), &lab, BRIEF);
        guard.release().unwrap();
        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
        assert_eq!(child.await_point("takeover"), "no", "on {}", lab.name());
    }
}

/// What that holder left is that holder's to tell of, and it was whole: it was released.
#[test]
fn a_waiter_that_saw_another_holder_since_has_replaced_nobody() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
        let stopped = stopped_at(Gate::after(REMOVAL).nth(2), &lab, PATIENT);
        let guard = brief().environment(here()).try_acquire(lab.target()).unwrap().acquired();
        let guard = guard.expect("because the dead lock was removed");
        let mut child = stopped.open();
        while child.await_point("waiting-for") != std::process::id().to_string() {}
        guard.release().unwrap();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
        assert_eq!(child.await_point("takeover"), "no", "on {}", lab.name());
    }
}

/// A holder that only the clock can judge was slow, and renewed just in time.
#[test]
fn a_waiter_that_judged_a_holder_expired_clears_nothing_if_that_one_has_renewed_since() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        lab.occupy(Some(&record(now() - 3600 * SECOND, "token\n")));
        // Two calls are for its own preparation; the third asks the kernel before it clears.
        let stopped = stopped_at(Gate::before("flock").nth(3), &lab, BRIEF);
        let renewed = record(now(), "token\n");
        fs::write(lab.holder(), &renewed).unwrap();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(fs::read(lab.holder()).unwrap(), renewed, "on {}", lab.name());
    }
}

/// Another waiter has begun to clear it, and died. What is left looks like a claim in the making.
#[test]
fn a_waiter_whose_expired_lock_another_has_begun_to_clear_goes_on_with_it() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        lab.occupy(Some(&record(now() - 3600 * SECOND, "token\n")));
        let stopped = stopped_at(Gate::before("flock").nth(3), &lab, PATIENT);
        fs::remove_file(lab.holder()).unwrap();
        let opened = Instant::now();

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "held", "on {}", lab.name());
        assert!(opened.elapsed().as_secs() < 20, "it waited for the TTL on {}", lab.name());
        child.say("release");
        child.await_point("released");
    }
}

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

/// Harmless if not: the claimant then finds its claim lost. But it was first.
#[test]
fn a_waiter_stopped_in_a_takeover_leaves_a_claim_in_the_making_alone() {
    if !can_trace() {
        return;
    }
    for lab in Lab::everywhere() {
        occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
        let stopped = stopped_at(Gate::after(REMOVAL), &lab, BRIEF);
        fs::remove_dir(lab.lock()).unwrap();
        lab.occupy(None);
        let claim = lab.snapshot().remove(&lab.lock());

        let mut child = stopped.open();
        assert_eq!(child.await_point("result"), "refused", "on {}", lab.name());
        assert_eq!(lab.snapshot().remove(&lab.lock()), claim, "on {}", lab.name());
    }
}

#[test]
fn a_waiter_that_dies_in_the_middle_of_a_takeover_leaves_the_lock_free() {
    if !can_trace() {
        return;
    }
    for nth in [1, 2] {
        for gate in [Gate::before(REMOVAL), Gate::after(REMOVAL)] {
            let (gate, lab) = (gate.nth(nth), Lab::new());
            occupy(&lab, &record(now(), &format!("token\nflock {KERNEL}\n")));
            drop(stopped_at(gate, &lab, BRIEF));
            // What it has emptied was left to it for a moment.
            let options =
                brief().environment(here()).timeout(WATCHDOG).ttl(WATCHDOG * 2).grace(WATCHDOG * 2);
            options.acquire(lab.target()).unwrap().release().unwrap();
        }
    }
}
