//! Clearing a lock whose holder is gone: only what was judged, and only what a lock puts there.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use filelock::testing::Environment;
use filelock::{AcquireError, LockOptions};

use crate::support::{KERNEL, Lab, SECOND, WATCHDOG, acquire, age, brief, now, record, ways};

fn here() -> LockOptions {
    brief()
        .environment(Environment { kernel_id: Some(KERNEL.to_owned()), ..Environment::default() })
}

/// Of a holder that is gone: as the kernel says, or, on Windows, the clock.
fn dead() -> Vec<u8> {
    let age = if cfg!(windows) { 3600 * SECOND } else { 0 };
    record(now() - age, &format!("token\nflock {KERNEL}\n"))
}

/// The lock is reported, and the stranger's entry stays as it is, however often it is tried.
#[track_caller]
fn strange(lab: &Lab, entry: &str) {
    let stranger = lab.lock().join(entry);
    let content = fs::read(&stranger).ok();
    for _ in 0..3 {
        let error = acquire(&here(), lab.target()).map(drop).unwrap_err();
        match &error {
            AcquireError::StrangeEntry { lock, entry: found, .. } => {
                assert_eq!((lock, found.as_str()), (&lab.lock(), entry));
            }
            other => panic!("{other:?}"),
        }
        assert!(error.to_string().contains(entry), "{error}");
        assert!(!error.is_contention(), "waiting does not help");
        assert!(stranger.exists());
        assert_eq!(fs::read(&stranger).ok(), content);
        assert_eq!(lab.names(), ["events.ndjson.lock"]);
    }
}

#[cfg(unix)] // By time, it is told once: its record is gone then.
#[test]
fn a_strange_file_in_a_dead_lock_is_named_and_kept() {
    for lab in Lab::everywhere() {
        lab.occupy(Some(&dead()));
        lab.mark_published();
        fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
        strange(&lab, "notes.txt");
    }
}

#[cfg(unix)] // By time, it is told once: its record is gone then.
#[test]
fn a_strange_directory_in_a_dead_lock_is_kept_with_all_that_is_in_it() {
    let lab = Lab::new();
    lab.occupy(Some(&dead()));
    lab.mark_published();
    fs::create_dir(lab.lock().join("work")).unwrap();
    fs::write(lab.lock().join("work/thesis.tex"), b"mine").unwrap();
    strange(&lab, "work");
    assert_eq!(fs::read(lab.lock().join("work/thesis.tex")).unwrap(), b"mine");
}

#[test]
fn a_strange_file_in_a_leftover_is_named_and_kept() {
    let lab = Lab::new();
    lab.occupy(None);
    fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
    age(&lab.lock(), Duration::from_secs(31));
    strange(&lab, "notes.txt");
}

#[test]
fn a_strange_file_in_an_expired_lock_is_named_and_kept() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 31 * SECOND, "")));
    fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
    match acquire(&here(), lab.target()) {
        Err(AcquireError::StrangeEntry { entry, .. }) => assert_eq!(entry, "notes.txt"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(lab.lock().join("notes.txt")).unwrap(), b"mine");
    assert!(lab.holder().exists(), "nothing is removed if not all can be");
}

/// A client of NFS, of FUSE or of SMB that was cut off leaves the record under such a name, for
/// ever. Until a TTL has gone by it may be about to go.
#[test]
fn what_a_client_that_is_gone_has_left_is_named_after_a_ttl_and_not_waited_for_for_ever() {
    for entry in [".nfs000000000000002a00000001", ".fuse_hidden0000000300000001", ".smbdeleteAAA1"]
    {
        let lab = Lab::new();
        lab.occupy(None);
        fs::write(lab.lock().join(entry), b"").unwrap();
        lab.mark_published();
        if cfg!(unix) {
            assert!(crate::support::expect_alive_or_leaving(&brief(), lab.target()));
        }
        age(&lab.lock(), Duration::from_secs(31));
        strange(&lab, entry);
        let seen = filelock::inspect(lab.target()).unwrap().unwrap();
        let error = filelock::break_lock(lab.target(), seen.holder_id()).unwrap_err();
        let text = crate::support::chain(&error);
        assert!(text.contains(entry) && text.contains("client"), "{text}");
    }
}

