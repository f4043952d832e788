//! What waiting costs while one holder stays.

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use filelock::LockOptions;
use rustix::fs::{FlockOperation, flock};
use testkit::ChildTest;

use crate::support::{Lab, WATCHDOG};

const SPELLS: usize = 3;
const SPELL: Duration = Duration::from_secs(1);
/// Between two looks of a waiter whose holder stays (`ASK_AGAIN`).
const PAUSE: Duration = Duration::from_millis(8);

/// Reports how much of a processor it takes only to look at the lock after each pause. Then, after
/// each spell of waiting for the lock, it reports how much this process took.
#[test]
fn child_waits_and_reports() {
    let Some(mut parent) = testkit::parent() else { return };
    let (target, lock) = (parent.path("TARGET"), parent.path("LOCK"));
    let now = || (Instant::now(), testkit::time_on_processor().unwrap());
    let share = |began: (Instant, Duration)| {
        let (elapsed, time) = (began.0.elapsed(), testkit::time_on_processor().unwrap());
        time.checked_sub(began.1).unwrap().as_secs_f64() / elapsed.as_secs_f64()
    };
    for _ in 0..SPELLS {
        let began = now();
        while began.0.elapsed() < SPELL {
            let directory = File::open(&lock).unwrap();
            flock(&directory, FlockOperation::NonBlockingLockShared).unwrap_err();
            drop(directory);
            std::thread::sleep(PAUSE);
        }
        parent.at("looked", &share(began).to_string());
    }
    let began = Mutex::new(now());
    let options = LockOptions::new().timeout(WATCHDOG * 2).on_wait({
        let reporter = parent.clone();
        move |_, _| {
            let mut began = began.lock().unwrap();
            if began.0.elapsed() >= SPELL {
                reporter.at("waited", &share(*began).to_string());
                *began = now();
            }
            ControlFlow::Continue(())
        }
    });
    let guard = options.acquire(target).unwrap();
    parent.at("holding", "");
    parent.await_word("release");
    guard.release().unwrap();
}

/// Or, where the looks alone take nearly that (a kernel in user space, an emulated processor),
/// little more than they take there and then.
#[test]
fn a_waiter_whose_holder_stays_takes_less_than_a_fiftieth_of_a_processor() {
    for lab in Lab::everywhere() {
        let guard = filelock::acquire(lab.target()).unwrap();
        let mut child = ChildTest::new(module_path!(), "child_waits_and_reports")
            .var("TARGET", lab.target())
            .var("LOCK", lab.lock())
            .spawn();
        // What else the machine does (caches lost, a slower clock) only ever adds to a process's
        // time. So the least of a few spells is nearest to what it costs.
        let mut least = |point| {
            let spells: [f64; SPELLS] =
                std::array::from_fn(|_| child.await_point(point).parse().unwrap());
            println!("{}, {point}: {spells:.4?}", lab.name());
            spells.into_iter().fold(f64::INFINITY, f64::min)
        };
        let (looks, waiting) = (least("looked"), least("waited"));
        assert!(waiting > 0.0, "it is measured");
        let limit = f64::max(0.02, 3.0 * looks);
        assert!(waiting < limit, "on {}: {waiting} of {limit}", lab.name());
        guard.release().unwrap();
        child.await_point("holding");
        child.say("release");
        child.succeed();
    }
}
