//! How old the directory of a handle's lock looks.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use crate::handle::{MOVES, parked};
use crate::support::{Lab, WATCHDOG, brief, expect_alive};

/// Peers of the file generation cannot read the record, and go by the directory's mtime. They take
/// a lock whose directory changed 2 s ago. Overwriting a record does not change its directory.
#[test]
fn a_lock_that_is_used_again_and_again_never_looks_old() {
    let lab = Lab::new();
    let lock = brief().lock(lab.target()).unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2500) {
        let guard = lock.acquire().unwrap();
        let changed = fs::metadata(lab.lock()).unwrap().modified().unwrap();
        let stamp = expect_alive(&brief(), lab.target()).renewed().unwrap();
        let behind = stamp.duration_since(changed).unwrap_or_default();
        // The kernel's clock of files can be a tick behind.
        assert!(behind < Duration::from_millis(1100), "it changed {behind:?} before");
        guard.release().unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Nor if it had to wait: both the time since its directory changed, and the wait, are brief.
#[test]
fn a_lock_that_is_used_again_after_a_wait_does_not_look_old() {
    const PART: Duration = Duration::from_millis(800);
    if !MOVES {
        return;
    }
    let lab = Lab::new();
    let lock = brief().timeout(WATCHDOG).lock(lab.target()).unwrap();
    lock.acquire().unwrap().release().unwrap();
    let before = fs::metadata(parked(&lab, &lock)).unwrap().modified().unwrap();
    std::thread::sleep(PART);
    let other = brief().acquire(lab.target()).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = lock.acquire().unwrap();
            let changed = fs::metadata(lab.lock()).unwrap().modified().unwrap();
            guard.release().unwrap();
            changed
        });
        std::thread::sleep(PART);
        let released = SystemTime::now();
        other.release().unwrap();
        let changed = waiter.join().unwrap();
        assert!(changed >= released - Duration::from_millis(1100), "{changed:?}, not {before:?}");
    });
}
