//! File systems and kernels that do not do what they are asked.

use std::fs;

use crate::gate::{BRIEF, can_trace, here, with_failing};
use crate::support::{KERNEL, Lab, SECOND, brief, now, record};

#[test]
fn without_exclusive_rename_the_claim_is_made_in_place() {
    if !can_trace("without_exclusive_rename_the_claim_is_made_in_place") {
        return;
    }
    for error in ["EINVAL", "ENOSYS", "EOPNOTSUPP"] {
        let lab = Lab::new();
        let mut child = with_failing("renameat2", error, &lab, BRIEF);
        assert_eq!(child.await_point("result"), "held", "{error}");
        assert_eq!(lab.names(), ["events.ndjson.lock", "trace"], "{error}: a preparation is left");
        assert!(brief().environment(here()).try_acquire(lab.target()).unwrap().is_none());
        child.say("release");
        child.succeed();
        assert_eq!(lab.names(), ["trace"], "{error}");
    }
}

#[test]
fn without_os_locks_time_decides() {
    if !can_trace("without_os_locks_time_decides") {
        return;
    }
    let lab = Lab::new();
    let mut child = with_failing("flock", "ENOLCK", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "held by time");
    let record = fs::read_to_string(lab.holder()).unwrap();
    assert_eq!(record.lines().count(), 3, "nobody keeps an OS lock: {record:?}");
    child.say("release");
    child.succeed();
    assert_eq!(lab.names(), ["trace"]);
}

/// A failed question to the kernel is no proof of death.
#[test]
fn a_waiter_that_cannot_ask_the_kernel_clears_nothing() {
    if !can_trace("a_waiter_that_cannot_ask_the_kernel_clears_nothing") {
        return;
    }
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 3600 * SECOND, &format!("token\nflock {KERNEL}\n"))));
    let mut child = with_failing("flock", "EIO", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "refused");
    child.succeed();
    assert!(lab.holder().exists());
}

/// ESTALE: on NFS, what we have open was removed by another machine.
#[test]
fn what_another_machine_has_removed_is_gone() {
    if !can_trace("what_another_machine_has_removed_is_gone") {
        return;
    }
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), &format!("token\nflock {KERNEL}\n"))));
    let mut child = with_failing("unlinkat", "ESTALE:when=1", &lab, BRIEF);
    assert_eq!(child.await_point("result"), "held");
    child.say("release");
    child.succeed();
}

#[test]
fn a_preparation_that_keeps_vanishing_is_reported() {
    if !can_trace("a_preparation_that_keeps_vanishing_is_reported") {
        return;
    }
    let lab = Lab::new();
    let mut child = with_failing("renameat2", "ENOENT", &lab, BRIEF);
    let result = child.await_point("result");
    assert!(result.starts_with("Disturbed") && result.contains("attempts: 8"), "{result}");
    child.succeed();
    assert_eq!(lab.names(), ["trace"]);
}