/// "Freed" means that the next one gets the lock.
#[cfg(unix)]
#[test]
fn breaking_what_a_client_still_keeps_open_says_what_is_in_the_way() {
    let lab = Lab::new();
    lab.occupy(None);
    lab.mark_published();
    fs::write(lab.lock().join(".fuse_hidden1"), b"").unwrap();
    let seen = filelock::inspect(lab.target()).unwrap().unwrap();
    let error = filelock::break_lock(lab.target(), seen.holder_id()).unwrap_err();
    let text = crate::support::chain(&error);
    assert!(text.contains(".fuse_hidden1"), "{text}");
}

#[test]
fn what_a_file_manager_put_into_a_dead_lock_is_called_what_it_is() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 31 * SECOND, "")));
    fs::write(lab.lock().join(".DS_Store"), b"").unwrap();
    let error = acquire(&here(), lab.target()).map(drop).unwrap_err();
    assert!(error.to_string().contains("file manager"), "{error}");
}

#[test]
fn a_strange_file_in_a_living_lock_hurts_nobody() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let guard = brief().environment(environment.clone()).acquire(lab.target()).unwrap();
        fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
        let other = brief().environment(environment).try_acquire(lab.target());
        assert!(other.unwrap().acquired().is_none(), "{way}");
        guard.verify().unwrap();
    }
}

/// The clock's word is acted on once per TTL in a call. If a program keeps putting expired locks
/// there, its clock is wrong.
#[test]
fn an_expired_verdict_is_acted_on_only_once_in_a_call() {
    for _ in 0..10 {
        let lab = Lab::new();
        let expired = record(now() - 3600 * SECOND, "");
        lab.occupy(Some(&expired));
        let (cleared, stop) = (AtomicU32::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // Refused as long as anything is there, so each success is one clearing.
                    if fs::create_dir(lab.lock()).is_ok() {
                        cleared.fetch_add(1, Ordering::Relaxed);
                        fs::write(lab.holder(), &expired).unwrap();
                    }
                }
            });
            let result = brief().timeout(Duration::from_millis(100)).acquire(lab.target());
            stop.store(true, Ordering::Relaxed);
            if let Err(error) = &result {
                assert!(error.is_contention(), "{error:?}");
            }
            // Before its own release, which clears the name too.
            assert!(cleared.load(Ordering::Relaxed) <= 1, "{cleared:?}");
        });
    }
}

#[test]
fn many_who_find_one_dead_holder_let_one_of_them_in() {
    for lab in Lab::everywhere() {
        for _ in 0..20 {
            lab.occupy(Some(&dead()));
            let start = std::sync::Barrier::new(6);
            let inside = AtomicU32::new(0);
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        start.wait();
                        let options = here().timeout(Duration::from_secs(20));
                        let guard = options.acquire(lab.target()).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "overlap");
                        guard.verify().unwrap();
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1, "overlap");
                        guard.release().unwrap();
                    });
                }
            });
            assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
        }
    }
}

/// On network file systems and FUSE, a record that a judge has open lives on under another name
/// until it is closed. It keeps the directory from being removed. It is no stranger's, and goes
/// away.
#[cfg(unix)] // Windows keeps the name, and no sticky bit.
#[test]
fn a_record_that_is_still_open_somewhere_is_waited_for() {
    for name in [".nfs000000000000beef00000001", ".fuse_hidden0000beef00000001"] {
        let lab = Lab::new();
        lab.occupy(None);
        lab.mark_published();
        let leaving = lab.lock().join(name);
        fs::write(&leaving, dead()).unwrap();
        // Else it is left to who emptied it, for a moment.
        age(&lab.lock(), Duration::from_secs(1));
        assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_none());
        let error = acquire(&brief(), lab.target()).map(drop).unwrap_err();
        assert!(error.is_contention(), "{error:?}");
        assert!(leaving.exists(), "it was removed");

        fs::remove_file(&leaving).unwrap();
        acquire(&brief().timeout(WATCHDOG), lab.target()).unwrap().release().unwrap();
    }
}

#[test]
fn what_lies_beside_a_dead_lock_stays() {
    let lab = Lab::new();
    for name in ["events.ndjson", "events.ndjson.lock2", "events.ndjson.loc", "holder"] {
        fs::write(lab.join(name), b"mine").unwrap();
    }
    let before = lab.snapshot();
    lab.occupy(Some(&dead()));
    acquire(&here(), lab.target()).unwrap().release().unwrap();
    assert_eq!(lab.snapshot(), before);
}
