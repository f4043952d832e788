//! Contention: many processes increment one counter and write one log under one lock, and one
//! document under another.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Args;
use fsops::Durability;

use crate::outcome::Outcome;
use crate::workload::document::locks_left;
use crate::workload::document::{self, Log, State, Writer};
use crate::workload::door::Door;
use crate::workspace::worker;
use testkit::Critical;

/// Let many processes write one counter, one log and one document, on the disk and on tmpfs.
#[derive(Args)]
pub(crate) struct Contention {
    /// How many processes
    #[arg(long, default_value_t = 16)]
    processes: u64,
    /// How many increments and records each of them makes
    #[arg(long, default_value_t = 500)]
    increments: u64,
    /// How often each of them flushes its own section, and updates the one that all share
    #[arg(long, default_value_t = 25)]
    flushes: u64,
    /// Only through this door to the lock
    #[arg(long)]
    door: Option<Door>,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Worker {
    door: Door,
    directory: PathBuf,
    number: u64,
    increments: u64,
    flushes: u64,
}

impl Contention {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        println!(
            "contention: {} processes, {} increments, records, and {} flushes and updates each",
            self.processes, self.increments, self.flushes
        );
        Door::in_each(self.door, self.directory.as_deref(), |name, path, door| {
            self.run_in(name, path, door)
        })
    }

    fn run_in(&self, name: &str, directory: &Path, door: Door) -> Outcome<bool> {
        let critical = Critical::create(directory)?;
        document::create(directory)?;
        let started = Instant::now();
        let (outcome, watched) =
            document::watching(directory, self.processes, || self.let_them_work(directory, door));
        let (longest, failed) = outcome?;
        let elapsed = started.elapsed();
        let expected = self.processes * self.increments;
        let (counted, overlaps) = (critical.count()?, critical.overlaps()?);
        let log = Log::read(&document::log_path(directory))?;
        let state = State::read(&document::path(directory), self.processes)?;
        let in_all = |of: &BTreeMap<u64, u64>| of.values().sum::<u64>();
        let (versions, counts) = (in_all(&state.own), in_all(&state.counted));
        let left = locks_left(directory)?;
        println!(
            "  {name:9} counter {counted} of {expected}, overlaps {overlaps}, failed workers \
             {failed}, locks left over {left}, {:.0} per second, longest wait {:.1} ms",
            f64::from(u32::try_from(expected)?) / elapsed.as_secs_f64(),
            longest.as_secs_f64() * 1e3,
        );
        let flushes = self.processes * self.flushes;
        println!(
            "  {name:9} records {} of {expected}, torn lines {}; flushes {versions} and updates \
             {counts} of {flushes} each; a reader saw {} versions, {} of them wrong",
            log.records, log.torn, watched.versions, watched.wrong,
        );
        let log_is_whole = log.records == expected && log.torn + log.out_of_order + log.gaps == 0;
        Ok(counted == expected
            && log_is_whole
            && (versions, counts) == (flushes, flushes)
            && overlaps + watched.wrong == 0
            && failed == 0
            && left == 0)
    }

    /// Returns the longest wait for the lock, and how many workers failed.
    fn let_them_work(&self, directory: &Path, door: Door) -> std::io::Result<(Duration, u32)> {
        let mut workers = (0..self.processes)
            .map(|number| {
                worker("contention")?
                    .arg(door.name())
                    .arg(directory)
                    .args([number, self.increments, self.flushes].map(|n| n.to_string()))
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .collect::<std::io::Result<Vec<_>>>()?;
        let mut longest = Duration::ZERO;
        let mut failed = 0;
        for worker in &mut workers {
            let mut line = String::new();
            let output = worker.stdout.take().expect("because it was piped");
            BufReader::new(output).read_line(&mut line)?;
            failed += u32::from(!worker.wait()?.success());
            longest = longest.max(Duration::from_micros(line.trim().parse().unwrap_or(0)));
        }
        Ok((longest, failed))
    }
}

impl Worker {
    /// Prints the longest wait, in microseconds.
    pub(crate) fn run(self) -> Outcome {
        let critical = Critical::open(&self.directory)?;
        let path = Critical::path(&self.directory);
        let lock = self.door.open(document::patient(), &path)?;
        // How long a sync takes is up to all who use the disk.
        let mut writer = Writer::open(&self.directory, self.number, Durability::Atomic)?;
        let mut longest = Duration::ZERO;
        let mut flushed = 0;
        for n in 1..=self.increments {
            let asked = Instant::now();
            let guard = lock.acquire()?;
            longest = longest.max(asked.elapsed());
            critical
                .pass(|| document::append(&self.directory, (self.number, n), Durability::Atomic))?;
            guard.release()?;
            // Spread over the increments.
            while flushed * self.increments < self.flushes * n {
                writer.write()?;
                writer.count()?;
                flushed += 1;
            }
        }
        println!("{}", longest.as_micros());
        Ok(())
    }
}
