//! Leftover preparations, of processes that died while preparing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use filelock::LockOptions;
use filelock::testing::Environment;

use crate::support::{KERNEL, Lab, WATCHDOG, age, brief, expect_alive, expect_gone, now, record};

fn here() -> LockOptions {
    brief()
        .environment(Environment { kernel_id: Some(KERNEL.to_owned()), ..Environment::default() })
}

fn dead() -> Vec<u8> {
    record(now(), &format!("token\nflock {KERNEL}\n"))
}

/// A preparation whose owner died after writing its record, or before, so long ago.
fn leftover(lab: &Lab, unique: &str, with_record: bool, ago: u64) -> PathBuf {
    let path = lab.join(format!("events.ndjson.lock.prep-{unique}"));
    fs::create_dir(&path).unwrap();
    if with_record {
        fs::write(path.join("holder"), dead()).unwrap();
    }
    age(&path, Duration::from_secs(ago));
    path
}

fn exist(paths: &[PathBuf]) -> Vec<bool> {
    paths.iter().map(|path| path.exists()).collect()
}

#[test]
fn leftovers_are_swept_after_a_dead_holder_was_found() {
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead()));
        let paths = [
            leftover(&lab, "0000000000000001", true, 3),
            leftover(&lab, "0000000000000002", false, 3),
            leftover(&lab, "0000000000000003", true, 3600),
        ];
        expect_gone(&here(), lab.target());
        assert_eq!(exist(&paths), [false; 3], "on {}", lab.name());
        assert_eq!(lab.names(), [""; 0]);
    }
}

/// It may be the preparation of somebody who is just about to take its OS lock.
#[test]
fn a_leftover_younger_than_the_grace_is_not_touched() {
    let lab = Lab::new();
    lab.occupy(Some(&dead()));
    let young = leftover(&lab, "0000000000000001", false, 0);
    let before = lab.snapshot().remove(&young);
    expect_gone(&here(), lab.target());
    assert_eq!(lab.snapshot().remove(&young), before);
}

/// Options with which a sweep is due whenever the lock is contended.
fn always_due() -> LockOptions {
    here().ttl(Duration::from_nanos(1)).grace(Duration::ZERO)
}

#[test]
fn leftovers_are_swept_on_contention_and_again_after_a_ttl() {
    let lab = Lab::new();
    let guard = here().acquire(lab.target()).unwrap();
    let first = leftover(&lab, "0000000000000001", true, 3);
    expect_alive(&here(), lab.target());
    assert!(!first.exists(), "not swept on first contention");

    let second = leftover(&lab, "0000000000000002", true, 3);
    // Another TTL is another caller's view of when it is due.
    expect_alive(&always_due(), lab.target());
    assert!(!second.exists(), "not swept when it was due");
    guard.release().unwrap();
}

/// Contention alone is no sign that somebody died, a dead holder is: then it does not matter when
/// the last sweep was.
#[test]
fn a_dead_holder_is_always_reason_to_sweep() {
    let lab = Lab::new();
    let guard = here().acquire(lab.target()).unwrap();
    expect_alive(&here(), lab.target());
    guard.release().unwrap();
    let path = leftover(&lab, "0000000000000001", true, 3);
    lab.occupy(Some(&dead()));
    expect_gone(&here(), lab.target());
    assert!(!path.exists());
}

/// A waiter that is killed, or a lock that another user took over, leaves something that nobody
/// ever contends for.
#[test]
fn an_acquisition_sweeps_after_its_release_once_per_ttl_though_nobody_contends() {
    let pass = |options: &LockOptions, lab: &Lab| {
        options.acquire(lab.target()).unwrap().release().unwrap();
    };
    let lab = Lab::new();
    let first = leftover(&lab, "0000000000000001", true, 3);
    let guard = here().acquire(lab.target()).unwrap();
    assert!(first.exists(), "swept by a holder");
    guard.release().unwrap();
    assert!(!first.exists(), "not swept by the first acquisition");
    let second = leftover(&lab, "0000000000000002", true, 3);
    pass(&here(), &lab);
    assert!(second.exists(), "swept again within the TTL");
    pass(&always_due(), &lab);
    assert!(!second.exists(), "not swept when it was due");
}

