//! What a thread can say and hear when it waits: a deadline, a borrowed callback, several locks at
//! once. It never waits for itself.

use std::fs;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use filelock::{AcquireError, Holder, Lock, LockOptions, TryAcquired};

use crate::support::{Lab, WATCHDOG, ways};

/// Holds the lock in another thread until the sender is dropped.
fn hold(lab: &Lab) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel::<()>();
    let guard = filelock::acquire(lab.target()).unwrap().unbind();
    let holder = thread::spawn(move || {
        let _ = receiver.recv();
        guard.release().unwrap();
    });
    (sender, holder)
}

#[test]
fn a_deadline_counts_instead_of_the_timeout_and_the_last_call_of_both_counts() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap().unbind();
    let soon = || Instant::now() + Duration::from_millis(60);
    for options in [
        LockOptions::new().deadline(soon()),
        LockOptions::new().timeout(WATCHDOG).deadline(soon()),
        LockOptions::new().deadline(soon() + WATCHDOG).timeout(Duration::from_millis(60)),
        LockOptions::new().deadline(Instant::now()),
    ] {
        let started = Instant::now();
        let error = options.acquire(lab.target()).unwrap_err();
        assert!(matches!(error, AcquireError::Timeout { .. }), "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[test]
fn a_borrowed_callback_hears_at_once_and_then_every_fifty_milliseconds() {
    let lab = Lab::new();
    let (stop, holder) = hold(&lab);
    let mut heard = Vec::new();
    let options = LockOptions::new().timeout(WATCHDOG);
    let error = options
        .acquire_with(lab.target(), |waited, holder| {
            heard.push((waited, holder.and_then(Holder::pid)));
            if waited < Duration::from_millis(500) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })
        .unwrap_err();
    assert!(matches!(error, AcquireError::GaveUp { .. }), "{error:?}");
    // On a busy machine, at once in one of many tries: else never in less than a pause.
    let at_once = || {
        let mut first = None;
        let give_up = |waited, _: Option<&Holder>| {
            first = Some(waited);
            ControlFlow::Break(())
        };
        options.acquire_with(lab.target(), give_up).unwrap_err();
        first.unwrap() < Duration::from_millis(50)
    };
    assert!((0..100).any(|_| at_once()), "{heard:?}");
    // Never more often, but for the rounding of a clock; and on a busy machine less.
    let pauses: Vec<_> = heard.windows(2).map(|two| two[1].0.saturating_sub(two[0].0)).collect();
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_millis(49)), "{pauses:?}");
    assert!(heard.iter().all(|(_, pid)| *pid == Some(std::process::id())));
    drop(stop);
    holder.join().unwrap();
    let guard = options.acquire_with(lab.target(), |_, _| panic!("nothing is waited for")).unwrap();
    guard.release().unwrap();
}

#[test]
fn one_that_is_not_first_in_line_hears_of_the_holder_too() {
    let lab = Lab::new();
    let (stop, holder) = hold(&lab);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut named = 0;
                let options = LockOptions::new().timeout(WATCHDOG);
                let ended = options.acquire_with(lab.target(), |_, holder| {
                    named += usize::from(holder.is_some());
                    if named == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                assert!(matches!(ended, Err(AcquireError::GaveUp { holder: Some(_), .. })));
            });
        }
    });
    drop(stop);
    holder.join().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_try_names_the_holder() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        let before = lab.snapshot();
        let tried = options.try_acquire(lab.target()).unwrap();
        let TryAcquired::Held(Some(holder)) = &tried else { panic!("{way}: {tried:?}") };
        assert_eq!(holder.token(), Some(guard.token()), "{way}");
        assert_eq!(tried.holder().and_then(Holder::pid), Some(std::process::id()));
        assert!(tried.acquired().is_none());
        assert_eq!(lab.snapshot(), before, "{way}");
        guard.release().unwrap();
        let tried = options.try_acquire(lab.target()).unwrap();
        assert!(tried.holder().is_none());
        tried.acquired().unwrap().release().unwrap();
    }
}

#[test]
fn the_name_of_a_lock_is_known_before_it_is_held() {
    let lab = Lab::new();
    let path = lab.join("new/events.ndjson");
    let lock = filelock::lock_path(&path).unwrap();
    assert!(lab.names().is_empty(), "nothing is touched");
    let guard = filelock::acquire(&path).unwrap();
    assert_eq!((guard.lock_path(), guard.path()), (&*lock, &*path));
    for same in ["new/./events.ndjson/", "./new//events.ndjson"] {
        assert_eq!(filelock::lock_path(lab.join(same)).unwrap(), lock, "{same}");
    }
    assert!(matches!(filelock::lock_path("/"), Err(AcquireError::UnusablePath { .. })));
}

