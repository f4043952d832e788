//! `Lock`, a handle that is used again and again.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use filelock::testing::Way;
use filelock::{AcquireError, LockOptions, NotHeld, ReleaseError, VerifyError};
use testkit::wait_until;

use crate::support::{Lab, WATCHDOG, age, brief, expect_alive};

/// Takes the lock again until its release leaves something beside the file: what a handle has
/// parked.
pub(crate) fn parked(lab: &Lab, lock: &filelock::Lock) -> PathBuf {
    for _ in 0..2 {
        lock.acquire().unwrap().release().unwrap();
    }
    let [parked] = &lab.preparations()[..] else { panic!("nothing is parked: {:?}", lab.names()) };
    parked.clone()
}

#[cfg(unix)]
fn inode(path: &std::path::Path) -> u64 {
    std::os::unix::fs::MetadataExt::ino(&fs::symlink_metadata(path).unwrap())
}

/// Where locks can be moved: not on Windows, nor on systems without an exclusive rename.
pub(crate) const MOVES: bool =
    cfg!(any(target_os = "linux", target_os = "android", target_vendor = "apple"));

#[test]
fn a_handle_excludes_and_releases_like_a_one_shot() {
    for lab in Lab::everywhere() {
        let lock = brief().lock(lab.target()).unwrap();
        assert_eq!(lock.path(), lab.target());
        for round in 0..5 {
            let guard = lock.acquire().unwrap();
            guard.verify().unwrap();
            let holder = expect_alive(&brief(), lab.target());
            assert_eq!(holder.token(), Some(guard.token()), "{round} on {}", lab.name());
            assert!(lock.try_acquire().unwrap().acquired().is_none(), "{round} on {}", lab.name());
            assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_none());
            guard.release().unwrap();
            brief().try_acquire(lab.target()).unwrap().acquired().unwrap().release().unwrap();
        }
        drop(lock);
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

/// Each acquisition is another one, although the directory is the same.
#[cfg(unix)]
#[test]
fn the_directory_is_used_again_and_the_token_is_not() {
    if !MOVES {
        return;
    }
    for lab in Lab::everywhere() {
        let lock = brief().lock(lab.target()).unwrap();
        let parked = parked(&lab, &lock);
        let (id, mut tokens) = (inode(&parked), Vec::new());
        for _ in 0..3 {
            let guard = lock.acquire().unwrap();
            assert_eq!(inode(&lab.lock()), id, "on {}", lab.name());
            assert!(!parked.exists(), "on {}", lab.name());
            tokens.push(guard.token().to_owned());
            guard.release().unwrap();
            assert_eq!(lab.preparations(), std::slice::from_ref(&parked), "on {}", lab.name());
        }
        tokens.sort();
        tokens.dedup();
        assert_eq!(tokens.len(), 3);
        drop(lock);
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

/// A program that locks now and then leaves nothing beside the file between two times, whatever it
/// did before.
#[test]
fn only_acquisitions_in_a_row_leave_something_beside_the_file() {
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    lock.acquire().unwrap().release().unwrap();
    assert_eq!(lab.names(), [""; 0], "the first acquisition");
    // More than a second after the last release: the condition is the time itself.
    std::thread::sleep(Duration::from_millis(1100));
    lock.acquire().unwrap().release().unwrap();
    assert_eq!(lab.names(), [""; 0], "one after a while");
    lock.acquire().unwrap().release().unwrap();
    assert_eq!(lab.names().len(), usize::from(MOVES), "two in a row: {:?}", lab.names());
    std::thread::sleep(Duration::from_millis(1100));
    lock.acquire().unwrap().release().unwrap();
    assert_eq!(lab.names(), [""; 0], "one after a while, from what was parked");
}

#[test]
fn a_guard_that_outlives_its_handle_leaves_nothing() {
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    let _ = parked_or_not(&lab, &lock);
    let guard = lock.acquire().unwrap();
    drop(lock);
    guard.verify().unwrap();
    guard.release().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

fn parked_or_not(lab: &Lab, lock: &filelock::Lock) -> usize {
    for _ in 0..2 {
        lock.acquire().unwrap().release().unwrap();
    }
    lab.preparations().len()
}

#[cfg(unix)]
type Tamper = fn(&std::path::Path);

/// What stands at the private name by then is not what was parked, or not whole.
#[cfg(unix)]
#[test]
fn what_was_parked_and_tampered_with_is_not_used_again() {
    if !MOVES {
        return;
    }
    let kinds: [(&str, Tamper); 6] = [
        ("its record removed", |parked| fs::remove_file(parked.join("holder")).unwrap()),
        ("its record replaced", |parked| {
            let holder = parked.join("holder");
            let record = fs::read(&holder).unwrap();
            fs::remove_file(&holder).unwrap();
            fs::write(&holder, record).unwrap();
        }),
        ("all of it removed", |parked| fs::remove_dir_all(parked).unwrap()),
        ("moved away", |parked| fs::rename(parked, parked.with_file_name("elsewhere")).unwrap()),
        ("replaced by a copy", |parked| {
            let elsewhere = parked.with_file_name("elsewhere");
            fs::rename(parked, &elsewhere).unwrap();
            fs::create_dir(parked).unwrap();
            fs::copy(elsewhere.join("holder"), parked.join("holder")).unwrap();
        }),
        ("replaced by a file", |parked| {
            fs::remove_dir_all(parked).unwrap();
            fs::write(parked, b"somebody's").unwrap();
        }),
    ];
    for lab in Lab::everywhere() {
        for (what, tamper) in kinds {
            let lock = brief().lock(lab.target()).unwrap();
            let place = parked(&lab, &lock);
            tamper(&place);
            let guard = lock.acquire().unwrap_or_else(|error| panic!("{what}: {error}"));
            guard.verify().unwrap_or_else(|error| panic!("{what}: {error}"));
            let holder = expect_alive(&brief(), lab.target());
            assert_eq!(*holder.liveness(), filelock::Liveness::Running, "{what}");
            guard.release().unwrap_or_else(|error| panic!("{what}: {error}"));
            drop(lock);
            assert!(!lab.lock().exists(), "{what} on {}", lab.name());
            for left in fs::read_dir(lab.root()).unwrap().map(|left| left.unwrap().path()) {
                // Put there by the test alone.
                let remove = if left.is_dir() { fs::remove_dir_all } else { fs::remove_file };
                remove(left).unwrap();
            }
        }
    }
}

/// A record in another's words: the whole of it is written again.
#[cfg(unix)]
#[test]
fn a_record_that_was_scribbled_on_is_whole_again() {
    if !MOVES {
        return;
    }
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    let holder = parked(&lab, &lock).join("holder");
    let length = fs::metadata(&holder).unwrap().len();
    let scribble = vec![b'x'; usize::try_from(length).unwrap()];
    {
        use std::os::unix::fs::FileExt;
        fs::File::options().write(true).open(&holder).unwrap().write_all_at(&scribble, 0).unwrap();
    }
    let guard = lock.acquire().unwrap();
    guard.verify().unwrap();
    let record = fs::read_to_string(lab.holder()).unwrap();
    assert!(record.contains(guard.token()) && !record.contains('x'), "{record}");
    guard.release().unwrap();
}

/// It is another's by the time of the release: that one is left where it is.
#[test]
fn a_lost_lock_is_neither_moved_nor_parked() {
    for lab in Lab::everywhere() {
        let lock = brief().lock(lab.target()).unwrap();
        parked_or_not(&lab, &lock);
        let guard = lock.acquire().unwrap();
        fs::remove_dir_all(lab.lock()).unwrap();
        let other = brief().acquire(lab.target()).unwrap();
        assert!(matches!(guard.verify(), Err(VerifyError::NotHeld(NotHeld::Lost { .. }))));
        let lost = guard.release().unwrap_err();
        assert!(matches!(lost, ReleaseError::NotHeld(NotHeld::Lost { .. })), "{lost}");
        other.verify().unwrap();
        assert!(lab.preparations().is_empty(), "on {}", lab.name());
        other.release().unwrap();
        lock.acquire().unwrap().release().unwrap();
        drop(lock);
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

/// A lock that a child may have a share of is not used again: the child would vouch for later
/// acquisitions.
/// As a person does who breaks it, while its holder believes to hold it.
#[test]
fn a_handle_whose_lock_is_broken_learns_of_it_and_goes_on() {
    for lab in Lab::everywhere() {
        let lock = brief().lock(lab.target()).unwrap();
        lock.acquire().unwrap().release().unwrap();
        for _ in 0..3 {
            // In a row: its release is to move the lock.
            let guard = lock.acquire().unwrap();
            let found = filelock::inspect(lab.target()).unwrap().unwrap();
            filelock::break_lock(lab.target(), found.holder_id()).unwrap();
            let successor = brief().try_acquire(lab.target()).unwrap().acquired().unwrap();
            assert!(guard.verify().unwrap_err().is_lost(), "on {}", lab.name());
            let released = guard.release();
            assert!(matches!(released, Err(ReleaseError::NotHeld(NotHeld::Lost { .. }))));
            successor.verify().unwrap();
            successor.release().unwrap();
            assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
        }
        lock.acquire().unwrap().release().unwrap();
        drop(lock);
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

#[test]
fn what_was_once_shared_with_children_is_not_parked() {
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    parked_or_not(&lab, &lock);
    let guard = lock.acquire().unwrap();
    guard.set_inherited(true).unwrap();
    guard.set_inherited(false).unwrap();
    guard.release().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_failed_acquisition_keeps_what_was_parked_and_leaves_nothing_else() {
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    let count = parked_or_not(&lab, &lock);
    let before = lab.preparations();
    let other = brief().acquire(lab.target()).unwrap().unbind();
    for _ in 0..2 {
        let refused = lock.acquire().unwrap_err();
        assert!(matches!(refused, AcquireError::Timeout { .. }), "{refused}");
        assert!(lock.try_acquire().unwrap().acquired().is_none());
        assert_eq!(lab.preparations(), before);
    }
    other.release().unwrap();
    lock.acquire().unwrap().release().unwrap();
    assert_eq!(lab.preparations().len(), count);
    drop(lock);
    assert_eq!(lab.names(), [""; 0]);
}

/// Nobody contends, and nobody ever looked before: what an earlier process left is removed all the
/// same.
#[cfg(unix)]
#[test]
fn a_handle_sweeps_what_earlier_processes_left() {
    let lab = Lab::new();
    let left = lab.join("events.ndjson.lock.prep-0123456789abcdef");
    fs::create_dir(&left).unwrap();
    age(&left, Duration::from_secs(10));
    let lock = brief().lock(lab.target()).unwrap();
    lock.acquire().unwrap().release().unwrap();
    assert!(!left.exists());
}

#[test]
fn threads_share_a_handle() {
    for lab in Lab::everywhere() {
        let lock = LockOptions::new().timeout(WATCHDOG).lock(lab.target()).unwrap();
        let counter = lab.join("counter");
        fs::write(&counter, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let guard = lock.acquire().unwrap();
                        let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                        fs::write(&counter, (count + 1).to_string()).unwrap();
                        guard.release().unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&counter).unwrap(), "400", "on {}", lab.name());
        assert!(lab.preparations().len() <= 1, "{:?}", lab.names());
        drop(lock);
        assert_eq!(lab.names(), ["counter"], "on {}", lab.name());
    }
}

/// Where there is nothing to move, a handle is a plain wrapper.
#[test]
fn a_handle_works_in_place_and_by_time() {
    for lab in Lab::everywhere() {
        for way in [Way::InPlace, Way::ByTime] {
            let lock = brief().environment(way.into()).lock(lab.target()).unwrap();
            for _ in 0..3 {
                let guard = lock.acquire().unwrap();
                guard.verify().unwrap();
                guard.release().unwrap();
                assert_eq!(lab.names(), [""; 0], "{way} on {}", lab.name());
            }
        }
    }
}

#[test]
fn unusable_paths_and_options_are_refused_when_the_handle_is_made() {
    let error = filelock::Lock::new("..").unwrap_err();
    assert!(matches!(error, AcquireError::UnusablePath { .. }), "{error}");
    let error = LockOptions::new().ttl(Duration::ZERO).lock("a").unwrap_err();
    assert!(matches!(error, AcquireError::UnusableOption { .. }), "{error}");
}

/// A waiter that uses a handle gets the lock when its holder releases it.
#[test]
fn a_handle_waits_its_turn() {
    let lab = Lab::new();
    let lock = LockOptions::new().timeout(WATCHDOG).lock(lab.target()).unwrap();
    let guard = brief().acquire(lab.target()).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.acquire().unwrap().release().unwrap());
        if MOVES {
            wait_until(WATCHDOG, || !lab.preparations().is_empty());
        }
        guard.release().unwrap();
        waiter.join().unwrap();
    });
    drop(lock);
    assert_eq!(lab.names(), [""; 0]);
}
