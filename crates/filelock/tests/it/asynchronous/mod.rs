//! Acquiring and renewing in tasks: with tokio, with smol, and with an executor of a few lines.

#[path = "../../../examples/async_writers.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod example;
mod executor;
mod handle;
mod several;

use std::fs::OpenOptions;
use std::future::Future;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use filelock::{AcquireError, Holder, Lock, LockOptions, RenewError};
use testkit::within;

use crate::support::{Lab, WATCHDOG, ways};
use executor::{block_on, once, sleep};

/// How many tasks want one log: what a program with one task per event has at once.
/// Fewer under Wine, whose one server does all calls of all processes one after the other.
const TASKS: usize = if cfg!(windows) { 100 } else { 600 };

/// Appends a line under the lock, in two halves between which others run. Through the handle, if
/// there is one.
async fn write<F: Future>(
    log: &Path,
    handle: Option<Lock>,
    number: usize,
    sleep: impl Fn(Duration) -> F,
) {
    let options = LockOptions::new().timeout(WATCHDOG);
    let guard = match handle {
        Some(lock) => lock.acquire_async(&sleep).await.unwrap(),
        None => options.acquire_async(log, &sleep).await.unwrap(),
    };
    let mut file = OpenOptions::new().create(true).append(true).open(log).unwrap();
    file.write_all(format!("{number}").as_bytes()).unwrap();
    sleep(Duration::from_millis(1)).await;
    file.write_all(b"\n").unwrap();
    guard.release().unwrap();
}

/// The handle that all tasks share, or none.
fn shared(lab: &Lab, through_a_handle: bool) -> Option<Lock> {
    let options = LockOptions::new().timeout(WATCHDOG);
    through_a_handle.then(|| options.lock(lab.target()).unwrap())
}

fn expect_all(lab: &Lab) {
    let text = std::fs::read_to_string(lab.target()).unwrap();
    let mut numbers: Vec<usize> = text.lines().map(|line| line.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..TASKS).collect::<Vec<_>>());
    assert_eq!(lab.names(), ["events.ndjson"]);
}

