//! Looking at a lock, and freeing one by hand.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use filelock::{
    AcquireError, BreakError, HolderId, InspectError, Inspection, Liveness, LockOptions,
};

use crate::support::{Lab, NOBODY, SECOND, age, brief, expect_alive, now, record, ways};

fn inspect(lab: &Lab) -> Inspection {
    filelock::inspect(lab.target()).unwrap().expect("because something is there")
}

fn break_it(lab: &Lab, handle: &HolderId) -> Result<(), BreakError> {
    filelock::break_lock(lab.target(), handle)
}

#[test]
fn a_free_lock_has_no_holder_and_cannot_be_broken() {
    let lab = Lab::new();
    let handle: HolderId = "00".parse().unwrap();
    for target in ["events.ndjson", "missing/parent/events.ndjson"] {
        let target = lab.join(target);
        assert_eq!(filelock::inspect(&target).unwrap(), None);
        let error = filelock::break_lock(&target, &handle).unwrap_err();
        assert!(matches!(error, BreakError::Free { .. }), "{error:?}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::Other);
    }
    assert_eq!(lab.names(), [""; 0], "looking created something");
}

#[test]
fn looking_at_a_held_lock_tells_its_holder_and_changes_nothing() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let guard = brief().environment(environment).acquire(lab.target()).unwrap();
            let before = lab.snapshot();
            let inspection = inspect(&lab);
            assert!(inspection.holder().is_this_process(), "{way}");
            assert_eq!(inspection.holder().token(), Some(guard.token()), "{way}");
            let running = *inspection.holder().liveness() == Liveness::Running;
            assert_eq!(running, guard.is_kernel_backed(), "{way}");
            assert_eq!(inspection.holder_id(), inspect(&lab).holder_id(), "{way}");
            assert_eq!(lab.snapshot(), before, "{way} on {}", lab.name());
            guard.release().unwrap();
        }
    }
}

#[test]
fn looking_at_a_lock_whose_holder_is_gone_does_not_clear_it() {
    let lab = Lab::new();
    let expired = record(now() - 3600 * SECOND, "");
    let occupants: [(&str, &dyn Fn()); 4] = [
        ("expired", &|| lab.occupy(Some(&expired))),
        ("leftover", &|| {
            lab.occupy(None);
            age(&lab.lock(), Duration::from_secs(3600));
        }),
        ("unparsable", &|| {
            lab.occupy(Some(b"garbage"));
            age(&lab.lock(), Duration::from_secs(3600));
        }),
        ("file", &|| fs::write(lab.lock(), &expired).unwrap()),
    ];
    for (case, occupy) in occupants {
        occupy();
        let before = lab.snapshot();
        assert_eq!(*inspect(&lab).holder().liveness(), Liveness::Expired, "{case}");
        assert_eq!(lab.snapshot(), before, "{case}");
        if lab.lock().is_dir() {
            fs::remove_dir_all(lab.lock()).unwrap();
        } else {
            fs::remove_file(lab.lock()).unwrap();
        }
    }
}

/// As these options judge: whoever asks with another TTL gets another answer.
#[test]
fn looking_goes_by_the_callers_ttl() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 20 * SECOND, "")));
    let liveness = |ttl| {
        let options = LockOptions::new().ttl(Duration::from_secs(ttl));
        options.inspect(lab.target()).unwrap().unwrap().holder().liveness().clone()
    };
    assert!(matches!(liveness(30), Liveness::Expires { .. }));
    assert_eq!(liveness(10), Liveness::Expired);
    let error = LockOptions::new().ttl(Duration::ZERO).inspect(lab.target()).unwrap_err();
    assert!(
        matches!(error, InspectError::Unusable(AcquireError::UnusableOption { .. })),
        "{error:?}"
    );
}

#[test]
fn breaking_frees_a_living_lock_and_its_holder_learns_it() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options = brief().environment(environment);
            let victim = options.acquire(lab.target()).unwrap();
            break_it(&lab, inspect(&lab).holder_id()).unwrap();
            assert_eq!(lab.names(), [""; 0], "{way} on {}", lab.name());
            let successor =
                options.try_acquire(lab.target()).unwrap().acquired().expect("because it is free");
            crate::lost::expect_lost(victim);
            successor.verify().unwrap();
            successor.release().unwrap();
        }
    }
}

#[cfg(unix)] // On Windows, whoever renews all the time has the record open, and denies its removal.
#[test]
fn breaking_frees_a_lock_that_is_renewed_all_the_time() {
    for _ in 0..50 {
        let lab = Lab::new();
        let guard = brief().acquire(lab.target()).unwrap();
        let broken = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let renewing = scope.spawn(|| {
                while !broken.load(Ordering::Relaxed) {
                    let _ = guard.renew();
                }
            });
            let result = break_it(&lab, inspect(&lab).holder_id());
            let verified = guard.verify();
            broken.store(true, Ordering::Relaxed);
            renewing.join().unwrap();
            result.unwrap();
            verified.expect_err("because it was broken");
        });
    }
}

