//! Releasing a lock that is ours.

use std::fs;

use filelock::AcquireError;

use crate::support::{Lab, WATCHDOG, brief, ways};

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
        let options = options.timeout(WATCHDOG).ttl(WATCHDOG * 2).grace(WATCHDOG * 2);
        match options.acquire(lab.target()) {
            Err(AcquireError::StrangeEntry { entry, .. }) => assert_eq!(entry, "notes.txt"),
            other => panic!("{way}: {other:?}"),
        }
    }
}

/// The holder, and a later one in a new directory of the old name.
#[cfg(unix)]
#[test]
fn a_lock_is_removed_from_the_directory_that_was_renamed_under_it() {
    for (way, environment) in ways() {
        for (reused, successor, dropped) in
            [(false, false, false), (true, false, false), (false, true, true), (true, true, false)]
        {
            let lab = Lab::new();
            fs::create_dir(lab.join("old")).unwrap();
            let target = lab.join("old/events.ndjson");
            let handle = brief().environment(environment.clone()).lock(&target).unwrap();
            if reused {
                handle.acquire().unwrap().release().unwrap();
            }
            let guard = handle.acquire().unwrap();
            let is_kernel_backed = guard.is_kernel_backed();
            fs::rename(lab.join("old"), lab.join("new")).unwrap();
            let later = successor.then(|| brief().acquire(&target).unwrap());
            if dropped {
                drop(guard);
            } else {
                crate::lost::expect_lost(guard);
            }
            drop(handle);
            let left = fs::read_dir(lab.join("new")).unwrap().count();
            assert_eq!(left, usize::from(!is_kernel_backed), "{way}, {reused}, {successor}");
            if let Some(later) = later {
                later.verify().unwrap();
                later.release().unwrap();
            }
        }
    }
}

/// As a deployment does: `current` leads to one release, then to the next.
#[cfg(unix)]
#[test]
fn a_lock_is_removed_from_where_a_link_on_its_path_led_to() {
    for reused in [false, true] {
        let lab = Lab::new();
        let (current, first, second) = (lab.join("current"), lab.join("1"), lab.join("2"));
        for directory in [&first, &second] {
            fs::create_dir(directory).unwrap();
        }
        std::os::unix::fs::symlink("1", &current).unwrap();
        let handle = brief().lock(current.join("events.ndjson")).unwrap();
        if reused {
            handle.acquire().unwrap().release().unwrap();
        }
        let guard = handle.acquire().unwrap();
        fs::remove_file(&current).unwrap();
        std::os::unix::fs::symlink("2", &current).unwrap();
        let later = brief().acquire(current.join("events.ndjson")).unwrap();
        crate::lost::expect_lost(guard);
        drop(handle);
        assert_eq!(fs::read_dir(&first).unwrap().count(), 0);
        later.verify().unwrap();
        later.release().unwrap();
    }
}

/// What a handle has parked goes, too.
#[cfg(unix)]
#[test]
fn a_parked_directory_is_removed_from_the_directory_that_was_renamed_under_it() {
    let lab = Lab::new();
    fs::create_dir(lab.join("old")).unwrap();
    let handle = brief().lock(lab.join("old/events.ndjson")).unwrap();
    for _ in 0..2 {
        handle.acquire().unwrap().release().unwrap();
    }
    let parked = fs::read_dir(lab.join("old")).unwrap().count();
    fs::rename(lab.join("old"), lab.join("new")).unwrap();
    drop(handle);
    assert_eq!(fs::read_dir(lab.join("new")).unwrap().count(), 0, "{parked} before");
}

/// A directory of ours that does not stand at the lock's name in the directory above is another
/// program's to remove: it moved it.
#[cfg(unix)]
#[test]
fn a_lock_that_was_moved_aside_in_a_renamed_directory_stays_as_it_is() {
    for stranger in [None, Some("another\u{2014}holder")] {
        let lab = Lab::new();
        fs::create_dir(lab.join("old")).unwrap();
        let target = lab.join("old/events.ndjson");
        let guard = brief().acquire(&target).unwrap();
        fs::rename(lab.join("old"), lab.join("new")).unwrap();
        let lock = lab.join("new/events.ndjson.lock");
        fs::rename(&lock, lab.join("new/aside")).unwrap();
        if let Some(text) = stranger {
            fs::create_dir(&lock).unwrap();
            fs::write(lock.join("holder"), text).unwrap();
        }
        crate::lost::expect_lost(guard);
        assert!(lab.join("new/aside/holder").exists());
        let kept = fs::read_to_string(lock.join("holder")).ok();
        assert_eq!(kept.as_deref(), stranger);
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
