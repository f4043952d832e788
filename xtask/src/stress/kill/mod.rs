//! Kill: the same as contention, while holders and waiters die by SIGKILL.
//!
//! Two kinds of death. Half of the holders note the time and kill themselves in the middle of the
//! section. The next holder says how long it took to replace them. This process kills random
//! workers wherever they are: preparing, publishing, holding, releasing, waiting. Each dead worker
//! is followed by a new one, until as many takeovers have been seen as were asked for.
//!
//! A worker notes in its own tallies what it has done: increments and records, the version of its
//! section, its counts in the shared section. What is found in the end is behind the tallies only
//! if something was lost. It is ahead of them by at most one per death. What goes through
//! `lockedfile`, and several locks at once, is in `files.rs`.

mod files;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;
use fsops::Durability;

use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::workload::document::locks_left;
use crate::workload::document::{self, Log, State, Watched, Writer};
use crate::workload::door::Door;
use crate::workload::random::Random;
use crate::workspace::worker;
use files::Ledger;
use testkit::{Critical, Numbers};

/// Kill holders and waiters at random, and see that nothing is lost and nobody comes in twice.
#[derive(Args)]
pub(crate) struct Kill {
    /// How many processes
    #[arg(long, default_value_t = 8)]
    processes: u64,
    /// How many takeovers of a dead holder are to be seen
    #[arg(long, default_value_t = 500)]
    takeovers: u64,
    /// How many flushes are to be acknowledged, as many updates, and half as many changes of each
    /// kind through `lockedfile`
    #[arg(long, default_value_t = 200)]
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
    /// Where its random numbers start
    seed: u64,
}

/// Indices into the shared numbers. The first two are changed under the lock only, and the tallies
/// by their worker only.
const TAKEOVERS: u64 = 0;
const DIED_AT: u64 = 1;
const FIRST_TALLY: u64 = 2;
/// The replacement times, in microseconds, follow the tallies; the oldest are overwritten.
const TIMES: u64 = 65_536;

/// What each worker keeps a tally of.
#[derive(Clone, Copy)]
enum Tally {
    /// Increments, and records.
    Made,
    /// Records that it has begun to write: their numbers are not used again.
    Begun,
    /// The last version of its section.
    Version,
    /// Counts in the section that all share.
    Counted,
}

const TALLIES: u64 = 4;

impl Tally {
    fn of(self, worker: u64) -> u64 {
        FIRST_TALLY + TALLIES * worker + self as u64
    }
}