#[test]
fn breaking_frees_what_others_left_or_hold() {
    let lab = Lab::new();
    for record in [Some(record(now(), "")), Some(record(now(), "token\n")), Some(b"?".into()), None]
    {
        lab.occupy(record.as_deref());
        break_it(&lab, inspect(&lab).holder_id()).unwrap();
        assert_eq!(lab.names(), [""; 0], "{record:?}");
    }
    fs::write(lab.lock(), record(now(), "")).unwrap();
    break_it(&lab, inspect(&lab).holder_id()).unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

/// Between the look and the decision the lock can change hands; then it is not the one that the
/// person decided about.
#[test]
fn a_handle_breaks_no_other_holding_of_the_lock() {
    let lab = Lab::new();
    let first = filelock::acquire(lab.target()).unwrap();
    let handle = inspect(&lab).holder_id().clone();
    first.release().unwrap();
    let second = filelock::acquire(lab.target()).unwrap();
    for handle in [handle, "".parse().unwrap(), "nonsense".parse().unwrap()] {
        let error = break_it(&lab, &handle).unwrap_err();
        assert!(matches!(error, BreakError::Changed { .. }), "{error:?}");
        second.verify().unwrap();
    }
    second.release().unwrap();

    // Holders that wrote no token are told apart as well.
    lab.occupy(Some(&record(now(), "")));
    let handle = inspect(&lab).holder_id().clone();
    fs::remove_dir_all(lab.lock()).unwrap();
    lab.occupy(Some(&record(now(), "")));
    let error = break_it(&lab, &handle).unwrap_err();
    assert!(matches!(error, BreakError::Changed { .. }), "{error:?}");
    expect_alive(&brief(), lab.target());
}

/// A person reads it in one command and types it in the next.
#[test]
fn a_handle_survives_being_printed_and_read() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    assert_eq!(inspect(&lab).holder_id().to_string(), guard.token());
    guard.release().unwrap();
    // What a stranger wrote as its token may not be fit to be typed.
    for rest in ["", "token\n", "to ken\n", "\u{1b}[2J\n", "tok\0en\n"] {
        lab.occupy(Some(&record(now(), rest)));
        let printed = inspect(&lab).holder_id().to_string();
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        assert!(!printed.is_empty() && printed.bytes().all(fit), "{printed:?}");
        break_it(&lab, &printed.parse().unwrap()).unwrap();
        assert_eq!(lab.names(), [""; 0], "{rest:?}");
    }
}

#[test]
fn a_stranger_in_a_broken_lock_is_kept_and_named() {
    let lab = Lab::new();
    let victim = filelock::acquire(lab.target()).unwrap();
    fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
    match break_it(&lab, inspect(&lab).holder_id()) {
        Err(BreakError::Clear { source: AcquireError::StrangeEntry { entry, .. }, .. }) => {
            assert_eq!(entry, "notes.txt");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(lab.lock().join("notes.txt")).unwrap(), b"mine");
    victim.verify().expect("because nothing was removed");
}

#[cfg(unix)] // What Windows says of such paths was not looked into.
#[test]
fn what_cannot_be_looked_at_is_an_error_and_no_holder() {
    let lab = Lab::new();
    fs::write(lab.join("file"), "").unwrap();
    for path in [lab.join("file").join("below"), lab.join("a".repeat(253))] {
        match filelock::inspect(&path) {
            Err(InspectError::Unusable(error)) => assert!(!error.is_contention(), "{error}"),
            other => panic!("{}: {other:?}", path.display()),
        }
    }
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn what_is_no_lock_is_neither_inspected_nor_broken() {
    let lab = Lab::new();
    fs::create_dir(lab.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(Path::new("elsewhere"), lab.lock()).unwrap();
    let before = lab.snapshot();
    let error = filelock::inspect(lab.target()).unwrap_err();
    assert!(matches!(error, InspectError::NotALock { kind: "a symbolic link", .. }), "{error:?}");
    let error = break_it(&lab, &"".parse().unwrap()).unwrap_err();
    assert!(matches!(error, BreakError::Inspect(InspectError::NotALock { .. })), "{error:?}");
    assert_eq!(lab.snapshot(), before);
    assert!(matches!(filelock::inspect(".."), Err(InspectError::Unusable(_))));
}

#[test]
fn waiters_and_holders_do_not_notice_a_look() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    std::thread::scope(|scope| {
        let looking = scope
            .spawn(|| (0..500).filter(|_| inspect(&lab).holder().pid() == Some(NOBODY)).count());
        while !looking.is_finished() {
            guard.verify().unwrap();
            assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_none());
        }
        assert_eq!(looking.join().unwrap(), 0);
    });
}
