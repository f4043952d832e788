//! Options: what makes no sense is refused, and refused before anything is done.

use std::time::Duration;

use filelock::{AcquireError, LockOptions};

use crate::support::Lab;

#[track_caller]
fn refused(options: &LockOptions, expected: &str) {
    let lab = Lab::new();
    let target = lab.join("missing/events.ndjson");
    for error in [
        options.acquire(&target).map(drop).unwrap_err(),
        options.try_acquire(&target).map(drop).unwrap_err(),
    ] {
        match &error {
            AcquireError::UnusableOption { option, .. } => assert_eq!(*option, expected),
            other => panic!("{other:?}"),
        }
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.is_contention());
    }
    assert_eq!(lab.names(), [""; 0], "a refused call created something");
}

#[test]
fn a_ttl_of_zero_is_refused() {
    refused(&LockOptions::new().ttl(Duration::ZERO).grace(Duration::ZERO), "ttl");
}

#[test]
fn a_ttl_of_more_than_a_year_is_refused() {
    refused(&LockOptions::new().ttl(Duration::from_secs(366 * 24 * 3600)), "ttl");
    refused(&LockOptions::new().ttl(Duration::MAX), "ttl");
}

#[test]
fn a_grace_longer_than_the_ttl_is_refused() {
    refused(&LockOptions::new().ttl(Duration::from_secs(1)), "grace");
    refused(&LockOptions::new().grace(Duration::from_secs(31)), "grace");
}

#[test]
fn values_at_the_limits_are_taken() {
    let lab = Lab::new();
    for options in [
        LockOptions::new().ttl(Duration::from_secs(2)),
        // Where time decides, nobody is quick enough to hold for a nanosecond.
        LockOptions::new()
            .ttl(if cfg!(windows) { Duration::from_secs(1) } else { Duration::from_nanos(1) })
            .grace(Duration::ZERO),
        LockOptions::new().ttl(Duration::from_secs(365 * 24 * 3600)),
        LockOptions::new().timeout(Duration::MAX),
        LockOptions::new().timeout(Duration::ZERO),
    ] {
        options.acquire(lab.target()).unwrap().release().unwrap();
    }
}

#[test]
fn options_serve_many_calls() {
    let lab = Lab::new();
    let options = LockOptions::default();
    let first = options.acquire(lab.join("a")).unwrap();
    let second = options.clone().acquire(lab.join("b")).unwrap();
    assert_ne!(first.token(), second.token());
    assert!(format!("{options:?}").contains("timeout: 5s"), "{options:?}");
}
