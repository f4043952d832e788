//! Kill: the same as contention, while holders and waiters die by SIGKILL.
//!
//! Two kinds of death. Half of the holders kill themselves in the middle of the section, after having
//! noted the time: the next holder tells how long it took to replace them. And this process kills
//! whichever worker it likes, wherever that is: preparing, publishing, holding, releasing, waiting.
//! Each dead worker is followed by a new one, until as many takeovers have been seen as were asked for.
//!
//! A worker notes an increment in its own tally after it has made it, so that the counter is never
//! behind the tallies unless an increment was lost, and ahead of them by at most one per death.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::Outcome;
use crate::oracle::{Critical, Numbers, locks_left};
use crate::places::places;

/// Kill holders and waiters at random, and see that nothing is lost and nobody comes in twice.
#[derive(Args)]
pub(crate) struct Kill {
    /// How many processes
    #[arg(long, default_value_t = 8)]
    processes: usize,
    /// How many takeovers of a dead holder are to be seen
    #[arg(long, default_value_t = 500)]
    takeovers: u64,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Worker {
    directory: PathBuf,
    number: u64,
    /// Where its random numbers start
    seed: u64,
}

/// Indices into the shared numbers, all of them changed under the lock only.
const TAKEOVERS: u64 = 0;
const DIED_AT: u64 = 1;
const FIRST_TALLY: u64 = 2;
/// The replacement times, in microseconds, follow the tallies; the oldest are overwritten.
const TIMES: u64 = 65_536;

impl Kill {
    pub(crate) fn run(self) -> Outcome {
        if crate::cargo::rerun_optimised()? {
            return Ok(());
        }
        println!("kill: {} processes, {} takeovers", self.processes, self.takeovers);
        let mut held = true;
        for place in places(self.directory.as_deref())? {
            held &= self.run_in(place.name, place.path())?;
        }
        if held { Ok(()) } else { Err("the lock did not hold".into()) }
    }

    fn run_in(&self, name: &str, directory: &Path) -> Result<bool, Box<dyn std::error::Error>> {
        let critical = Critical::create(directory)?;
        let tallies = self.processes + usize::try_from(FIRST_TALLY + TIMES)?;
        let numbers = Numbers::create(&numbers_path(directory), tallies)?;
        let mut random = Random(u64::from(std::process::id()) | 1);
        let mut workers = (0..self.processes)
            .map(|number| start(directory, number, random.next()))
            .collect::<io::Result<Vec<_>>>()?;
        let mut deaths = 0_u64;
        let mut failed = 0;
        let started = Instant::now();
        let mut last = (0, Instant::now());
        while numbers.get(TAKEOVERS)? < self.takeovers {
            for (number, worker) in workers.iter_mut().enumerate() {
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
                *worker = start(directory, number, random.next())?;
            }
            // Not to be noticed as progress, but so that a lock that nobody gets any more is.
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
        self.report(name, directory, (deaths, failed), started.elapsed())
    }

    fn report(
        &self,
        name: &str,
        directory: &Path,
        (deaths, failed): (u64, u32),
        elapsed: Duration,
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let critical = Critical::open(directory)?;
        let numbers = Numbers::open(&numbers_path(directory))?;
        let takeovers = numbers.get(TAKEOVERS)?;
        let processes = u64::try_from(self.processes)?;
        let mut noted = 0;
        for number in 0..processes {
            noted += numbers.get(FIRST_TALLY + number)?;
        }
        let first = FIRST_TALLY + processes;
        let mut times = (0..takeovers.min(TIMES))
            .map(|index| numbers.get(first + index))
            .collect::<io::Result<Vec<_>>>()?;
        times.retain(|time| *time > 0);
        times.sort_unstable();
        let (count, overlaps) = (critical.count()?, critical.overlaps()?);
        let lost = noted.saturating_sub(count);
        let unnoted = count.saturating_sub(noted);
        // Whoever comes next clears all that the dead have left.
        std::thread::sleep(GRACE);
        filelock::LockOptions::new().acquire(Critical::path(directory))?.release()?;
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

fn start(directory: &Path, number: usize, seed: u64) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .arg("kill-worker")
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
        let processes =
            (std::fs::metadata(numbers_path(&self.directory))?.len() / 8) - FIRST_TALLY - TIMES;
        let options = filelock::LockOptions::new().timeout(Duration::from_secs(120));
        let mut random = Random(self.seed | 1);
        loop {
            let guard = options.acquire(&path)?;
            if guard.takeover().is_some() {
                let seen = numbers.add(TAKEOVERS, 1)? - 1;
                let died = numbers.get(DIED_AT)?;
                let took = if died == 0 { 0 } else { now().saturating_sub(died).max(1) };
                numbers.set(FIRST_TALLY + processes + seen % TIMES, took)?;
            }
            numbers.set(DIED_AT, 0)?;
            let dies = random.next().is_multiple_of(4);
            critical.pass(|| {
                if dies {
                    numbers.set(DIED_AT, now())?;
                    let own = rustix::process::getpid();
                    rustix::process::kill_process(own, rustix::process::Signal::KILL)?;
                }
                Ok(())
            })?;
            numbers.add(FIRST_TALLY + self.number, 1)?;
            guard.release()?;
        }
    }
}

/// Wall-clock time in microseconds: processes have no other clock in common that std offers.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// xorshift64: who dies when needs no better.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
