//! Releasing a lock that is ours.

use std::fs;
use std::time::Duration;

use filelock::AcquireError;

use crate::support::{Lab, brief, ways};

#[test]
fn a_released_lock_is_free_at_once() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options = brief().environment(environment);
            for _ in 0..20 {
                let guard = options.try_acquire(lab.target()).unwrap().acquired();
                let guard = guard.unwrap_or_else(|| panic!("{way} on {}: still held", lab.name()));
                assert!(guard.takeover().is_none(), "{way}: it was released, not left");
                guard.release().unwrap();
            }
        }
    }
}

/// We hold nothing any more as soon as the record is gone. If the directory cannot be removed, the
/// next claimant gets that error; the release did not fail.
#[test]
fn a_strange_file_in_our_lock_does_not_keep_us_from_releasing_it() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = brief().environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
        guard.release().unwrap_or_else(|error| panic!("{way}: {error}"));
        assert!(!lab.holder().exists(), "{way}");
        assert_eq!(fs::read(lab.lock().join("notes.txt")).unwrap(), b"mine", "{way}");
        if cfg!(windows) {
            // No sticky bit says that it was there with its record.
            continue;
        }
        // Not after the grace: whatever the way, it was there with its record.
        match options.timeout(Duration::ZERO).acquire(lab.target()) {
            Err(AcquireError::StrangeEntry { entry, .. }) => assert_eq!(entry, "notes.txt"),
            other => panic!("{way}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_parent_is_no_reason_to_panic() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let target = lab.join("sub/events.ndjson");
        let guard = brief().environment(environment.clone()).acquire(&target).unwrap();
        let dropped = brief().environment(environment).acquire(lab.join("sub/other")).unwrap();
        fs::remove_dir_all(lab.join("sub")).unwrap();
        drop(dropped);
        crate::lost::expect_lost(guard);
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}