#[test]
fn six_hundred_tasks_of_tokio_write_one_log() {
    for (threads, through_a_handle) in [(1, false), (2, true), (8, false)] {
        let lab = Lab::new();
        let handle = shared(&lab, through_a_handle);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_time()
            .build()
            .unwrap();
        let started = Instant::now();
        runtime.block_on(async {
            let tasks: Vec<_> = (0..TASKS)
                .map(|number| {
                    let (log, handle) = (lab.target(), handle.clone());
                    tokio::spawn(async move {
                        write(&log, handle, number, tokio::time::sleep).await;
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        let took = started.elapsed().as_secs_f64();
        println!("{TASKS} tasks, {threads} threads, a handle: {through_a_handle}: {took:.2} s");
        drop(handle);
        expect_all(&lab);
    }
}

#[test]
fn the_example_writes_all_six_hundred_records() {
    let lab = Lab::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let count = u32::try_from(TASKS).unwrap();
    assert_eq!(runtime.block_on(example::write_records(&lab.target(), count)).unwrap(), count);
    let text = std::fs::read_to_string(lab.target()).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    let mut expected: Vec<_> = (0..count).map(|number| format!("{{\"task\":{number}}}")).collect();
    expected.sort_unstable();
    assert_eq!(lines, expected);
    assert_eq!(lab.names(), ["events.ndjson"]);
}

#[test]
fn six_hundred_tasks_of_smol_write_one_log() {
    for through_a_handle in [false, true] {
        let lab = Lab::new();
        let handle = shared(&lab, through_a_handle);
        let executor = smol::LocalExecutor::new();
        let timer = |pause| async move {
            smol::Timer::after(pause).await;
        };
        smol::block_on(executor.run(async {
            let tasks: Vec<_> = (0..TASKS)
                .map(|number| {
                    let (log, handle) = (lab.target(), handle.clone());
                    executor.spawn(async move { write(&log, handle, number, timer).await })
                })
                .collect();
            for task in tasks {
                task.await;
            }
        }));
        drop(handle);
        expect_all(&lab);
    }
}

#[test]
fn an_executor_of_a_few_lines_will_do() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        let (target, waiting) = (lab.target(), options.clone());
        let waiter = thread::spawn(move || block_on(waiting.acquire_async(target, sleep)));
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            guard.release().unwrap();
        });
        let guard = within(WATCHDOG, move || waiter.join().unwrap()).unwrap();
        guard.verify().unwrap();
        guard.release().unwrap();
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}

/// Threads that block, tasks that wait, and other processes in all but name: all get it.
#[test]
fn threads_and_tasks_wait_in_one_line() {
    let lab = Lab::new();
    let counter = Arc::new(AtomicU32::new(0));
    thread::scope(|scope| {
        for number in 0..16 {
            let (target, counter) = (lab.target(), Arc::clone(&counter));
            scope.spawn(move || {
                let options = LockOptions::new().timeout(WATCHDOG);
                for _ in 0..20 {
                    let guard = if number % 2 == 0 {
                        options.acquire(&target).unwrap()
                    } else {
                        block_on(options.acquire_async(&target, sleep)).unwrap()
                    };
                    let before = counter.load(Ordering::SeqCst);
                    thread::yield_now();
                    counter.store(before + 1, Ordering::SeqCst);
                    guard.release().unwrap();
                }
            });
        }
    });
    assert_eq!(counter.load(Ordering::SeqCst), 16 * 20);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_future_that_is_dropped_at_any_step_leaves_nothing_behind() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().timeout(WATCHDOG).environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        let before = lab.snapshot();
        for polls in 0..6 {
            let mut future = Box::pin(options.acquire_async(lab.target(), sleep));
            for _ in 0..polls {
                assert!(once(future.as_mut()).is_none(), "{way}");
            }
            drop(future);
            assert_eq!(lab.snapshot(), before, "{way}: after {polls} polls");
        }
        guard.release().unwrap();
        // One that got it and was dropped has released it.
        let mut future = Box::pin(options.acquire_async(lab.target(), sleep));
        drop(once(future.as_mut()).unwrap());
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}

#[test]
fn one_that_gives_up_lets_the_next_one_through() {
    let lab = Lab::new();
    let options = LockOptions::new().timeout(WATCHDOG);
    let guard = options.acquire(lab.target()).unwrap();
    let mut first = Box::pin(options.acquire_async(lab.target(), sleep));
    let mut second = Box::pin(options.acquire_async(lab.target(), sleep));
    assert!(once(first.as_mut()).is_none() && once(second.as_mut()).is_none());
    guard.release().unwrap();
    assert!(once(second.as_mut()).is_none(), "the other one was first");
    drop(first);
    once(second.as_mut()).unwrap().release().unwrap();
}

/// A task can be kept from running for good, without being dropped.
#[test]
fn one_that_is_not_polled_any_more_holds_nobody_up() {
    let lab = Lab::new();
    let options = LockOptions::new().timeout(WATCHDOG);
    let guard = options.acquire(lab.target()).unwrap();
    let mut asleep: Vec<_> =
        (0..3).map(|_| Box::pin(options.acquire_async(lab.target(), sleep))).collect();
    for future in &mut asleep {
        assert!(once(future.as_mut()).is_none());
    }
    guard.release().unwrap();
    let target = lab.target();
    let started = Instant::now();
    let guard = within(WATCHDOG, move || block_on(options.acquire_async(target, sleep))).unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
    guard.release().unwrap();
    // And a thread.
    filelock::acquire(lab.target()).unwrap().release().unwrap();
    drop(asleep);
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn timeouts_deadlines_and_callbacks_count_in_tasks_too() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let before = lab.snapshot();
    let brief = LockOptions::new().timeout(Duration::from_millis(60));
    let deadline = LockOptions::new().deadline(Instant::now() + Duration::from_millis(60));
    let mut in_line = Vec::new();
    for options in [&brief, &deadline] {
        let started = Instant::now();
        let error = block_on(options.acquire_async(lab.target(), sleep)).unwrap_err();
        let AcquireError::Timeout { holder: Some(holder), .. } = error else { panic!("{error:?}") };
        assert_eq!(holder.token(), Some(guard.token()));
        assert!(started.elapsed() < Duration::from_secs(3));
        // Behind another one, it is told as well.
        let mut first = Box::pin(LockOptions::new().acquire_async(lab.target(), sleep));
        assert!(once(first.as_mut()).is_none());
        in_line.push(first);
        let error = block_on(brief.acquire_async(lab.target(), sleep)).unwrap_err();
        assert_eq!(error.holder().and_then(Holder::token), Some(guard.token()));
    }
    drop(in_line);
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let giving_up = LockOptions::new().timeout(WATCHDOG).on_wait(move |_, holder| {
        assert!(holder.is_some());
        match count.fetch_add(1, Ordering::SeqCst) {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    let error = block_on(giving_up.acquire_async(lab.target(), sleep)).unwrap_err();
    assert!(matches!(error, AcquireError::GaveUp { .. }), "{error:?}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    let unusable = block_on(LockOptions::new().acquire_async("", sleep)).unwrap_err();
    assert!(matches!(unusable, AcquireError::UnusablePath { .. }));
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_lock_is_renewed_in_a_task_until_it_is_lost() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let before = std::fs::read(lab.holder()).unwrap();
    let pauses = Mutex::new(Vec::new());
    let lock = lab.lock();
    // A clock of its own: no test waits for ten seconds.
    let timer = |pause: Duration| {
        let mut pauses = pauses.lock().unwrap();
        pauses.push(pause);
        // After the first renewal, and before the second one.
        if pauses.len() == 15 {
            std::fs::rename(&lock, lab.join("moved")).unwrap();
        }
        sleep(Duration::from_millis(2))
    };
    let lost = block_on(guard.renew_until_lost(timer));
    assert!(lost.is_lost() && matches!(lost, RenewError::Verify(_)), "{lost:?}");
    let pauses = pauses.lock().unwrap();
    // A second at a time, since the machine can have slept meanwhile.
    assert_eq!(*pauses, [Duration::from_secs(1); 20]);
    assert_eq!(pauses.iter().sum::<Duration>(), 2 * filelock::RENEW_EVERY);
    std::fs::rename(lab.join("moved"), lab.lock()).unwrap();
    assert_ne!(std::fs::read(lab.holder()).unwrap(), before, "its time was renewed");
    guard.release().unwrap();
}

#[test]
fn futures_can_go_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let lab = Lab::new();
    let future = LockOptions::new().acquire_async(lab.target(), tokio::time::sleep);
    is_send(&future);
    is_send(&LockOptions::new().acquire_all_async([lab.target()], tokio::time::sleep));
    is_send(&Lock::new(lab.target()).unwrap().acquire_async(tokio::time::sleep));
    let guard = filelock::acquire(lab.target()).unwrap();
    is_send(&guard.renew_until_lost(tokio::time::sleep));
}
