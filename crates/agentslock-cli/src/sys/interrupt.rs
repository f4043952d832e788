//! Signals from the wait for a lock on: they end the wait, so that nothing is left behind. Before
//! it they end the program, as they always do. On Windows that is Ctrl-C.

use std::sync::OnceLock;

use super::arrived::Arrived;
use super::ending;

/// The signal that came since a lock was waited for. One for the process, as signals are.
static SINCE_WAIT: OnceLock<Arrived> = OnceLock::new();

/// Called before a lock is acquired: from now on signals no longer end the program. They end the
/// wait, and what is done under the lock if that can take long.
pub(crate) fn wait_begins() {
    SINCE_WAIT.get_or_init(|| {
        let arrived = Arrived::default();
        for signal in ending() {
            // One that cannot be caught does what it always does.
            let _ = arrived.note(signal);
        }
        arrived
    });
}

/// Whether a signal asks for the end of the wait, or of what is done under the lock.
pub(crate) fn is_wait_interrupted() -> bool {
    interrupted_by().is_some()
}

/// The signal that came since then.
pub(crate) fn interrupted_by() -> Option<i32> {
    SINCE_WAIT.get()?.last()
}