#[test]
fn a_handle_sweeps_at_first_and_then_once_per_ttl() {
    let lab = Lab::new();
    let [often, seldom] = [always_due(), here()].map(|options| options.lock(lab.target()).unwrap());
    for unique in ["0000000000000001", "0000000000000002"] {
        let path = leftover(&lab, unique, true, 3);
        often.acquire().unwrap().release().unwrap();
        assert!(!path.exists(), "{unique}: not swept when it was due");
    }
    seldom.acquire().unwrap().release().unwrap();
    let path = leftover(&lab, "0000000000000003", true, 3);
    seldom.acquire().unwrap().release().unwrap();
    assert!(path.exists(), "swept again within the TTL");
}

#[test]
fn what_a_handle_has_to_sweep_is_not_forgotten_if_its_first_acquisition_times_out() {
    let lab = Lab::new();
    let guard = here().acquire(lab.target()).unwrap().unbind();
    // So that contention is no reason to sweep any more.
    expect_alive(&here(), lab.target());
    let path = leftover(&lab, "0000000000000001", true, 3);
    let lock = here().lock(lab.target()).unwrap();
    assert!(lock.acquire().unwrap_err().is_contention());
    assert!(path.exists());
    guard.release().unwrap();
    lock.acquire().unwrap().release().unwrap();
    assert!(!path.exists(), "it was forgotten");
}

/// Its sticky bit says that its owner had the OS lock before. So nobody is disturbed who asks.
#[test]
fn a_leftover_that_was_ready_to_be_published_is_swept_at_any_age() {
    use std::os::unix::fs::PermissionsExt;
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead()));
        let paths =
            [("0000000000000001", true), ("0000000000000002", false)].map(|(unique, full)| {
                let path = leftover(&lab, unique, full, 0);
                fs::set_permissions(&path, fs::Permissions::from_mode(0o1711)).unwrap();
                path
            });
        expect_gone(&here(), lab.target());
        assert_eq!(exist(&paths), [false; 2], "on {}", lab.name());
    }
}

/// Whatever TTL others have for the locks that they contend for.
#[test]
fn contention_sweeps_once_per_name_and_ttl() {
    let (lab, other) = (Lab::new(), Lab::new());
    let _guards = [&lab, &other].map(|lab| here().acquire(lab.target()).unwrap());
    expect_alive(&here(), lab.target());
    let path = leftover(&lab, "0000000000000001", true, 3);
    expect_alive(&always_due(), other.target());
    expect_alive(&here(), lab.target());
    assert!(path.exists(), "swept again within the TTL");
}

#[test]
fn a_living_preparation_is_never_swept() {
    for lab in Lab::everywhere() {
        let guard = here().acquire(lab.target()).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| here().timeout(WATCHDOG).acquire(lab.target()));
            testkit::wait_until(WATCHDOG, || {
                lab.preparations().first().is_some_and(|path| path.join("holder").exists())
            });
            let living = lab.preparations().remove(0);
            let dead = leftover(&lab, "0000000000000001", true, 3600);
            // As old as the other: only its owner's OS lock tells them apart.
            age(&living, Duration::from_secs(3600));
            // A waiter sweeps in its pauses. On a busy machine its time can be over before that.
            testkit::wait_until(WATCHDOG, || {
                expect_alive(&always_due(), lab.target());
                !dead.exists()
            });
            assert!(living.exists(), "on {}", lab.name());
            assert!(living.join("holder").exists(), "its record was removed");
            guard.release().unwrap();
            waiter.join().unwrap().unwrap().release().unwrap();
        });
        assert_eq!(lab.names(), [""; 0]);
    }
}

