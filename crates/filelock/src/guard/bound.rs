//! Which locks this thread holds, so that it does not wait for itself.
//!
//! A guard can go to another thread without a word to us: then the thread that acquired it may wait
//! for it. So a guard is bound to its thread only until another thread uses it, or its owner
//! unbinds it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crate::process::ProcessId;

thread_local! {
    /// By token, which no other acquisition has.
    static HELD: RefCell<Held> = RefCell::default();
}

#[derive(Default)]
struct Held {
    bonds: HashMap<String, (ProcessId, Arc<AtomicBool>)>,
    /// Guards that were dropped in other threads are looked for once there are so many.
    look_at: usize,
}

/// Ties a guard to the thread that acquired it.
#[derive(Debug)]
pub(super) struct Bond {
    token: String,
    thread: ThreadId,
    holds: Arc<AtomicBool>,
}

impl Bond {
    pub(super) fn with_this_thread(token: &str, process: ProcessId) -> Self {
        let holds = Arc::new(AtomicBool::new(true));
        // In a thread that ends, the list can be gone: then nothing is bound.
        let _ = HELD.try_with(|held| {
            let mut held = held.borrow_mut();
            if held.bonds.len() >= held.look_at {
                held.bonds.retain(|_, (_, holds)| holds.load(Ordering::Relaxed));
                held.look_at = 2 * held.bonds.len() + 8;
            }
            held.bonds.insert(token.to_owned(), (process, Arc::clone(&holds)));
        });
        Self { token: token.to_owned(), thread: thread::current().id(), holds }
    }

    /// A thread uses the guard.
    pub(super) fn used(&self) {
        if thread::current().id() != self.thread {
            self.end();
        }
    }

    fn end(&self) {
        self.holds.store(false, Ordering::Relaxed);
    }
}

impl Drop for Bond {
    fn drop(&mut self) {
        self.end();
        if thread::current().id() == self.thread {
            let _ = HELD.try_with(|held| held.borrow_mut().bonds.remove(&self.token));
        }
    }
}

/// Whether this thread holds the lock with this token, as far as is known.
pub(crate) fn is_held_here(token: &str) -> bool {
    let holds = HELD.try_with(|held| {
        let held = held.borrow();
        let bond = held.bonds.get(token);
        // A forked child has its parent's list, and not its locks.
        bond.is_some_and(|(process, holds)| holds.load(Ordering::Relaxed) && process.is_current())
    });
    holds.unwrap_or(false)
}
