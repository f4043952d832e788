//! What is found in the files, and what is wrong with it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::names::{archives, batches, chain, counts, hash};
use crate::outcome::Outcome;

#[derive(Default)]
pub(crate) struct Found {
    /// Who wrote each record of the chain, by its place.
    pub(crate) chain: Vec<u64>,
    /// Each writer's last number in the batches.
    pub(crate) batches: BTreeMap<u64, u64>,
    /// Each writer's count.
    pub(crate) counts: BTreeMap<u64, u64>,
    pub(crate) archives: usize,
    /// What killed writers left of their records, and nobody was told of.
    pub(crate) torn: u64,
    /// What nothing excuses.
    pub(crate) wrong: Vec<String>,
}

impl Found {
    /// Reads all files, which nobody changes.
    pub(crate) fn read(directory: &Path) -> Outcome<Self> {
        let mut found = Self::of_batches(directory)?;
        found.read_chain(directory)?;
        if let Some(text) = read(&counts(directory))? {
            match serde_json::from_slice(&text) {
                Ok(counts) => found.read_counts(counts),
                Err(error) => found.wrong.push(format!("the counts are not whole: {error}")),
            }
        }
        Ok(found)
    }

    /// Reads the batches alone. Others may be changing them.
    pub(crate) fn of_batches(directory: &Path) -> Outcome<Self> {
        let mut found = Self::default();
        let text = read(&batches(directory))?.unwrap_or_default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            found.read_batch_line(line);
        }
        Ok(found)
    }

    pub(super) fn read_batch_line(&mut self, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Value>(line) else {
            self.torn += 1;
            // Only the beginning of one record may be torn.
            let text = String::from_utf8_lossy(line);
            if text.matches("{\"").count() > 1 {
                self.wrong.push(format!("records are glued: {text:.200}"));
            }
            return;
        };
        if let Some(folded) = record["folded"].as_object() {
            if !self.batches.is_empty() {
                self.wrong.push("what was folded comes after a record".to_owned());
            }
            for (writer, n) in folded {
                self.batches.extend(writer.parse().ok().zip(n.as_u64()));
            }
            return;
        }
        let (Some(writer), Some(n)) = (record["writer"].as_u64(), record["n"].as_u64()) else {
            self.wrong.push(format!("no record of ours: {record:.200}"));
            return;
        };
        let before = self.batches.insert(writer, n).unwrap_or_default();
        if n != before + 1 {
            self.wrong.push(format!("writer {writer}: record {n} follows {before}"));
        }
    }

    fn read_chain(&mut self, directory: &Path) -> Outcome {
        let mut files = archives(directory)?;
        self.archives = files.len();
        files.push(chain(directory));
        let mut before = Vec::new();
        for file in files {
            let text = read(&file)?.unwrap_or_default();
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                let Some(line) = line.strip_suffix(b"\n") else {
                    self.torn += 1;
                    continue;
                };
                let record: Value = serde_json::from_slice(line).unwrap_or_default();
                let place = self.chain.len();
                let is_next = record["at"].as_u64() == u64::try_from(place).ok();
                if !is_next || record["before"].as_str() != Some(&hash(&before)) {
                    let name = file.display();
                    self.wrong.push(format!("{name}: the chain breaks at record {place}"));
                }
                self.chain.push(record["writer"].as_u64().unwrap_or(u64::MAX));
                line.clone_into(&mut before);
            }
        }
        Ok(())
    }

    fn read_counts(&mut self, counts: BTreeMap<String, u64>) {
        let sum = counts.get("sum").copied().unwrap_or_default();
        let own = counts.into_iter().filter_map(|(name, n)| Some((name.parse().ok()?, n)));
        self.counts = own.collect();
        if self.counts.values().sum::<u64>() != sum {
            self.wrong.push("the counts do not add up".to_owned());
        }
    }

    /// The last number of a writer, or 0.
    pub(crate) fn last(numbers: &BTreeMap<u64, u64>, writer: u64) -> u64 {
        numbers.get(&writer).copied().unwrap_or_default()
    }
}

/// A file's bytes; `None` if there is none.
fn read(path: &Path) -> Outcome<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("failed to read `{}`: {error}", path.display()).into()),
    }
}
