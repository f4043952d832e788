//! What several processes write into one document and one log, and what must be found there. Each
//! has a section and records of its own, and all count in one more section.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use agentslock_core::{Error, Lockfile, LockfileOptions};
use filelock::LockOptions;
use fsops::{Durability, append_record_with};
use serde_json::{Value, json};

use crate::outcome::Outcome;

pub(crate) fn path(directory: &Path) -> PathBuf {
    directory.join(".agentsrc.lock")
}

pub(crate) fn log_path(directory: &Path) -> PathBuf {
    directory.join("events.ndjson")
}

fn name(writer: u64) -> String {
    format!("writer-{writer}")
}

/// Follows from `n`, so that half of an old and half of a new section do not fit; up to 4 KB.
fn filler(writer: u64, n: u64) -> Value {
    let text = format!("<{writer}> {n}");
    (0..=n * 7 % 200).map(|_| text.clone()).collect()
}

/// One process's part in it.
pub(crate) struct Writer {
    number: u64,
    options: LockfileOptions,
    lockfile: Lockfile,
    /// The last version of its section.
    version: u64,
}

impl Writer {
    /// Goes on where the document says that this writer has stopped.
    pub(crate) fn open(directory: &Path, number: u64, durability: Durability) -> Outcome<Self> {
        let options = LockfileOptions::new().lock(patient()).durability(durability);
        let lockfile = options.open(path(directory))?;
        let own: Option<Value> = lockfile.section(&name(number))?;
        let version = own.and_then(|own| own["n"].as_u64()).unwrap_or_default();
        Ok(Self { number, options, lockfile, version })
    }

    /// Flushes the next version of its own section, and returns its number.
    pub(crate) fn write(&mut self) -> Result<u64, Error> {
        self.version += 1;
        let own = json!({"n": self.version, "filler": filler(self.number, self.version)});
        self.lockfile.set_section(&name(self.number), &own)?;
        self.lockfile.flush()?;
        Ok(self.version)
    }

    /// Counts one more in the section that all share.
    pub(crate) fn count(&self) -> Result<(), Error> {
        self.options.update(self.lockfile.path(), |lockfile| {
            let mut counts: BTreeMap<String, u64> = lockfile.section("counts")?.unwrap_or_default();
            *counts.entry(name(self.number)).or_default() += 1;
            *counts.entry("total".to_owned()).or_default() += 1;
            lockfile.set_section("counts", &counts)?;
            Ok::<_, Error>(())
        })?;
        Ok(())
    }
}

/// Waits for a lock as long as it takes with many processes on a busy machine.
pub(crate) fn patient() -> LockOptions {
    LockOptions::new().timeout(Duration::from_secs(120))
}

/// Creates the document and the log, so that from now on a missing one is a lost one.
pub(crate) fn create(directory: &Path) -> Outcome {
    Lockfile::open(path(directory))?.flush()?;
    Ok(fsops::write_atomic(log_path(directory), b"")?)
}

/// Appends the writer's `n`th record to the log, whose lock is held.
pub(crate) fn append(
    directory: &Path,
    (writer, n): (u64, u64),
    durability: Durability,
) -> std::io::Result<()> {
    let record = json!({"writer": writer, "n": n}).to_string();
    append_record_with(log_path(directory), record.as_bytes(), durability)?;
    Ok(())
}

/// What a document says of each writer, by its number.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// The last version of each writer's section.
    pub(crate) own: BTreeMap<u64, u64>,
    /// How often each writer has counted.
    pub(crate) counted: BTreeMap<u64, u64>,
}

