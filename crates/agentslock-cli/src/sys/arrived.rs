//! A signal that arrived, and the exit status that it gives a program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

pub(crate) fn exit_code_of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
