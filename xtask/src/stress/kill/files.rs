//! What a worker does through `lockedfile`, and with several locks at once, and what it was told is
//! done.
//!
//! Most of what is found is compared exactly. A record of the chain is noted by its place, and must
//! be there. In the batches and the counts a writer's numbers have no gaps, so that the last one
//! stands for all.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsops::Durability;
use rustix::process::{Signal, getpid};
use testkit::{Critical, Numbers};

use crate::outcome::Outcome;
use crate::workload::document::patient;
use crate::workload::files::{BATCH, Files, Found, pair};
use crate::workload::random::Random;

/// What a worker was told of, by kind. Changed by their worker only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// How many records of the chain.
    Chain,
    /// The last number in the batches.
    Batches,
    /// The count.
    Count,
    /// How many passages with two locks.
    Pairs,
    Rotations,
    Folds,
}

/// How many microseconds after the beginning of a change a worker dies at the latest. Without
/// others in the way, a change takes about as long.
const LONGEST: u64 = 400;

const KINDS: [Told; 6] =
    [Told::Chain, Told::Batches, Told::Count, Told::Pairs, Told::Rotations, Told::Folds];

impl Told {
    fn of(self, worker: u64) -> u64 {
        KINDS.len() as u64 * worker + self as u64
    }

    fn sum(self, numbers: &Numbers, workers: u64) -> io::Result<u64> {
        (0..workers).map(|worker| numbers.get(self.of(worker))).sum()
    }
}

pub(super) struct Ledger {
    directory: PathBuf,
    worker: u64,
    files: Files,
    told: Numbers,
}

impl Ledger {
    pub(super) fn create(directory: &Path, workers: u64) -> Outcome {
        Files::create(directory)?;
        std::fs::create_dir(pairs(directory))?;
        Critical::create(&pairs(directory))?;
        let size = KINDS.len() * usize::try_from(workers)?;
        Numbers::create(&told(directory), size)?;
        Ok(())
    }

    pub(super) fn open(directory: &Path, worker: u64) -> Outcome<Self> {
        let files = Files::open(directory, worker, Durability::Atomic)?;
        let told = Numbers::open(&told(directory))?;
        Ok(Self { directory: directory.to_owned(), worker, files, told })
    }

