//! A handle in tasks: what it has kept stays kept, whoever gives up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use filelock::{AcquireError, Lock, LockOptions};

use super::executor::{block_on, once, sleep};
use crate::support::{Lab, WATCHDOG, ways};

/// A handle that has been used twice, so that it has kept its directory if the system can move one.
fn used(options: &LockOptions, lab: &Lab) -> Lock {
    let lock = options.lock(lab.target()).unwrap();
    for _ in 0..2 {
        block_on(lock.acquire_async(sleep)).unwrap().release().unwrap();
    }
    lock
}

#[test]
fn a_task_uses_what_the_handle_has_kept() {
    let lab = Lab::new();
    let lock = used(&LockOptions::new(), &lab);
    let kept = lab.preparations();
    for _ in 0..3 {
        let guard = block_on(lock.acquire_async(sleep)).unwrap();
        assert!(lab.preparations().is_empty());
        guard.verify().unwrap();
        guard.release().unwrap();
        assert_eq!(lab.preparations(), kept);
    }
    drop(lock);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_handle_s_future_that_is_dropped_at_any_step_leaves_what_was_kept() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        let lock = used(&options, &lab);
        let free = lab.snapshot();
        drop(lock.acquire_async(sleep));
        assert_eq!(lab.snapshot(), free, "{way}: never polled");
        // Another holder, so that the handle's future has to wait.
        let guard = options.acquire(lab.target()).unwrap();
        let kept = lab.preparations();
        for polls in 0..6 {
            let mut future = Box::pin(lock.acquire_async(sleep));
            for _ in 0..polls {
                assert!(once(future.as_mut()).is_none(), "{way}");
            }
            drop(future);
            assert_eq!(lab.preparations(), kept, "{way}: after {polls} polls");
            guard.verify().unwrap();
        }
        guard.release().unwrap();
        // What was kept serves the next one.
        let guard = block_on(lock.acquire_async(sleep)).unwrap();
        assert!(lab.preparations().is_empty(), "{way}");
        // One that got it and was dropped has released it.
        drop(guard);
        options.acquire(lab.target()).unwrap().release().unwrap();
        drop(lock);
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}

#[test]
fn a_future_outlives_its_handle() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        for gives_up in [true, false] {
            let lock = used(&options, &lab);
            let guard = options.acquire(lab.target()).unwrap();
            let mut future = Box::pin(lock.acquire_async(sleep));
            assert!(once(future.as_mut()).is_none(), "{way}");
            drop(lock);
            guard.release().unwrap();
            if gives_up {
                drop(future);
            } else {
                block_on(future).unwrap().release().unwrap();
            }
            assert_eq!(lab.names(), [""; 0], "{way}, gives up: {gives_up}");
        }
    }
}

/// Threads that block, tasks that wait, and others that go by the path: all get it.
#[test]
fn threads_and_tasks_share_a_handle() {
    let lab = Lab::new();
    let counter = Arc::new(AtomicU32::new(0));
    let options = LockOptions::new().timeout(WATCHDOG);
    let lock = options.lock(lab.target()).unwrap();
    thread::scope(|scope| {
        for number in 0..12 {
            let (target, lock, counter) = (lab.target(), lock.clone(), Arc::clone(&counter));
            let options = &options;
            scope.spawn(move || {
                for _ in 0..20 {
                    let guard = match number % 3 {
                        0 => options.acquire(&target),
                        1 => lock.acquire(),
                        _ => block_on(lock.acquire_async(sleep)),
                    };
                    let guard = guard.unwrap();
                    let before = counter.load(Ordering::SeqCst);
                    thread::yield_now();
                    counter.store(before + 1, Ordering::SeqCst);
                    guard.release().unwrap();
                }
            });
        }
    });
    assert_eq!(counter.load(Ordering::SeqCst), 12 * 20);
    drop(lock);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_handle_s_timeout_counts_from_the_first_poll_of_each_future() {
    let lab = Lab::new();
    let lock = LockOptions::new().timeout(Duration::from_millis(60)).lock(lab.target()).unwrap();
    let guard = filelock::acquire(lab.target()).unwrap();
    for _ in 0..2 {
        let error = block_on(lock.acquire_async(sleep)).unwrap_err();
        let AcquireError::Timeout { holder: Some(holder), waited, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(holder.token(), Some(guard.token()));
        assert!(waited >= Duration::from_millis(60), "{waited:?}");
    }
    let early = lock.acquire_async(sleep);
    thread::sleep(Duration::from_millis(80));
    guard.release().unwrap();
    block_on(early).unwrap().release().unwrap();
    drop(lock);
    assert_eq!(lab.names(), [""; 0]);
}
