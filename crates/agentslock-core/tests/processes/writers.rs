//! What writers write and readers check: a section for each writer and one that all count in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentslock_core::{Error, Lockfile, LockfileOptions};
use filelock::LockOptions;
use serde::{Deserialize, Serialize};

use crate::support::quick;

/// Processes that write at the same time. Wine has one server for all, which does one thing at a
/// time.
pub(crate) const WRITERS: u64 = if cfg!(windows) { 3 } else { 8 };

/// Tells a thread, by being dropped, that it is done.
pub(crate) struct Done<'a>(pub(crate) &'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A writer's own section.
#[derive(Deserialize, Serialize)]
struct Own {
    n: u64,
    /// Follows from `n`, so that half of an old and half of a new section do not fit.
    filler: Vec<String>,
}

/// The shared section.
#[derive(Default, Deserialize, Serialize)]
struct Counter {
    total: u64,
    by: BTreeMap<u64, u64>,
}

fn filler(writer: u64, n: u64) -> Vec<String> {
    vec![format!("<{writer}> {n}"); usize::try_from(n * 7 % 40).unwrap() + 1]
}

fn name(writer: u64) -> String {
    format!("writer {writer}")
}

/// Waits for the lock as long as it takes with this many writers on a busy machine. Does not sync:
/// how long that takes is up to all who use the disk.
pub(crate) fn patient() -> LockfileOptions {
    let lock = LockOptions::new().timeout(Duration::from_secs(60));
    // Where time decides, each that is killed costs the others a TTL.
    quick().lock(if cfg!(windows) { lock.ttl(Duration::from_secs(5)) } else { lock })
}

/// Wine lets nobody replace a file that is open, whatever its readers share: a reader looks up
/// between two looks.
pub(crate) fn breathe() {
    if cfg!(windows) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes the `n`th version of the writer's own section.
pub(crate) fn write_own(lockfile: &Lockfile, writer: u64, n: u64) {
    lockfile.set_section(&name(writer), &Own { n, filler: filler(writer, n) }).unwrap();
    lockfile.flush().unwrap();
}

/// Counts one more in the shared section.
pub(crate) fn count(lockfile: &Lockfile, writer: u64) -> Result<(), Error> {
    let mut counter: Counter = lockfile.section("counter")?.unwrap_or_default();
    counter.total += 1;
    *counter.by.entry(writer).or_default() += 1;
    Ok(lockfile.set_section("counter", &counter)?)
}

/// What a document says of its writers. Comes only from a document that is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The last version of each writer's section.
    pub(crate) own: BTreeMap<u64, u64>,
    /// How often each writer has counted.
    pub(crate) counted: BTreeMap<u64, u64>,
}

impl State {
    pub(crate) fn of(lockfile: &Lockfile) -> Self {
        assert_eq!(lockfile.lock_version().unwrap(), 1);
        let mut state = Self::default();
        for writer in 0..WRITERS {
            if let Some(own) = lockfile.section::<Own>(&name(writer)).unwrap() {
                assert_eq!(own.filler, filler(writer, own.n), "two versions are mixed");
                state.own.insert(writer, own.n);
            }
        }
        if let Some(counter) = lockfile.section::<Counter>("counter").unwrap() {
            assert_eq!(counter.by.values().sum::<u64>(), counter.total);
            state.counted = counter.by;
        }
        let sections = state.own.len() + usize::from(!state.counted.is_empty());
        assert_eq!(lockfile.section_names().len(), sections, "a section of nobody");
        state
    }

    /// Nothing that `earlier` says is missing or was taken back.
    pub(crate) fn assert_is_no_older_than(&self, earlier: &Self) {
        for (now, before) in [(&self.own, &earlier.own), (&self.counted, &earlier.counted)] {
            for (writer, n) in before {
                let now = now.get(writer);
                assert!(now.is_some_and(|now| now >= n), "writer {writer}: {n}, then {now:?}");
            }
        }
    }
}