#[test]
fn a_thread_does_not_wait_for_itself() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        let before = lab.snapshot();
        let started = Instant::now();
        let handle = options.lock(lab.target()).unwrap();
        for error in [
            options.acquire(lab.target()).unwrap_err(),
            options.acquire_with(lab.target(), |_, _| ControlFlow::Continue(())).unwrap_err(),
            options.acquire_all([lab.join("another"), lab.target()]).unwrap_err(),
            handle.acquire().unwrap_err(),
        ] {
            let AcquireError::Deadlock { path, lock } = &error else { panic!("{way}: {error:?}") };
            assert_eq!((path, lock), (&lab.target(), &lab.lock()));
            assert!(!error.is_contention(), "waiting longer helps nobody");
            assert!(error.to_string().contains("this thread holds"), "{error}");
        }
        assert!(started.elapsed() < Duration::from_secs(5), "at once");
        assert_eq!(lab.snapshot(), before, "{way}");
        guard.verify().unwrap();
        guard.release().unwrap();
        // Released, it can have it again; and lost, it waits as for anybody.
        options.acquire(lab.target()).unwrap().release().unwrap();
    }
}

#[test]
fn a_thread_waits_for_a_guard_that_another_one_has() {
    let lab = Lab::new();
    let options = LockOptions::new().timeout(WATCHDOG);
    // One that the other thread has used, and one that it only keeps.
    for unbound in [false, true] {
        let guard = options.acquire(lab.target()).unwrap();
        let guard = if unbound { guard.unbind() } else { guard };
        let (sender, receiver) = mpsc::channel();
        let other = thread::spawn(move || {
            if !unbound {
                guard.verify().unwrap();
            }
            sender.send(()).unwrap();
            thread::sleep(Duration::from_millis(80));
            guard.release().unwrap();
        });
        receiver.recv().unwrap();
        options.acquire(lab.target()).unwrap().release().unwrap();
        other.join().unwrap();
    }
}

#[test]
fn a_lock_of_another_holder_at_the_name_of_a_lost_one_is_waited_for() {
    let lab = Lab::new();
    let lost = filelock::acquire(lab.target()).unwrap();
    fs::remove_dir_all(lab.lock()).unwrap();
    let (stop, holder) = hold(&lab);
    let brief = LockOptions::new().timeout(Duration::from_millis(60));
    let error = brief.acquire(lab.target()).unwrap_err();
    assert!(matches!(error, AcquireError::Timeout { .. }), "{error:?}");
    drop(stop);
    holder.join().unwrap();
    assert!(lost.verify().unwrap_err().is_lost());
}

#[test]
fn several_locks_are_taken_in_order_and_each_once() {
    let lab = Lab::new();
    let paths = ["c", "a", "./b", "a", "a/"].map(|name| lab.join(name));
    let guards = filelock::acquire_all(&paths).unwrap();
    let held: Vec<_> = guards.iter().map(|guard| guard.path().to_owned()).collect();
    assert_eq!(held, ["a", "b", "c"].map(|name| lab.join(name)));
    drop(guards);
    assert_eq!(lab.names(), [""; 0]);
    assert!(filelock::acquire_all([""; 0]).unwrap().is_empty());
}

#[test]
fn all_or_none_and_within_one_timeout() {
    let lab = Lab::new();
    let last = filelock::acquire(lab.join("z")).unwrap().unbind();
    let started = Instant::now();
    let options = LockOptions::new().timeout(Duration::from_millis(100));
    let error = options.acquire_all(["x", "z", "y"].map(|name| lab.join(name))).unwrap_err();
    let AcquireError::Timeout { path, .. } = &error else { panic!("{error:?}") };
    assert_eq!(path, &lab.join("z"));
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(lab.names(), ["z.lock"], "those that it had are free again");
    last.release().unwrap();
    let unusable = options.acquire_all([lab.join("x"), "/".into()]).unwrap_err();
    assert!(matches!(unusable, AcquireError::UnusablePath { .. }));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn an_io_error_of_ours_is_taken_for_nothing_else() {
    let lab = Lab::new();
    let trapping = [ErrorKind::NotFound, ErrorKind::Interrupted];
    // A lost lock is no missing file.
    let guard = filelock::acquire(lab.target()).unwrap();
    fs::rename(lab.lock(), lab.join("moved")).unwrap();
    for error in [
        io::Error::from(guard.verify().unwrap_err()),
        io::Error::from(guard.renew().unwrap_err()),
        io::Error::from(guard.release().unwrap_err()),
    ] {
        assert!(!trapping.contains(&error.kind()), "{error:?}");
    }
    fs::remove_dir_all(lab.join("moved")).unwrap();
    // A cancelled wait is not begun again.
    let _guard = filelock::acquire(lab.target()).unwrap().unbind();
    let error = LockOptions::new().acquire_with(lab.target(), |_, _| ControlFlow::Break(()));
    let error = io::Error::from(error.unwrap_err());
    assert!(!trapping.contains(&error.kind()), "{error:?}");
    // One that waits for itself says so.
    let again = Lock::new(lab.join("x")).unwrap();
    let _held = again.acquire().unwrap();
    assert_eq!(io::Error::from(again.acquire().unwrap_err()).kind(), ErrorKind::Deadlock);
    // What the system says is passed on, but for the two kinds that mean something else to others.
    for (kind, expected) in [
        (ErrorKind::NotFound, ErrorKind::Other),
        (ErrorKind::Interrupted, ErrorKind::Other),
        (ErrorKind::StorageFull, ErrorKind::StorageFull),
    ] {
        let source = io::Error::from(kind);
        let error = AcquireError::Io { verb: "create", path: lab.target(), source };
        assert_eq!(io::Error::from(error).kind(), expected);
    }
}
