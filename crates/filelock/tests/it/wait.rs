//! Waiting: for how long, for whom, and what ends it.

use std::fs;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use filelock::{AcquireError, Holder, LockOptions};

use crate::support::{Lab, SECOND, WATCHDOG, brief, now, record, ways};

#[test]
fn a_timeout_comes_when_it_was_asked_for() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().environment(environment);
        let _guard = options.acquire(lab.target()).unwrap().unbind();
        let timeout = Duration::from_millis(150);
        let started = Instant::now();
        let error = options.timeout(timeout).acquire(lab.target()).unwrap_err();
        let elapsed = started.elapsed();
        let AcquireError::Timeout { path, lock, waited, .. } = &error else { panic!("{error:?}") };
        assert_eq!((path, lock), (&lab.target(), &lab.lock()), "{way}");
        assert!((timeout..=elapsed).contains(waited), "{way}: {waited:?} of {elapsed:?}");
        // Generous, for a busy machine: it is the default of 5 s that must not have been waited
        // for.
        assert!(elapsed < Duration::from_secs(3), "{way}: {elapsed:?}");
    }
}

#[test]
fn waiting_zero_means_one_try_and_no_wait() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap();
    let called = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&called);
    let options = LockOptions::new().timeout(Duration::ZERO).on_wait(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        ControlFlow::Continue(())
    });
    assert!(matches!(options.acquire(lab.target()), Err(AcquireError::Timeout { .. })));
    assert!(
        options.clone().timeout(WATCHDOG).try_acquire(lab.target()).unwrap().acquired().is_none()
    );
    assert_eq!(called.load(Ordering::SeqCst), 0, "it waited");
}

#[test]
fn nobody_is_waited_for_when_the_lock_is_free() {
    let lab = Lab::new();
    let options = LockOptions::new().on_wait(|_, _| panic!("there is nothing to wait for"));
    for _ in 0..20 {
        options.acquire(lab.target()).unwrap().release().unwrap();
    }
}

#[test]
fn the_callback_gets_the_time_and_the_holder_in_every_round() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = brief().environment(environment);
        let guard = options.acquire(lab.target()).unwrap().unbind();
        let calls = Arc::new(Mutex::new(Vec::<(Duration, Option<Holder>)>::new()));
        let noted = Arc::clone(&calls);
        let error = options
            .timeout(WATCHDOG)
            .on_wait(move |elapsed, holder| {
                let mut noted = noted.lock().unwrap();
                noted.push((elapsed, holder.cloned()));
                if noted.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })
            .acquire(lab.target())
            .unwrap_err();
        assert!(matches!(error, AcquireError::GaveUp { .. }), "{way}: {error:?}");
        let calls = calls.lock().unwrap();
        assert!(calls.is_sorted_by_key(|(elapsed, _)| *elapsed), "{way}: {calls:?}");
        for (_, holder) in calls.iter() {
            let holder = holder.as_ref().expect("because it was looked at");
            assert_eq!(holder.token(), Some(guard.token()), "{way}");
        }
    }
}

#[test]
fn the_callback_can_give_up() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap().unbind();
    let before = lab.snapshot();
    let rounds = AtomicU32::new(0);
    let error = LockOptions::new()
        .timeout(WATCHDOG)
        .on_wait(move |_, _| match rounds.fetch_add(1, Ordering::SeqCst) {
            2 => ControlFlow::Break(()),
            0 | 1 => ControlFlow::Continue(()),
            _ => panic!("called again after it gave up"),
        })
        .acquire(lab.target())
        .unwrap_err();
    let AcquireError::GaveUp { path, waited, holder } = &error else { panic!("{error:?}") };
    assert_eq!(path, &lab.target());
    assert!(*waited < WATCHDOG);
    assert_eq!(holder.as_ref().unwrap().token(), Some(guard.token()));
    assert!(error.is_contention());
    assert_eq!(lab.snapshot(), before, "the one who gave up left something");
}

#[test]
fn a_panic_in_the_callback_leaves_nothing_behind() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let target = lab.target();
    let before = lab.snapshot();
    let panicked = std::thread::spawn(move || {
        let options = LockOptions::new().on_wait(|_, _| std::panic::resume_unwind(Box::new(())));
        options.acquire(target).map(drop)
    })
    .join();
    assert!(panicked.is_err());
    assert_eq!(lab.snapshot(), before);
    guard.verify().unwrap();
}

#[test]
fn a_waiter_gets_the_lock_when_it_is_released() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
            let guard = options.acquire(lab.target()).unwrap();
            let waiting = Arc::new(AtomicU32::new(0));
            let noted = Arc::clone(&waiting);
            let waiter = options.on_wait(move |_, _| {
                noted.fetch_add(1, Ordering::SeqCst);
                ControlFlow::Continue(())
            });
            std::thread::scope(|scope| {
                let thread = scope.spawn(|| waiter.acquire(lab.target()).unwrap());
                testkit::wait_until(WATCHDOG, || waiting.load(Ordering::SeqCst) > 0);
                guard.release().unwrap();
                let guard = thread.join().unwrap();
                assert!(guard.takeover().is_none(), "{way}: it was released, not left");
                guard.verify().unwrap();
            });
            assert_eq!(lab.names(), [""; 0], "{way} on {}", lab.name());
        }
    }
}

/// Foreign waiters judge by the time in the record: it must be that of the acquisition, not of the
/// beginning of the wait.
#[cfg(unix)] // Nothing is prepared on Windows.
#[test]
fn a_long_waiter_is_seen_as_having_just_acquired() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let target = lab.target();
    let waiter = std::thread::spawn(move || {
        let guard = LockOptions::new().timeout(WATCHDOG).acquire(target).unwrap();
        (guard, now())
    });
    let mut record = String::new();
    testkit::wait_until(WATCHDOG, || {
        let holder = lab.preparations().first().map(|path| path.join("holder"));
        // It may not be there yet, or not be written yet.
        record = holder.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        !record.is_empty()
    });
    let prepared: i64 = record.lines().nth(1).unwrap().parse().unwrap();
    // What is waited for is that the prepared record is old.
    testkit::wait_until(WATCHDOG, || now() - prepared > SECOND + SECOND / 10);
    let released = now();
    guard.release().unwrap();

    let (guard, acquired) = waiter.join().unwrap();
    let text = fs::read_to_string(lab.holder()).unwrap();
    let stamp: i64 = text.lines().nth(1).unwrap().parse().unwrap();
    assert!(stamp > prepared, "the time was not refreshed");
    assert!(stamp >= released - SECOND, "{} ns before the release", released - stamp);
    assert!(stamp <= acquired);
    assert_eq!(text.lines().nth(2), Some(guard.token()));
}

/// A lock that expires while somebody waits for it is taken then, not at the next call.
#[test]
fn a_waiter_outlasts_a_foreign_holder_that_expires() {
    let lab = Lab::new();
    let ttl = Duration::from_millis(400);
    let stamp = now();
    lab.occupy(Some(&record(stamp, "")));
    let options = LockOptions::new().timeout(WATCHDOG).ttl(ttl).grace(Duration::ZERO);
    let guard = options.acquire(lab.target()).unwrap();
    assert!(guard.takeover().is_some());
    let age = now() - stamp;
    assert!(u128::try_from(age).unwrap() >= ttl.as_nanos(), "replaced after {age} ns");
}
