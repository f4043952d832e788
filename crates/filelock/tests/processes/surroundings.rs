//! Properties of a whole process, so of a child: its umask, its current directory, its limits.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use filelock::testing::Environment;
use filelock::{AcquireError, LockOptions};
use testkit::ChildTest;

use crate::support::{Lab, SECOND, brief, expect_alive, expect_gone, now, record, ways};

/// Runs the rest of the command line with some property set by `command`.
fn shell(command: &str) -> [String; 4] {
    ["sh".into(), "-c".into(), format!("{command}; exec \"$@\""), "sh".into()]
}

#[test]
fn child_holds_in_each_way() {
    let Some(parent) = testkit::parent() else { return };
    for (way, environment) in ways() {
        let guard = LockOptions::new().environment(environment).acquire(parent.path("TARGET"));
        let guard = guard.unwrap();
        let mode = |path: PathBuf| fs::symlink_metadata(path).unwrap().mode() & 0o7777;
        let lock = guard.lock_path().to_owned();
        let modes = format!("{:o} {:o}", mode(lock.clone()), mode(lock.join("holder")));
        parent.at(way, &modes);
        guard.release().unwrap();
    }
}

/// A foreign process of another user that cannot read the record takes the lock for a leftover.
#[test]
fn the_modes_are_the_same_whatever_the_umask() {
    for lab in Lab::everywhere() {
        for umask in ["077", "000", "022", "027"] {
            let mut child = ChildTest::new(module_path!(), "child_holds_in_each_way")
                .through(shell(&format!("umask {umask}")))
                .var("TARGET", lab.target())
                .spawn();
            let case = format!("umask {umask} on {}", lab.name());
            assert_eq!(child.await_point("published"), "1711 644", "{case}");
            assert_eq!(child.await_point("in-place"), "711 644", "{case}");
            assert_eq!(child.await_point("by-time"), "711 644", "{case}");
            child.succeed();
        }
    }
}

#[test]
fn child_changes_its_directory() {
    let Some(parent) = testkit::parent() else { return };
    let (first, second) = (parent.path("FIRST"), parent.path("SECOND"));
    for (way, environment) in ways() {
        let options = LockOptions::new().environment(environment);
        std::env::set_current_dir(&first).unwrap();
        let guard = options.acquire("sub/events.ndjson").unwrap();
        let dropped = options.acquire("sub/other.ndjson").unwrap();
        assert_eq!(guard.path(), first.join("sub/events.ndjson"), "{way}");
        assert!(first.join("sub/events.ndjson.lock/holder").is_file(), "{way}");

        std::env::set_current_dir(&second).unwrap();
        // The same words name another file now.
        let other = options
            .try_acquire("sub/events.ndjson")
            .unwrap()
            .acquired()
            .expect("because it is free");
        guard.verify().unwrap();
        guard.renew().unwrap();
        guard.release().unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(first.join("sub")).unwrap().count(), 0, "{way}");
        other.verify().unwrap();
        other.release().unwrap();
    }
}

#[test]
fn a_guard_stays_with_its_file_when_the_current_directory_changes() {
    let lab = Lab::new();
    // As the system names them: /tmp may be a link.
    let [first, second] = ["first", "second"].map(|name| {
        fs::create_dir(lab.join(name)).unwrap();
        fs::canonicalize(lab.join(name)).unwrap()
    });
    ChildTest::new(module_path!(), "child_changes_its_directory")
        .var("FIRST", first)
        .var("SECOND", second)
        .spawn()
        .succeed();
}

/// Opens files until no more can be opened.
fn exhaust() -> Vec<File> {
    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(files.len() < 10_000, "the limit is not in force");
    files
}

#[test]
fn child_runs_out_of_descriptors() {
    let Some(parent) = testkit::parent() else { return };
    let target = parent.path("TARGET");
    let lock = parent.path("LOCK");
    let here = Environment { kernel_id: Some("here".into()), ..Environment::default() };
    let options = brief().environment(here.clone());

    // A free lock cannot be acquired; each way says so and leaves nothing.
    for (way, environment) in ways() {
        let full = exhaust();
        let error = brief().environment(environment).acquire(&target).map(drop).unwrap_err();
        drop(full);
        assert!(matches!(error, AcquireError::Io { .. }), "{way}: {error:?}");
        let left = fs::read_dir(target.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0, "{way}: something was left");
    }

    // A held lock can be looked at, renewed and released with the descriptors that it has.
    let guard = options.acquire(&target).unwrap();
    let full = exhaust();
    guard.verify().unwrap();
    guard.renew().unwrap();
    guard.release().unwrap();
    drop(full);
    assert!(!lock.exists());

    // Who cannot look does not know that a holder is dead: neither by the kernel's word nor by
    // time. One descriptor is needed for the preparation and one for its record, and there is no
    // third.
    for stamp in [now(), now() - 3600 * SECOND] {
        fs::create_dir(&lock).unwrap();
        fs::write(lock.join("holder"), record(stamp, "token\nflock here\n")).unwrap();
        let mut full = exhaust();
        full.truncate(full.len() - 2);
        let error = options.acquire(&target).map(drop).unwrap_err();
        drop(full);
        assert!(error.is_contention(), "{error:?}");
        assert!(error.to_string().contains("could not be examined"), "{error}");
        assert!(lock.join("holder").exists(), "it was cleared");
        expect_gone(&options, &target);
    }
}

