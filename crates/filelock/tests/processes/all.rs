//! Several locks at once, wanted by several processes in different orders.

use std::time::Duration;

use filelock::LockOptions;
use testkit::{ChildTest, TestChild};

use crate::support::Lab;
use crate::trail::{Trail, notes};

const PROCESSES: u64 = if cfg!(windows) { 2 } else { 8 };
const ROUNDS: u64 = if cfg!(windows) { 20 } else { 50 };

#[test]
fn child_takes_both() {
    let Some(mut parent) = testkit::parent() else { return };
    let trail = Trail::open(&parent.path("NOTES"));
    let options = LockOptions::new().timeout(Duration::from_secs(50));
    let mut paths = [parent.path("ONE"), parent.path("TWO"), parent.path("THREE")];
    paths.rotate_left(usize::try_from(parent.number("ROTATE")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let in_a_task = parent.number("NUMBER") % 2 == 1;
    parent.await_word("go");
    for _ in 0..ROUNDS {
        // Two of three, so that no lock is common to all.
        let guards = if in_a_task {
            let sleep = tokio::time::sleep;
            runtime.block_on(async { options.acquire_all_async(&paths[..2], sleep).await })
        } else {
            options.acquire_all(&paths[..2])
        };
        let guards = guards.unwrap();
        assert!(guards.is_sorted_by_key(|guard| guard.path().to_owned()));
        let verify = || guards.iter().for_each(|guard| guard.verify().unwrap());
        // Any two pairs have a lock in common: nobody else is inside.
        trail.under_the_lock(verify);
        for guard in guards {
            guard.release().unwrap();
        }
    }
}

#[test]
fn processes_that_want_locks_in_opposite_orders_never_wait_for_each_other() {
    let lab = Lab::new();
    let notes = notes(&lab);
    let mut children: Vec<TestChild> = (0..PROCESSES)
        .map(|number| {
            ChildTest::new(module_path!(), "child_takes_both")
                .var("ONE", lab.join("one"))
                .var("TWO", lab.join("two"))
                .var("THREE", lab.join("three"))
                .var("NUMBER", number.to_string())
                .var("ROTATE", (number % 3).to_string())
                .var("NOTES", &notes)
                .spawn()
        })
        .collect();
    for child in &mut children {
        child.say("go");
    }
    for child in children {
        child.succeed();
    }
    assert_eq!(Trail::open(&notes).count(), PROCESSES * ROUNDS);
    assert_eq!(lab.names(), ["notes"]);
}
