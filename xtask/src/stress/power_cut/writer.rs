//! A process that writes until the power is cut, and notes what it was told is done.

use std::path::{Path, PathBuf};

use clap::Args;
use fsops::Durability;
use lockedfile::LogError;
use rustix::process::getppid;

use crate::outcome::Outcome;
use crate::workload::document::{self, Writer};
use crate::workload::files::{BATCH, Files};
use testkit::Numbers;

#[derive(Args)]
pub(crate) struct Worker {
    directory: PathBuf,
    acknowledged: PathBuf,
    writer: u64,
    #[arg(long)]
    atomic: bool,
}

/// How many numbers a writer notes.
pub(super) const NOTED: usize = 6;

/// The numbers that a writer notes. Each only grows.
#[derive(Clone, Copy)]
pub(super) enum Told {
    /// The version of its section.
    Section,
    /// Its last record in the log.
    Record,
    /// Its last log of its own.
    Log,
    /// One more than the place of its last record in the chain.
    Chain,
    /// The number of its last record in the batches.
    Batches,
    Count,
}

impl Told {
    fn of(self, writer: u64) -> u64 {
        NOTED as u64 * writer + self as u64
    }
}

/// The `n`th log that a writer has for itself.
pub(super) fn own_log(directory: &Path, writer: u64, n: u64) -> PathBuf {
    directory.join(format!("logs-{writer}/{n}/own/events.ndjson"))
}

impl Worker {
    /// Writes until it is killed, or nobody is left to do that.
    pub(crate) fn run(self) -> Outcome {
        let durability = if self.atomic { Durability::Atomic } else { Durability::Full };
        let mut writer = Writer::open(&self.directory, self.writer, durability)?;
        let log = document::log_path(&self.directory);
        let numbers = Numbers::open(&self.acknowledged)?;
        let mut files = Files::open(&self.directory, self.writer, durability)?;
        let told = |which: Told, number| numbers.set(which.of(self.writer), number);
        let parent = getppid();
        for n in (1..).take_while(|_| getppid() == parent) {
            told(Told::Section, writer.write()?)?;
            let guard = document::patient().acquire(&log)?;
            document::append(&self.directory, (self.writer, n), durability)?;
            guard.release()?;
            told(Told::Record, n)?;
            self.write_own_log(n, durability)?;
            told(Told::Log, n)?;
            // So long that the chain is rotated, and the batches folded, between two clones.
            match n % 4 {
                0 => told(Told::Chain, files.add_to_chain(8_000)? + 1)?,
                1 => told(Told::Batches, files.add_batch(BATCH, 1_000)?)?,
                2 => told(Told::Count, files.count()?)?,
                _ => drop((files.rotate()?, files.fold()?)),
            }
        }
        Ok(())
    }

    /// Appends to a log that is new, in directories that are new. Every other one is made by the
    /// lock. The others are made with a record, as if by a writer that died before it synced
    /// anything. In turns, it is appended to, appended to by `lockedfile`, and replaced by it.
    fn write_own_log(&self, n: u64, durability: Durability) -> Outcome {
        let log = own_log(&self.directory, self.writer, n);
        if n.is_multiple_of(2) {
            std::fs::create_dir_all(log.parent().expect("because it lies in a directory"))?;
            std::fs::write(&log, "\"first\"\n")?;
        }
        let options = lockedfile::Options::new().lock(document::patient()).durability(durability);
        match n % 3 {
            0 => {
                let guard = document::patient().acquire(&log)?;
                fsops::append_record_with(&log, "\"second\"", durability)?;
                guard.release()?;
            }
            1 => {
                let record = |_: lockedfile::Last<'_>| Ok::<_, LogError>(b"\"second\"".to_vec());
                lockedfile::Log::with_options(&log, options).append_with(record)?;
            }
            _ => {
                let add = |old: Option<&[u8]>| {
                    let old = old.unwrap_or_default();
                    Ok::<_, lockedfile::Error>(Some([old, b"\"second\"\n"].concat()))
                };
                options.transform(&log, add)?;
            }
        }
        Ok(())
    }
}
