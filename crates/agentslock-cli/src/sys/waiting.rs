//! Signals during the wait for a lock: they end the wait, so that it can clean up. At any other time they
//! end the program, as they always do. On Windows that is Ctrl-C.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::ending;

/// The signal that arrived last, if any did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrived(Arc<AtomicUsize>);

impl Arrived {
    pub(crate) fn last(&self) -> Option<i32> {
        i32::try_from(self.0.load(Ordering::Relaxed)).ok().filter(|signal| *signal != 0)
    }

    pub(super) fn note(&self, signal: i32) -> io::Result<()> {
        let number = usize::try_from(signal).expect("because signals are small numbers");
        signal_hook::flag::register_usize(signal, Arc::clone(&self.0), number).map(|_| ())
    }
}

struct DuringWait {
    arrived: Arrived,
    over: Arc<AtomicBool>,
}

/// One for the process, as signals are.
static DURING_WAIT: OnceLock<DuringWait> = OnceLock::new();

/// Called before a lock is acquired: from now on signals only end the wait for it.
pub(crate) fn wait_begins() {
    DURING_WAIT.get_or_init(|| {
        let during = DuringWait { arrived: Arrived::default(), over: Arc::default() };
        for signal in ending() {
            // One that cannot be caught does what it always does.
            let over = Arc::clone(&during.over);
            if signal_hook::flag::register_conditional_default(signal, over).is_ok() {
                let _ = during.arrived.note(signal);
            }
        }
        during
    });
}

/// Whether a signal asks for the end of the wait.
pub(crate) fn is_wait_interrupted() -> bool {
    interrupted_by().is_some()
}

/// From now on signals end the program again.
pub(crate) fn wait_is_over() {
    if let Some(during) = DURING_WAIT.get() {
        during.over.store(true, Ordering::Relaxed);
    }
}

/// The signal that came during a wait.
pub(crate) fn interrupted_by() -> Option<i32> {
    DURING_WAIT.get()?.arrived.last()
}

pub(crate) fn exit_code_of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
