//! Acquiring a free lock: what is on the disk before, meanwhile and afterwards.

use std::fs;

use filelock::testing::Way;
use filelock::{LockGuard, LockOptions};

use crate::support::{Lab, brief, now, ways};

#[test]
fn an_acquisition_and_its_release_leave_nothing_behind() {
    for lab in Lab::everywhere() {
        fs::write(lab.target(), b"content").unwrap();
        for (way, environment) in ways() {
            let before = lab.snapshot();
            let guard = LockOptions::new().environment(environment).acquire(lab.target()).unwrap();
            assert_eq!(lab.names(), ["events.ndjson", "events.ndjson.lock"], "{way}");
            let inside: Vec<_> = fs::read_dir(lab.lock()).unwrap().collect();
            assert_eq!(inside.len(), 1, "{way} on {}: {inside:?}", lab.name());
            guard.release().unwrap();
            assert_eq!(lab.snapshot(), before, "{way} on {}", lab.name());
        }
    }
}

#[test]
fn dropping_the_guard_releases_the_lock() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options = LockOptions::new().environment(environment);
            drop(options.acquire(lab.target()).unwrap());
            assert_eq!(lab.names(), [""; 0], "{way} on {}", lab.name());
        }
    }
}

#[test]
fn a_panic_under_the_lock_releases_it() {
    let lab = Lab::new();
    let target = lab.target();
    let panicked = std::thread::spawn(move || {
        let _guard = filelock::acquire(target).unwrap();
        std::panic::resume_unwind(Box::new("under the lock"));
    })
    .join();
    assert!(panicked.is_err());
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn the_record_tells_who_holds_the_lock_since_when() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().environment(environment);
        let before = now();
        let guard = options.acquire(lab.target()).unwrap();
        let after = now();

        let bytes = fs::read(lab.holder()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with('\n'), "{way}: {text:?}");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], std::process::id().to_string(), "{way}");
        assert_eq!(lines[1].len(), 19, "{way}: {text:?}");
        let stamp: i64 = lines[1].parse().unwrap();
        assert!((before..=after).contains(&stamp), "{way}: {before} {stamp} {after}");
        assert_eq!(lines[2], guard.token(), "{way}");
        assert!(guard.token().len() == 24, "{way}: {text:?}");
        assert!(guard.token().bytes().all(|byte| byte.is_ascii_hexdigit()), "{way}: {text:?}");
        assert_eq!(
            lines.iter().any(|line| line.starts_with("flock ")),
            guard.is_kernel_backed(),
            "where nobody keeps an OS lock, no line says so: {text:?}"
        );
        if guard.is_kernel_backed() {
            assert!(lines[3].starts_with("flock "), "{way}: {text:?}");
        }
        assert!(lines.contains(&&*format!("since {}", lines[1])), "{way}: {text:?}");
    }
}

/// The label and where the holder runs are for people; a renewal changes none of it, and no length.
#[test]
fn the_record_tells_where_the_holder_runs_and_what_for() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options =
            LockOptions::new().environment(environment).label("agentslock set\nunits\u{1b}[2J");
        let guard = options.acquire(lab.target()).unwrap();
        let first = fs::read(lab.holder()).unwrap();
        let inspect = || filelock::inspect(lab.target()).unwrap().unwrap();
        let seen = inspect();
        assert_eq!(seen.holder().label(), Some("agentslock set units [2J"), "{way}");
        assert!(seen.holder().host().is_some(), "{way}: {seen:?}");
        assert_eq!(seen.holder().pid_here(), Some(std::process::id()), "{way}");
        if cfg!(target_os = "linux") {
            assert!(seen.holder().pid_namespace().is_some(), "{way}: {seen:?}");
            assert!(seen.holder().process_start().is_some(), "{way}: {seen:?}");
        }
        let (since, renewed) = (seen.holder().since(), seen.holder().renewed());
        assert_eq!(since, renewed, "{way}");
        while inspect().holder().renewed() == renewed {
            guard.renew().unwrap();
        }
        assert_eq!(inspect().holder().since(), since, "{way}");
        assert_eq!(fs::read(lab.holder()).unwrap().len(), first.len(), "{way}");
    }
}