#[test]
fn running_out_of_descriptors_is_an_error_and_no_proof_of_death() {
    for lab in Lab::everywhere() {
        ChildTest::new(module_path!(), "child_runs_out_of_descriptors")
            .through(shell("ulimit -n 40"))
            .var("TARGET", lab.target())
            .var("LOCK", lab.lock())
            .spawn()
            .succeed();
    }
}

/// What a process may be short of at its first acquisition says nothing about its kernel.
#[test]
fn child_is_short_of_descriptors_at_first() {
    let Some(parent) = testkit::parent() else { return };
    let target = parent.path("TARGET");
    let mut full = exhaust();
    // One is left: enough for the preparation, not for its record nor for the kernel's name.
    full.pop();
    let error = filelock::acquire(&target).map(drop).unwrap_err();
    assert!(matches!(error, AcquireError::Io { .. }), "{error:?}");
    drop(full);

    let _guard = filelock::acquire(&target).unwrap();
    let record = fs::read_to_string(parent.path("LOCK").join("holder")).unwrap();
    let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert!(record.contains(&format!("\nflock {}\n", kernel.trim())), "{record:?}");
    assert!(record.contains("\npidns ") && record.contains("\nstart "), "{record:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_shortage_of_descriptors_does_not_make_the_kernel_nameless() {
    let lab = Lab::new();
    ChildTest::new(module_path!(), "child_is_short_of_descriptors_at_first")
        .through(shell("ulimit -n 40"))
        .var("TARGET", lab.target())
        .var("LOCK", lab.lock())
        .spawn()
        .succeed();
}

#[test]
fn child_counts_its_descriptors() {
    let Some(parent) = testkit::parent() else { return };
    let (target, lock) = (parent.path("TARGET"), parent.path("LOCK"));
    let here = Environment { kernel_id: Some("here".into()), ..Environment::default() };
    let options = LockOptions::new().timeout(Duration::ZERO).environment(here);
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    for round in 0..50 {
        // In turn: a dead holder, an expired one, a living one, a lock file, and none.
        if round % 5 < 3 {
            let (stamp, line) = [(now(), "flock here\n"), (0, ""), (now(), "")][round % 5];
            fs::create_dir(&lock).unwrap();
            fs::write(lock.join("holder"), record(stamp, &format!("token\n{line}"))).unwrap();
        } else if round % 5 == 3 {
            fs::write(&lock, record(0, "")).unwrap();
        }
        match options.acquire(&target) {
            Ok(guard) => {
                assert!(options.try_acquire(&target).unwrap().acquired().is_none());
                guard.verify().unwrap();
                guard.release().unwrap();
            }
            Err(_) => fs::remove_dir_all(&lock).unwrap(),
        }
        assert_eq!(open(), before, "after round {round}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_call_leaves_a_descriptor_open() {
    let lab = Lab::new();
    ChildTest::new(module_path!(), "child_counts_its_descriptors")
        .var("TARGET", lab.target())
        .var("LOCK", lab.lock())
        .spawn()
        .succeed();
    assert_eq!(lab.names(), [""; 0]);
}

/// The record of a process is readable for all, so that everybody can say who holds the lock.
#[test]
fn another_process_is_named_in_the_timeout() {
    let lab = Lab::new();
    let mut child =
        ChildTest::new(module_path!(), "child_holds").var("TARGET", lab.target()).spawn();
    child.await_point("holding");
    let holder = expect_alive(&brief(), lab.target());
    assert_eq!(holder.pid(), Some(child.pid()));
    assert!(!holder.is_this_process());
    assert!(holder.to_string().starts_with(&format!("process {}", child.pid())), "{holder}");
    child.say("release");
    child.succeed();
}

#[test]
fn child_holds() {
    let Some(mut parent) = testkit::parent() else { return };
    let guard = filelock::acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    guard.release().unwrap();
}

/// Makes its handle, then goes where there is no `/proc`.
#[cfg(target_os = "linux")]
#[test]
fn child_changes_its_root() {
    let Some(mut parent) = testkit::parent() else { return };
    let options = LockOptions::new();
    // As it will be called.
    let lock = (parent.var("WHEN") == "before").then(|| options.lock("/events.ndjson").unwrap());
    std::os::unix::fs::chroot(parent.path("ROOT")).unwrap();
    std::env::set_current_dir("/").unwrap();
    let lock = lock.unwrap_or_else(|| options.lock("/events.ndjson").unwrap());
    let guard = lock.acquire().unwrap();
    guard.verify().unwrap();
    parent.at("holding", guard.token());
    parent.await_word("never said");
}

/// Which kernel vouches for a lock is not to be read there, but was before.
#[cfg(target_os = "linux")]
#[test]
fn a_handle_made_before_a_chroot_names_the_kernel_after_it() {
    if testkit::other_user().is_none() {
        return testkit::skip("only root can change its root");
    }
    for lab in Lab::everywhere() {
        for when in ["before", "after"] {
            let mut child = ChildTest::new(module_path!(), "child_changes_its_root")
                .var("ROOT", lab.root())
                .var("WHEN", when)
                .spawn();
            let token = child.await_point("holding");
            child.kill();
            let fourth = fs::read_to_string(lab.holder()).unwrap();
            let fourth = fourth.lines().nth(3).unwrap();
            if when == "before" {
                let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
                assert_eq!(fourth, format!("flock {}", boot.trim()), "on {}", lab.name());
                let guard = brief().try_acquire(lab.target()).unwrap().acquired().unwrap();
                assert_eq!(guard.takeover().unwrap().token(), Some(&*token));
            } else {
                // What the name is for: nobody can tell, so that time decides.
                assert_eq!(fourth, "flock -");
                assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_none());
            }
        }
    }
}
