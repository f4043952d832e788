//! Several threads of one process: each acquisition is a holder of its own.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use filelock::testing::Way;
use filelock::{
    AcquireError, BreakError, HolderId, InspectError, Inspection, LockGuard, LockOptions,
    ReleaseError, RenewError, VerifyError,
};

use crate::support::{Lab, brief, ways};

/// Threads, and what each does. Wine lets others open what is being removed. Many threads that look
/// all the time keep its name there, and each look is a conversation with Wine's only server.
const MANY: (u32, u32) = if cfg!(windows) { (3, 10) } else { (8, 30) };

/// Lets `threads` threads acquire `rounds` times each. Who is inside is told by a variable of this
/// test, not by the lock.
fn contend(lab: &Lab, options: &LockOptions, threads: u32, rounds: u32, case: &str) {
    let (inside, entries) = (AtomicU32::new(0), AtomicU64::new(0));
    // Read, then written: a lost increment shows that two were inside at once.
    let counter = lab.join("counter");
    std::fs::write(&counter, "0").unwrap();
    thread::scope(|scope| {
        for me in 1..=threads {
            let (inside, entries, counter) = (&inside, &entries, &counter);
            scope.spawn(move || {
                for _ in 0..rounds {
                    let guard = options.acquire(lab.target()).unwrap();
                    assert_eq!(inside.swap(me, Ordering::SeqCst), 0, "{case}: overlap at entry");
                    let count: u64 = std::fs::read_to_string(counter).unwrap().parse().unwrap();
                    std::fs::write(counter, (count + 1).to_string()).unwrap();
                    entries.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(inside.swap(0, Ordering::SeqCst), me, "{case}: overlap at exit");
                    guard.release().unwrap();
                }
            });
        }
    });
    let expected = u64::from(threads) * u64::from(rounds);
    assert_eq!(entries.load(Ordering::SeqCst), expected, "{case}");
    assert_eq!(std::fs::read_to_string(&counter).unwrap(), expected.to_string(), "{case}");
    assert_eq!(lab.names(), ["counter"], "{case}");
}

#[test]
fn threads_of_one_process_exclude_each_other() {
    for lab in Lab::everywhere() {
        for (way, environment) in ways() {
            let options =
                LockOptions::new().timeout(Duration::from_secs(30)).environment(environment);
            let (threads, rounds) = MANY;
            contend(&lab, &options, threads, rounds, &format!("{way} on {}", lab.name()));
        }
    }
}

/// A claim in the making that others take for a leftover is lost. That may cost tries, but no one
/// may believe to hold it.
#[test]
fn a_grace_of_zero_costs_claims_and_never_exclusion() {
    for lab in Lab::everywhere() {
        for way in [Way::InPlace, Way::ByTime] {
            let options = LockOptions::new()
                .timeout(Duration::from_secs(30))
                // Nobody is stopped for an hour: no holder may expire here.
                .ttl(Duration::from_secs(3600))
                .grace(Duration::ZERO)
                .environment(way.into());
            let case = format!("{way}, on {}", lab.name());
            let (threads, rounds) = MANY;
            contend(&lab, &options, threads, rounds, &case);
        }
    }
}

#[test]
fn a_guard_can_be_used_and_released_by_another_thread() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    thread::spawn(move || {
        guard.verify().unwrap();
        guard.renew().unwrap();
        guard.release().unwrap();
    })
    .join()
    .unwrap();
    assert!(brief().try_acquire(lab.target()).unwrap().acquired().is_some());
}

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<LockGuard>();
    goes::<LockOptions>();
    goes::<Inspection>();
    goes::<HolderId>();
    goes::<AcquireError>();
    goes::<VerifyError>();
    goes::<RenewError>();
    goes::<ReleaseError>();
    goes::<InspectError>();
    goes::<BreakError>();
}