impl Kill {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        println!(
            "kill: {} processes, {} takeovers, {} flushes and updates",
            self.processes, self.takeovers, self.flushes
        );
        Door::in_each(self.door, self.directory.as_deref(), |name, path, door| {
            self.run_in(name, path, door)
        })
    }

    fn run_in(&self, name: &str, directory: &Path, door: Door) -> Outcome<bool> {
        Critical::create(directory)?;
        let size = FIRST_TALLY + TALLIES * self.processes + TIMES;
        Numbers::create(&numbers_path(directory), usize::try_from(size)?)?;
        document::create(directory)?;
        Ledger::create(directory, self.processes)?;
        let started = Instant::now();
        let (outcome, watched) =
            document::watching(directory, self.processes, || self.let_them_work(directory, door));
        let (deaths, failed) = outcome?;
        let lock_held = self.report_lock(name, directory, (deaths, failed), started.elapsed())?;
        let held = self.report_document(name, directory, deaths, &watched)? && lock_held;
        Ok(Ledger::report(name, directory, self.processes, deaths)? && held)
    }

    /// Returns how many workers died, and how many failed.
    fn let_them_work(&self, directory: &Path, door: Door) -> io::Result<(u64, u32)> {
        let critical = Critical::open(directory)?;
        let numbers = Numbers::open(&numbers_path(directory))?;
        let mut random = Random::new(std::process::id().into());
        let mut workers = (0..self.processes)
            .map(|number| start(directory, door, number, random.next()))
            .collect::<io::Result<Vec<_>>>()?;
        let mut deaths = 0_u64;
        let mut failed = 0;
        let mut last = (0, Instant::now());
        let progress = Progress::new("takeovers", self.takeovers);
        while numbers.get(TAKEOVERS)? < self.takeovers
            || self.sum(&numbers, Tally::Version)?.min(self.sum(&numbers, Tally::Counted)?)
                < self.flushes
            || !Ledger::is_enough(directory, self.processes, self.flushes)?
        {
            for (number, worker) in (0..).zip(&mut workers) {
                if random.next().is_multiple_of(64) {
                    worker.kill()?;
                    worker.wait()?;
                } else {
                    match worker.try_wait()? {
                        None => continue,
                        Some(status) => failed += u32::from(status.code().is_some()),
                    }
                }
                deaths += 1;
                *worker = start(directory, door, number, random.next())?;
            }
            progress.at(numbers.get(TAKEOVERS)?);
            // So that a lock that nobody gets any more is noticed.
            let now = critical.count()?;
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > Duration::from_secs(60) {
                failed += 1;
                break;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        for worker in &mut workers {
            worker.kill()?;
            worker.wait()?;
            deaths += 1;
        }
        Ok((deaths, failed))
    }

    fn sum(&self, numbers: &Numbers, tally: Tally) -> io::Result<u64> {
        (0..self.processes).map(|worker| numbers.get(tally.of(worker))).sum()
    }

    fn report_lock(
        &self,
        name: &str,
        directory: &Path,
        (deaths, failed): (u64, u32),
        elapsed: Duration,
    ) -> Outcome<bool> {
        let critical = Critical::open(directory)?;
        let numbers = Numbers::open(&numbers_path(directory))?;
        let takeovers = numbers.get(TAKEOVERS)?;
        let noted = self.sum(&numbers, Tally::Made)?;
        let first = Tally::Made.of(self.processes);
        let mut times = (0..takeovers.min(TIMES))
            .map(|index| numbers.get(first + index))
            .collect::<io::Result<Vec<_>>>()?;
        times.retain(|time| *time > 0);
        times.sort_unstable();
        let (count, overlaps) = (critical.count()?, critical.overlaps()?);
        let lost = noted.saturating_sub(count);
        let unnoted = count.saturating_sub(noted);
        // The next handle clears all that the dead have left.
        std::thread::sleep(GRACE);
        filelock::Lock::new(Critical::path(directory))?.acquire()?.release()?;
        let left = locks_left(directory)?;
        println!(
            "  {name:9} takeovers {takeovers}, deaths {deaths}, increments {count}, lost {lost}, not \
             noted before death {unnoted}, overlaps {overlaps}, failed workers {failed}, left over \
             {left}, {:.0} s; from SIGKILL to the next holder: median {:.2} ms, 99 % {:.2} ms, worst \
             {:.2} ms",
            elapsed.as_secs_f64(),
            percentile(&times, 50),
            percentile(&times, 99),
            percentile(&times, 100),
        );
        Ok(takeovers >= self.takeovers
            && lost == 0
            && unnoted <= deaths
            && overlaps == 0
            && failed == 0)
    }

    fn report_document(
        &self,
        name: &str,
        directory: &Path,
        deaths: u64,
        watched: &Watched,
    ) -> Outcome<bool> {
        let numbers = Numbers::open(&numbers_path(directory))?;
        let state = State::read(&document::path(directory), self.processes)?;
        let log = Log::read(&document::log_path(directory))?;
        let (mut lost, mut unnoted) = (0, 0);
        let mut compare = |noted: u64, found: Option<&u64>| {
            let found = found.copied().unwrap_or_default();
            lost += noted.saturating_sub(found);
            unnoted += found.saturating_sub(noted);
        };
        for worker in 0..self.processes {
            compare(numbers.get(Tally::Version.of(worker))?, state.own.get(&worker));
            compare(numbers.get(Tally::Counted.of(worker))?, state.counted.get(&worker));
        }
        compare(self.sum(&numbers, Tally::Made)?, Some(&log.records));
        println!(
            "  {name:9} records {}, torn lines {}; flushes {}, updates {}; of all these lost {lost}, \
             not noted before death {unnoted}; a reader saw {} versions, {} of them wrong",
            log.records,
            log.torn,
            self.sum(&numbers, Tally::Version)?,
            self.sum(&numbers, Tally::Counted)?,
            watched.versions,
            watched.wrong,
        );
        // One that dies is in the middle of one thing.
        Ok(lost + log.torn + log.out_of_order + watched.wrong == 0 && unnoted <= deaths)
    }
}

const GRACE: Duration = Duration::from_millis(2100);

fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    let micros = sorted.get(index).copied().unwrap_or(0);
    Duration::from_micros(micros).as_secs_f64() * 1e3
}

fn numbers_path(directory: &Path) -> PathBuf {
    directory.join("numbers")
}

fn start(directory: &Path, door: Door, number: u64, seed: u64) -> io::Result<Child> {
    worker("kill")?
        .arg(door.name())
        .arg(directory)
        .arg(number.to_string())
        .arg(seed.to_string())
        .stdin(Stdio::null())
        .spawn()
}

impl Worker {
    /// Works until it is killed, by itself or by others.
    pub(crate) fn run(self) -> Outcome {
        let critical = Critical::open(&self.directory)?;
        let numbers = Numbers::open(&numbers_path(&self.directory))?;
        let path = Critical::path(&self.directory);
        let slots = std::fs::metadata(numbers_path(&self.directory))?.len() / 8;
        let lock = self.door.open(document::patient(), &path)?;
        let mut random = Random::new(self.seed);
        // How long a sync takes is up to all who use the disk.
        let mut writer = Writer::open(&self.directory, self.number, Durability::Atomic)?;
        let mut ledger = Ledger::open(&self.directory, self.number)?;
        loop {
            let guard = lock.acquire()?;
            if guard.takeover().is_some() {
                let seen = numbers.add(TAKEOVERS, 1)? - 1;
                let died = numbers.get(DIED_AT)?;
                let took = if died == 0 { 0 } else { now().saturating_sub(died).max(1) };
                numbers.set(slots - TIMES + seen % TIMES, took)?;
            }
            numbers.set(DIED_AT, 0)?;
            let dies = random.next().is_multiple_of(4);
            let record = (self.number, numbers.add(Tally::Begun.of(self.number), 1)?);
            critical.pass(|| {
                document::append(&self.directory, record, Durability::Atomic)?;
                if dies {
                    numbers.set(DIED_AT, now())?;
                    let own = rustix::process::getpid();
                    rustix::process::kill_process(own, rustix::process::Signal::KILL)?;
                }
                Ok(())
            })?;
            numbers.add(Tally::Made.of(self.number), 1)?;
            guard.release()?;
            if random.next().is_multiple_of(4) {
                numbers.set(Tally::Version.of(self.number), writer.write()?)?;
                writer.count()?;
                numbers.add(Tally::Counted.of(self.number), 1)?;
            }
            ledger.step(&mut random)?;
        }
    }
}

/// Wall-clock time in microseconds: processes have no other clock in common that std offers.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