impl State {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// What shows that it is not whole.
    pub(crate) fn read(path: &Path, writers: u64) -> Result<Self, String> {
        let lockfile = Lockfile::open(path).map_err(|error| error.to_string())?;
        if lockfile.was_missing() {
            return Err("there is no document".to_owned());
        }
        let mut state = Self::default();
        let mut total = 0;
        let counts: Option<BTreeMap<String, u64>> =
            lockfile.section("counts").map_err(|error| error.to_string())?;
        let counts = counts.unwrap_or_default();
        for writer in 0..writers {
            let own: Option<Value> =
                lockfile.section(&name(writer)).map_err(|error| error.to_string())?;
            if let Some(own) = own {
                let n = own["n"].as_u64().unwrap_or_default();
                if own["filler"] != filler(writer, n) {
                    return Err(format!("two versions of {} are mixed", name(writer)));
                }
                state.own.insert(writer, n);
            }
            if let Some(&count) = counts.get(&name(writer)) {
                state.counted.insert(writer, count);
                total += count;
            }
        }
        if counts.get("total").copied().unwrap_or_default() != total {
            return Err("the counts do not add up".to_owned());
        }
        Ok(state)
    }

    /// Whether all that `earlier` says is still there.
    fn is_no_older_than(&self, earlier: &Self) -> bool {
        let holds = |now: &BTreeMap<u64, u64>, before: &BTreeMap<u64, u64>| {
            before.iter().all(|(writer, n)| now.get(writer).is_some_and(|now| now >= n))
        };
        holds(&self.own, &earlier.own) && holds(&self.counted, &earlier.counted)
    }
}

/// What a reader saw that looked at the document all the time.
#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) versions: u64,
    pub(crate) wrong: u64,
}

/// Calls `work`, and reads the document again and again until that is done. Each time it must be
/// whole, and no older than the time before.
pub(crate) fn watching<T>(
    directory: &Path,
    writers: u64,
    work: impl FnOnce() -> T,
) -> (T, Watched) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| watch(&path(directory), writers, &done));
        let outcome = work();
        done.store(true, Ordering::Relaxed);
        (outcome, reader.join().expect("because it does not panic"))
    })
}

fn watch(path: &Path, writers: u64, done: &AtomicBool) -> Watched {
    let mut watched = Watched::default();
    let mut last = State::default();
    while !done.load(Ordering::Relaxed) {
        match State::read(path, writers) {
            Ok(state) if !state.is_no_older_than(&last) => {
                println!("  a reader saw something taken back");
                watched.wrong += 1;
            }
            Ok(state) => {
                watched.versions += u64::from(state != last);
                last = state;
            }
            Err(why) => {
                println!("  a reader saw a document that is not whole: {why}");
                watched.wrong += 1;
            }
        }
        // So that others get a turn on a small machine.
        std::thread::sleep(Duration::from_millis(1));
    }
    watched
}

/// What a log says.
#[derive(Default)]
pub(crate) struct Log {
    /// The last record of each writer.
    pub(crate) last: BTreeMap<u64, u64>,
    pub(crate) records: u64,
    /// Lines that are no record.
    pub(crate) torn: u64,
    /// Records whose number is not above that of the writer's one before.
    pub(crate) out_of_order: u64,
    /// Records whose number leaves out some.
    pub(crate) gaps: u64,
}

impl Log {
    pub(crate) fn read(path: &Path) -> std::io::Result<Self> {
        let mut log = Self::default();
        for line in std::fs::read(path)?.split_inclusive(|byte| *byte == b'\n') {
            let record: Option<Value> = serde_json::from_slice(line).ok();
            let number = |key: &str| record.as_ref().and_then(|record| record[key].as_u64());
            let (Some(writer), Some(n), true) =
                (number("writer"), number("n"), line.ends_with(b"\n"))
            else {
                log.torn += 1;
                continue;
            };
            let last = log.last.insert(writer, n).unwrap_or(0);
            log.records += 1;
            log.out_of_order += u64::from(n <= last);
            log.gaps += u64::from(n > last + 1);
        }
        Ok(log)
    }
}

/// How many of the directory's files belong to a lock: held, dead, or in preparation.
pub(crate) fn locks_left(directory: &Path) -> std::io::Result<usize> {
    let entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let document = path(directory);
    let is_lock = |entry: &&std::fs::DirEntry| {
        entry.file_name().to_string_lossy().contains(".lock") && entry.path() != document
    };
    Ok(entries.iter().filter(is_lock).count())
}
