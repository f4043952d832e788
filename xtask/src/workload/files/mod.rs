//! Files that several processes change through `lockedfile`, each in a way that shows what is lost.
//!
//! | file | changed by | what must be found |
//! |---|---|---|
//! | `chain.ndjson` and its archives | `append_with`, `rotate` | each record has the hash of the one before, across all files |
//! | `batches.ndjson` | `append_all`, `rewrite` | each writer's numbers from 1 on, none left out; the first line has those that were folded |
//! | `counts` | `transform` | each writer's count, and their sum |
//!
//! A writer that starts again goes on after what it finds of its own.

mod found;
mod names;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsops::Durability;
use lockedfile::{Done, Last, Log, Options, TornTail};
use serde_json::{Value, json};

use super::document::patient;
use crate::outcome::{Failure, Outcome};
pub(crate) use found::Found;
use names::{archives, batches, chain, counts, hash, place};

/// From how many bytes on the chain is rotated.
const LONG: u64 = 48 * 1024;
/// From how many records on a half of the batches is folded.
const MANY: usize = 64;
/// How many records a batch has at most.
pub(crate) const BATCH: u64 = 4;

/// One process's part in it.
pub(crate) struct Files {
    directory: PathBuf,
    number: u64,
    options: Options,
    chain: Log,
    batches: Log,
    /// The number of its next record in the batches.
    next: u64,
}

impl Files {
    /// Makes the files' directory.
    pub(crate) fn create(directory: &Path) -> io::Result<()> {
        std::fs::create_dir(place(directory))
    }

    /// Goes on where the files say that this writer has stopped.
    pub(crate) fn open(directory: &Path, number: u64, durability: Durability) -> Outcome<Self> {
        let options = Options::new().lock(patient()).durability(durability);
        let log = |path| Log::with_options(path, options.clone());
        let found = Found::of_batches(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            number,
            chain: log(chain(directory)).torn_tail(TornTail::Remove),
            batches: log(batches(directory)),
            next: found.batches.get(&number).copied().unwrap_or_default() + 1,
            options,
        })
    }

    /// Appends a record of about `size` bytes that depends on the one before, and returns its
    /// place in the chain.
    pub(crate) fn add_to_chain(&self, size: usize) -> Outcome<u64> {
        let mut at = 0;
        self.chain.append_with(|last: Last<'_>| -> Outcome<Vec<u8>> {
            let before = match last.record() {
                Some(record) => Some(record.to_vec()),
                // The log was rotated: the archive has it.
                None => match archives(&self.directory)?.last() {
                    Some(archive) => Log::new(archive).last()?,
                    None => None,
                },
            };
            at = match &before {
                Some(record) => place_in_chain(record)? + 1,
                None => 0,
            };
            let before = hash(before.as_deref().unwrap_or_default());
            let filler = "x".repeat(size);
            let record = json!({"at": at, "writer": self.number, "before": before, "x": filler});
            Ok(record.to_string().into_bytes())
        })?;
        Ok(at)
    }

    /// Rotates the chain if it is long; returns whether it did.
    pub(crate) fn rotate(&self) -> Outcome<bool> {
        let archive = self.chain.rotate(|size, _: Duration| -> Outcome<Option<PathBuf>> {
            if size < LONG {
                return Ok(None);
            }
            let number = archives(&self.directory)?.len();
            Ok(Some(format!("chain.ndjson.{number}").into()))
        })?;
        Ok(archive.is_some())
    }

    /// Appends records of about `size` bytes at once, and returns the last one's number.
    pub(crate) fn add_batch(&mut self, count: u64, size: usize) -> Outcome<u64> {
        let numbers = self.next..self.next + count.clamp(1, BATCH);
        let record = |n| json!({"writer": self.number, "n": n, "x": "x".repeat(size)}).to_string();
        self.batches.append_all(numbers.clone().map(record))?;
        self.next = numbers.end;
        Ok(self.next - 1)
    }

    /// Folds the older half of the batches if they are many: their writers' last numbers stay.
    /// Returns whether it did.
    pub(crate) fn fold(&self) -> Outcome<bool> {
        let done = self.batches.rewrite(|records| -> Outcome<Vec<Cow<'_, [u8]>>> {
            let all: Vec<&[u8]> = records.collect();
            if all.len() < MANY {
                return Ok(all.into_iter().map(Cow::Borrowed).collect());
            }
            let (old, rest) = all.split_at(all.len() / 2);
            let mut found = Found::default();
            for line in old {
                found.read_batch_line(line);
            }
            if let Some(why) = found.wrong.first() {
                return Err(why.clone().into());
            }
            let summary = json!({"folded": as_object(&found.batches)}).to_string().into_bytes();
            let rest = rest.iter().map(|line| Cow::Borrowed(*line));
            Ok([Cow::Owned(summary)].into_iter().chain(rest).collect())
        })?;
        Ok(done == Done::Written)
    }

    /// Counts one more in the file that all share, and returns this writer's count.
    pub(crate) fn count(&self) -> Outcome<u64> {
        let mut own = 0;
        self.options.transform(counts(&self.directory), |old| -> Outcome<Option<Vec<u8>>> {
            let mut counts = match old {
                Some(text) => serde_json::from_slice(text)?,
                None => BTreeMap::<String, u64>::new(),
            };
            *counts.entry("sum".to_owned()).or_default() += 1;
            let count = counts.entry(self.number.to_string()).or_default();
            *count += 1;
            own = *count;
            Ok(Some(serde_json::to_vec(&counts)?))
        })?;
        Ok(own)
    }
}

/// Three names of which a writer locks two at once.
pub(crate) fn pair(directory: &Path, which: usize) -> [PathBuf; 2] {
    let mut names = ["one", "two", "three"].map(|name| place(directory).join(name));
    names.rotate_left(which % 3);
    let [first, second, _] = names;
    [first, second]
}

fn as_object(numbers: &BTreeMap<u64, u64>) -> Value {
    numbers.iter().map(|(writer, n)| (writer.to_string(), Value::from(*n))).collect()
}

fn place_in_chain(record: &[u8]) -> Outcome<u64> {
    let record: Value = serde_json::from_slice(record)?;
    record["at"].as_u64().ok_or_else(|| Failure::from("a record of the chain has no place"))
}
