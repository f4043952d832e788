//! Waiters that are stopped in the middle of a takeover, and go on when somebody else has the lock.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use crate::gate::{BRIEF, Gate, PATIENT, can_trace, here, stopped_at};
use crate::support::{KERNEL, Lab, SECOND, WATCHDOG, brief, now, record};

/// A waiter makes this call twice: to remove the record, then the directory.
pub(crate) const REMOVAL: &str = "unlinkat";

/// As it was published, so that it is free at once when its record is gone.
pub(crate) fn occupy(lab: &Lab, record: &[u8]) {
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