/// The file generation's own leftovers are its business, and everything else is somebody's.
#[test]
fn names_that_are_not_our_preparations_are_never_touched() {
    let lab = Lab::new();
    let names = [
        "events.ndjson.lock.stale-1",
        "events.ndjson.lock.stale-prep-1",
        "events.ndjson.lock.prep",
        "events.ndjson.lock.prepared",
        "events.ndjson.prep-1",
        "events.ndjson.lock2.prep-1",
        "other.lock.prep-0000000000000001",
        "x-events.ndjson.lock.prep-0000000000000001",
        "EVENTS.NDJSON.LOCK.PREP-0000000000000001",
    ];
    for name in names {
        fs::create_dir(lab.join(name)).unwrap();
        fs::write(lab.join(name).join("holder"), dead()).unwrap();
        age(&lab.join(name), Duration::from_secs(3600));
        fs::write(lab.join(format!("file-{name}")), b"mine").unwrap();
    }
    let before = lab.snapshot();
    lab.occupy(Some(&dead()));
    expect_gone(&here(), lab.target());
    assert_eq!(lab.snapshot(), before);
}

/// Somebody died after moving an expired lock file aside and before deleting it.
#[test]
fn an_old_lock_file_that_was_moved_aside_is_swept() {
    let lab = Lab::new();
    let path = |unique| lab.join(format!("events.ndjson.lock.prep-{unique}"));
    let (old, young) = (path("0000000000000001"), path("0000000000000002"));
    for (path, ago) in [(&old, 31), (&young, 20)] {
        fs::write(path, record(0, "")).unwrap();
        age(path, Duration::from_secs(ago));
    }
    lab.occupy(Some(&dead()));
    expect_gone(&here(), lab.target());
    assert_eq!(exist(&[old, young]), [false, true]);
}

#[test]
fn a_strange_file_in_a_leftover_is_kept() {
    let lab = Lab::new();
    lab.occupy(Some(&dead()));
    let path = leftover(&lab, "0000000000000001", true, 0);
    fs::write(path.join("notes.txt"), b"mine").unwrap();
    age(&path, Duration::from_secs(3600));
    expect_gone(&here(), lab.target());
    assert_eq!(fs::read(path.join("notes.txt")).unwrap(), b"mine");
}

#[test]
fn a_link_with_a_preparations_name_is_not_followed() {
    let lab = Lab::new();
    lab.occupy(Some(&dead()));
    let elsewhere = lab.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("holder"), dead()).unwrap();
    age(&elsewhere, Duration::from_secs(3600));
    let link = lab.join("events.ndjson.lock.prep-0000000000000001");
    std::os::unix::fs::symlink(Path::new("elsewhere"), &link).unwrap();
    let before = lab.snapshot().remove(&elsewhere.join("holder"));
    expect_gone(&here(), lab.target());
    assert!(link.is_symlink());
    assert_eq!(lab.snapshot().remove(&elsewhere.join("holder")), before);
}

/// Half a million files can lie beside the lock. A holder goes through 4096 of them after its
/// release, and its handle goes on the next time.
#[test]
fn a_sweep_goes_in_pieces_and_goes_on() {
    // There the oldest entry comes last; on most disks they come in no order.
    let lab = Lab::in_memory();
    let number = |number: u32| leftover(&lab, &format!("{number:016x}"), true, 3);
    let all: Vec<_> = (0..40).map(number).collect();
    for number in 0..9000 {
        fs::write(lab.join(format!("other-{number}")), "").unwrap();
    }
    let lock = here().lock(lab.target()).unwrap();
    let mut rounds = 0;
    while exist(&all).contains(&true) {
        lock.acquire().unwrap().release().unwrap();
        rounds += 1;
        assert!(rounds <= 3, "not all are swept after {rounds} acquisitions");
    }
    assert!(rounds > 1, "one acquisition went through all of them");
}
