//! Several locks at once, in tasks.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use filelock::{AcquireError, LockGuard, LockOptions};

use super::executor::{block_on, once, sleep};
use crate::support::{Lab, WATCHDOG, ways};

/// Wine has one server for all calls: on a busy machine 24 of them wait for longer than 30 s.
const TASKS: usize = if cfg!(windows) { 8 } else { 24 };
const ROUNDS: usize = 10;

/// Takes two of three locks, again and again: any two pairs have one in common.
async fn take_two<F: Future>(
    shared: Arc<(Lab, AtomicU32)>,
    number: usize,
    sleep: impl Fn(Duration) -> F,
) {
    let (lab, inside) = &*shared;
    let options = LockOptions::new().timeout(WATCHDOG);
    let mut paths = ["one", "two", "three"].map(|name| lab.join(name));
    paths.rotate_left(number % 3);
    for _ in 0..ROUNDS {
        let guards = options.acquire_all_async(&paths[..2], &sleep).await.unwrap();
        assert!(guards.is_sorted_by_key(|guard| guard.path().to_owned()));
        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "somebody else is inside");
        sleep(Duration::from_micros(100)).await;
        for guard in &guards {
            guard.verify().unwrap();
        }
        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
        for guard in guards {
            guard.release().unwrap();
        }
    }
}

#[test]
fn tasks_that_want_locks_in_opposite_orders_never_wait_for_each_other() {
    let shared = Arc::new((Lab::new(), AtomicU32::new(0)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let task = take_two(Arc::clone(&shared), number, tokio::time::sleep);
                tokio::task::spawn_local(task)
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let executor = smol::LocalExecutor::new();
    let timer = |pause| async move {
        smol::Timer::after(pause).await;
    };
    smol::block_on(executor.run(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| executor.spawn(take_two(Arc::clone(&shared), number, timer)))
            .collect();
        for task in tasks {
            task.await;
        }
    }));
    assert_eq!(shared.0.names(), [""; 0]);
}

#[test]
fn a_future_that_is_dropped_while_it_holds_some_releases_them() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        let guard = options.acquire(lab.join("y")).unwrap();
        let before = lab.snapshot();
        for polls in 0..5 {
            let paths = ["z", "y", "x"].map(|name| lab.join(name));
            let mut future = Box::pin(options.acquire_all_async(paths, sleep));
            for _ in 0..polls {
                assert!(once(future.as_mut()).is_none(), "{way}");
                assert!(lab.join("x.lock").exists(), "{way}");
            }
            drop(future);
            assert_eq!(lab.snapshot(), before, "{way}: after {polls} polls");
        }
        guard.release().unwrap();
        let future = options.acquire_all_async([lab.join("y"), lab.join("x")], sleep);
        let guards: Vec<LockGuard> = block_on(future).unwrap();
        let paths: Vec<_> = guards.iter().map(LockGuard::path).collect();
        assert_eq!(paths, [lab.join("x"), lab.join("y")], "{way}");
        drop(guards);
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}

#[test]
fn all_have_one_deadline_and_an_error_releases_what_was_acquired() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.join("y")).unwrap();
    let before = lab.snapshot();
    let options = LockOptions::new().timeout(Duration::from_millis(60));
    let paths = ["x", "z", "y"].map(|name| lab.join(name));
    let started = Instant::now();
    let error = block_on(options.acquire_all_async(&paths, sleep)).unwrap_err();
    let AcquireError::Timeout { holder: Some(holder), path, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((path, holder.token()), (lab.join("y"), Some(guard.token())));
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert_eq!(lab.snapshot(), before);
    let unusable =
        block_on(options.acquire_all_async([lab.join("x"), "/".into()], sleep)).unwrap_err();
    assert!(matches!(unusable, AcquireError::UnusablePath { .. }), "{unusable:?}");
    let none = block_on(options.acquire_all_async([""; 0], sleep)).unwrap();
    assert!(none.is_empty());
    assert_eq!(lab.snapshot(), before);
    guard.release().unwrap();
    // One file under two spellings is one lock.
    let twice = [lab.join("x"), lab.join("./x")];
    assert_eq!(block_on(options.acquire_all_async(twice, sleep)).unwrap().len(), 1);
}