#[cfg(unix)] // Time decides on Windows.
#[test]
fn the_kernel_vouches_for_a_holder_wherever_the_os_lock_means_something() {
    // All places are on local file systems, as far as we know them. On a network file system time
    // would judge, and this could not be shown.
    for (way, environment) in ways() {
        let time_based = environment.way == Some(Way::ByTime);
        let lab = Lab::new();
        let guard = LockOptions::new().environment(environment).acquire(lab.target()).unwrap();
        assert_eq!(guard.is_kernel_backed(), !time_based, "{way}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_fourth_line_names_the_running_kernel() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap();
    let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let text = fs::read_to_string(lab.holder()).unwrap();
    assert_eq!(text.lines().nth(3), Some(format!("flock {}", kernel.trim()).as_str()));
}

#[cfg(unix)] // There are no modes on Windows.
#[test]
fn only_a_published_directory_is_sticky() {
    let modes: Vec<_> = ways()
        .into_iter()
        .map(|(way, environment)| {
            let lab = Lab::new();
            let _guard = LockOptions::new().environment(environment).acquire(lab.target()).unwrap();
            let mode = |path: std::path::PathBuf| testkit::stat(&path).mode & 0o7777;
            (way, mode(lab.lock()), mode(lab.holder()))
        })
        .collect();
    assert_eq!(
        modes,
        [("published", 0o1711, 0o644), ("in-place", 0o711, 0o644), ("by-time", 0o711, 0o644)]
    );
}

#[test]
fn each_acquisition_has_a_token_of_its_own() {
    let lab = Lab::new();
    let mut tokens = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let guard = filelock::acquire(lab.target()).unwrap();
        assert!(tokens.insert(guard.token().to_owned()), "{} twice", guard.token());
        guard.release().unwrap();
    }
}

#[test]
fn a_held_lock_is_not_granted_again() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options = brief().environment(environment);
            let guard = options.acquire(lab.target()).unwrap().unbind();
            let before = lab.snapshot();
            assert!(options.try_acquire(lab.target()).unwrap().acquired().is_none(), "{way}");
            let error = options.acquire(lab.target()).unwrap_err();
            assert!(error.is_contention(), "{way}: {error}");
            assert_eq!(
                lab.snapshot(),
                before,
                "{way}: the failed call left something, or hurt the lock"
            );
            guard.release().unwrap();
            assert!(
                options.try_acquire(lab.target()).unwrap().acquired().is_some(),
                "{way}: not free again"
            );
        }
    }
}

/// The ways exclude each other too: a machine may change from one to the other by an upgrade.
#[test]
fn the_ways_to_claim_exclude_each_other() {
    for (holder_way, holder) in ways() {
        for (taker_way, taker) in ways() {
            let lab = Lab::new();
            let guard = brief().environment(holder.clone()).acquire(lab.target()).unwrap();
            let taken = brief().environment(taker).try_acquire(lab.target()).unwrap().acquired();
            assert!(taken.is_none(), "{taker_way} got what {holder_way} held");
            guard.verify().unwrap();
        }
    }
}

#[test]
fn locks_of_different_names_do_not_hinder_each_other() {
    let lab = Lab::new();
    let names = ["a", "a.json", "b", "a.lock", "a.lock.lock"];
    let guards: Vec<LockGuard> = names
        .map(|name| {
            filelock::try_acquire(lab.join(name)).unwrap().acquired().expect("because it is free")
        })
        .into();
    assert_eq!(lab.names().len(), guards.len());
    for guard in guards {
        guard.release().unwrap();
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn what_is_locked_is_neither_created_nor_touched() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    assert!(!lab.target().exists());
    guard.release().unwrap();

    fs::write(lab.target(), b"content").unwrap();
    let before = lab.snapshot();
    filelock::acquire(lab.target()).unwrap().release().unwrap();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn missing_parents_are_created() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let target = lab.join("a/b/c/events.ndjson");
        let guard = brief().environment(environment).acquire(&target).unwrap();
        assert!(lab.join("a/b/c/events.ndjson.lock/holder").is_file(), "{way}");
        guard.release().unwrap();
        assert_eq!(fs::read_dir(lab.join("a/b/c")).unwrap().count(), 0, "{way}");
    }
}
