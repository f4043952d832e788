//! Waiting for conditions, with an end.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(1);

/// Returns as soon as `condition` holds; looks every millisecond.
///
/// # Panics
///
/// If it does not hold within `deadline`.
#[track_caller]
pub fn wait_until(deadline: Duration, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(
            started.elapsed() < deadline,
            "the condition did not come true within {deadline:?}"
        );
        thread::sleep(PAUSE);
    }
}

/// Runs `work` in a thread of its own and returns what it returns; passes its panic on.
///
/// For calls that could hang: a thread that hangs is left behind, and the test fails.
///
/// # Panics
///
/// If `work` is not done within `limit`, or panics.
#[track_caller]
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        let result = work();
        // Nobody listens any more if this took too long.
        let _ = sender.send(result);
    });
    match receiver.recv_timeout(limit) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still not done after {limit:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("because the result is sent before the thread ends"),
        },
    }
}