    /// Whether each kind of change was seen often enough: the rarer ones a twentieth as often.
    pub(super) fn is_enough(directory: &Path, workers: u64, flushes: u64) -> io::Result<bool> {
        let told = Numbers::open(&told(directory))?;
        for kind in KINDS {
            let is_rare = [Told::Rotations, Told::Folds].contains(&kind);
            let wanted = if is_rare { flushes / 40 } else { flushes / 2 };
            if kind.sum(&told, workers)? < wanted {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One change, and a note that it was reported. In each fourth, the worker dies in the middle,
    /// or soon after.
    pub(super) fn step(&mut self, random: &mut Random) -> Outcome {
        if random.next().is_multiple_of(4) {
            let pause = Duration::from_micros(random.next() % LONGEST);
            std::thread::spawn(move || {
                std::thread::sleep(pause);
                rustix::process::kill_process(getpid(), Signal::KILL)
            });
        }
        // Those that are longer than a page are torn by a kill.
        let size = [40, 40, 40, 4_000, 20_000][random.below(5)];
        match random.below(8) {
            0 | 1 => {
                let place = self.files.add_to_chain(size)?;
                let notes = notes(&self.directory, self.worker);
                let mut notes = OpenOptions::new().create(true).append(true).open(notes)?;
                notes.write_all(&place.to_le_bytes())?;
                self.add(Told::Chain)
            }
            2 | 3 => {
                let last = self.files.add_batch(1 + random.next() % BATCH, size / 4)?;
                self.raise(Told::Batches, last)
            }
            4 => {
                let count = self.files.count()?;
                self.raise(Told::Count, count)
            }
            5 => {
                let guards = patient().acquire_all(pair(&self.directory, random.below(3)))?;
                Critical::open(&pairs(&self.directory))?.pass(|| {
                    guards.iter().try_for_each(filelock::LockGuard::verify).map_err(io::Error::from)
                })?;
                self.add(Told::Pairs)?;
                for guard in guards {
                    guard.release()?;
                }
                Ok(())
            }
            6 if self.files.rotate()? => self.add(Told::Rotations),
            7 if self.files.fold()? => self.add(Told::Folds),
            _ => Ok(()),
        }
    }

    fn add(&self, kind: Told) -> Outcome {
        self.told.add(kind.of(self.worker), 1)?;
        Ok(())
    }

    /// Notes a number that never goes back.
    fn raise(&self, kind: Told, number: u64) -> Outcome {
        let before = self.told.get(kind.of(self.worker))?;
        if number <= before {
            let worker = self.worker;
            return Err(format!("worker {worker}: {number} follows {before}").into());
        }
        self.told.set(kind.of(self.worker), number)?;
        Ok(())
    }

    /// Says what is there, beside what was reported, and returns whether it is right.
    pub(super) fn report(name: &str, directory: &Path, workers: u64, deaths: u64) -> Outcome<bool> {
        let told = Numbers::open(&told(directory))?;
        let found = Found::read(directory)?;
        let pairs = Critical::open(&pairs(directory))?;
        let (mut lost, mut unnoted) = (0, 0);
        let mut compare = |told: u64, found: u64, at_once: u64| {
            lost += told.saturating_sub(found);
            unnoted += found.saturating_sub(told).div_ceil(at_once);
        };
        let mut noted = 0;
        for worker in 0..workers {
            let of = |kind: Told| told.get(kind.of(worker));
            compare(of(Told::Batches)?, Found::last(&found.batches, worker), BATCH);
            compare(of(Told::Count)?, Found::last(&found.counts, worker), 1);
            let places = places(&notes(directory, worker))?;
            noted += places.len() as u64;
            let is_there = |place: &&u64| {
                let place = usize::try_from(**place).unwrap_or(usize::MAX);
                found.chain.get(place) == Some(&worker)
            };
            let there = places.iter().filter(is_there).count();
            compare(places.len() as u64, there as u64, 1);
        }
        compare(noted, found.chain.len() as u64, 1);
        compare(Told::Pairs.sum(&told, workers)?, pairs.count()?, 1);
        let overlaps = pairs.overlaps()?;
        println!(
            "  {name:9} chain {} records, rotated {}; batches {} records, folded {}; counts {}; two \
             locks {} times, overlaps {overlaps}; of all these lost {lost}, not noted before death \
             {unnoted}; torn tails {}, wrong {}",
            found.chain.len(),
            Told::Rotations.sum(&told, workers)?,
            found.batches.values().sum::<u64>(),
            Told::Folds.sum(&told, workers)?,
            found.counts.values().sum::<u64>(),
            pairs.count()?,
            found.torn,
            found.wrong.len()
        );
        for wrong in found.wrong.iter().take(3) {
            println!("    {wrong}");
        }
        let rotations = Told::Rotations.sum(&told, workers)?;
        let has_archives = found.archives as u64 >= rotations;
        Ok(lost + overlaps == 0 && unnoted <= deaths && has_archives && found.wrong.is_empty())
    }
}

fn told(directory: &Path) -> PathBuf {
    directory.join("told")
}

/// Where the section is that two locks protect.
fn pairs(directory: &Path) -> PathBuf {
    directory.join("pairs")
}

/// The places in the chain that were reported to a worker.
fn notes(directory: &Path, worker: u64) -> PathBuf {
    directory.join(format!("chain-notes-{worker}"))
}

fn places(notes: &Path) -> io::Result<Vec<u64>> {
    let bytes = match std::fs::read(notes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    let (numbers, _) = bytes.as_chunks::<8>();
    Ok(numbers.iter().map(|number| u64::from_le_bytes(*number)).collect())
}
