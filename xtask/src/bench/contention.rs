//! Many processes and one lock: how many pass per second, and how long each waits.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use testkit::bare;

use super::page::{Page, Table, micros, ratio, time};
use super::plot;
use super::rounds::{median, own_directory, percentile, sorted};
use crate::outcome::Outcome;
use crate::workspace::worker;
use testkit::Critical;
use testkit::Place;

const PROCESSES: [usize; 4] = [2, 8, 32, 128];
const TIME: Duration = Duration::from_secs(2);

/// The locks that are contended for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Lock {
    /// A lock for each process: what is left of waiting is what the scheduler makes them wait.
    #[value(name = "a-lock-each")]
    Apart,
    #[value(name = "filelock")]
    Ours,
    /// Through one handle for each process.
    #[value(name = "filelock-reused")]
    Reused,
    #[cfg(feature = "peers")]
    #[value(name = "gix-lock")]
    Gix,
    #[cfg(feature = "peers")]
    #[value(name = "fd-lock")]
    Fd,
    #[cfg(feature = "peers")]
    #[value(name = "std-file-lock")]
    Std,
}

impl Lock {
    fn name(self) -> &'static str {
        match self {
            Self::Apart => "a-lock-each",
            Self::Ours => "filelock",
            Self::Reused => "filelock-reused",
            #[cfg(feature = "peers")]
            Self::Gix => "gix-lock",
            #[cfg(feature = "peers")]
            Self::Fd => "fd-lock",
            #[cfg(feature = "peers")]
            Self::Std => "std-file-lock",
        }
    }
}

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Contention",
        "Processes that only acquire, increment a counter (four positioned reads and writes) and \
         release, for two seconds. The ratio is to one process that does the same with the bare \
         calls of `filelock`. That is bare lock and critical section, laid end to end. Below 1, \
         what waiters prepare meanwhile costs the others nothing. With each of these locks, a \
         process that runs mostly gets the lock that it has just released. Hence the medians are \
         small; the tail shows what waiting costs. `fd-lock` waits in the kernel. `gix-lock` \
         sleeps quadratically longer after each try. *A lock each*: every process has a lock of \
         `filelock` to itself. So they contend for processors only, and wait for the scheduler \
         only. (The kernel wakes `fd-lock`'s waiters in turn. A lock that other programs can \
         judge cannot have that.)",
    );
    let mut curves = Vec::new();
    for place in places {
        let floor = end_to_end(place.path())?;
        let columns =
            ["processes", "per second", "per passage", "ratio", "wait: median", "99 %", "longest"];
        let mut table =
            Table::new(&[place.name()].iter().chain(&columns).copied().collect::<Vec<_>>());
        for lock in Lock::value_variants() {
            for processes in PROCESSES {
                let directory =
                    own_directory(place.path(), &format!("contention-{}", lock.name()))?;
                let waits = sorted(contend(*lock, &directory, processes)?);
                let passages = u32::try_from(waits.len())?;
                let passage = TIME.as_secs_f64() / f64::from(passages);
                table.row([
                    lock.name().into(),
                    processes.to_string(),
                    format!("{:.0}", 1.0 / passage),
                    micros(passage),
                    ratio(passage / floor),
                    time(percentile(&waits, 50.0)),
                    time(percentile(&waits, 99.0)),
                    time(percentile(&waits, 100.0)),
                ]);
                if *lock == Lock::Ours && place.name() == places[0].name() {
                    curves.push((format!("{processes} processes"), plot::tail(&waits)));
                }
            }
        }
        page.prose(&format!("Bare lock and critical section, laid end to end: {}.", micros(floor)));
        page.table(&table);
    }
    let svg = plot::lines(plot::Across::Nines, ("of all waits", "ms"), &curves);
    page.plot(
        "contention",
        &format!("What so many of filelock's waits do not exceed, {}", places[0].name()),
        &svg,
    );
    Ok(())
}

/// Seconds per passage of one process with the bare calls.
fn end_to_end(place: &Path) -> Outcome<f64> {
    let directory = own_directory(place, "end-to-end")?;
    let critical = Critical::create(&directory)?;
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < TIME / 2 {
        let started = Instant::now();
        for _ in 0..100 {
            let held = bare::lock::acquire(&directory)?;
            critical.pass(|| Ok(()))?;
            bare::lock::release(&directory, held)?;
        }
        times.push(started.elapsed().as_secs_f64() / 100.0);
    }
    Ok(median(times))
}

/// All waits, in seconds.
fn contend(lock: Lock, directory: &Path, processes: usize) -> Outcome<Vec<f64>> {
    let counters = if lock == Lock::Apart { processes } else { 1 };
    let counters = (0..counters)
        .map(|number| own_directory(directory, &number.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let criticals =
        counters.iter().map(|counter| Critical::create(counter)).collect::<Result<Vec<_>, _>>()?;
    let mut workers = (counters.iter().cycle().take(processes))
        .map(|counter| start(lock, counter))
        .collect::<Result<Vec<_>, _>>()?;
    // All are there before any begins.
    for worker in &mut workers {
        worker.stdout.as_mut().expect("because it was piped").read_exact(&mut [0])?;
    }
    for worker in &mut workers {
        worker.stdin.as_mut().expect("because it was piped").write_all(b"\n")?;
    }
    let mut waits = Vec::new();
    for worker in &mut workers {
        let mut bytes = Vec::new();
        worker.stdout.as_mut().expect("because it was piped").read_to_end(&mut bytes)?;
        if !worker.wait()?.success() {
            return Err(format!("a worker with {} failed", lock.name()).into());
        }
        let (numbers, _) = bytes.as_chunks::<4>();
        waits.extend(numbers.iter().map(|wait| f64::from(u32::from_le_bytes(*wait)) / 1e6));
    }
    let (mut counted, mut overlaps) = (0, 0);
    for critical in &criticals {
        counted += critical.count()?;
        overlaps += critical.overlaps()?;
    }
    if counted != u64::try_from(waits.len())? || overlaps > 0 {
        return Err(format!("{} did not hold: {counted} of {}", lock.name(), waits.len()).into());
    }
    Ok(waits)
}

fn start(lock: Lock, directory: &Path) -> std::io::Result<Child> {
    worker("bench-contender")?
        .arg(lock.name())
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
}

#[derive(Args)]
pub(crate) struct Contender {
    lock: Lock,
    directory: PathBuf,
}

impl Contender {
    /// Says that it is there, waits for a word, contends, and prints its waits in microseconds.
    pub(crate) fn run(self) -> Outcome {
        let critical = Critical::open(&self.directory)?;
        let path = Critical::path(&self.directory);
        let mut out = std::io::stdout();
        out.write_all(b"\n")?;
        out.flush()?;
        std::io::stdin().read_exact(&mut [0])?;
        let mut pass = passage(self.lock, &path)?;
        let mut waits = Vec::new();
        let started = Instant::now();
        while started.elapsed() < TIME {
            let asked = Instant::now();
            let mut waited = Duration::ZERO;
            let mut inside = || {
                waited = asked.elapsed();
                critical.pass(|| Ok(())).map(drop)
            };
            pass(&mut inside)?;
            waits.extend(u32::try_from(waited.as_micros())?.to_le_bytes());
        }
        out.write_all(&waits)?;
        Ok(())
    }
}

const PATIENCE: Duration = Duration::from_secs(120);

/// What is done in the section.
type Inside<'a> = &'a mut dyn FnMut() -> std::io::Result<()>;
/// Acquires, calls what is to be done, and releases.
type Pass = Box<dyn FnMut(Inside<'_>) -> Outcome>;

#[cfg_attr(
    feature = "peers",
    allow(clippy::incompatible_msrv, reason = "measuring beside std takes a recent std")
)]
fn passage(lock: Lock, path: &Path) -> Outcome<Pass> {
    let path = path.to_owned();
    let patient = filelock::LockOptions::new().timeout(PATIENCE);
    Ok(match lock {
        Lock::Apart | Lock::Ours => Box::new(move |inside| {
            let guard = patient.acquire(&path)?;
            inside()?;
            Ok(guard.release()?)
        }),
        Lock::Reused => {
            let lock = patient.lock(&path)?;
            Box::new(move |inside| {
                let guard = lock.acquire()?;
                inside()?;
                Ok(guard.release()?)
            })
        }
        #[cfg(feature = "peers")]
        Lock::Gix => Box::new(move |inside| {
            let fail = gix_lock::acquire::Fail::AfterDurationWithBackoff(PATIENCE);
            let marker = gix_lock::Marker::acquire_to_hold_resource(&path, fail, None, 0)?;
            inside()?;
            drop(marker);
            Ok(())
        }),
        #[cfg(feature = "peers")]
        Lock::Fd => Box::new(move |inside| {
            let mut lock = fd_lock::RwLock::new(open_beside(&path)?);
            let guard = lock.write()?;
            inside()?;
            drop(guard);
            Ok(())
        }),
        #[cfg(feature = "peers")]
        Lock::Std => {
            let file = open_beside(&path)?;
            Box::new(move |inside| {
                file.lock()?;
                inside()?;
                Ok(file.unlock()?)
            })
        }
    })
}

#[cfg(feature = "peers")]
fn open_beside(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path.with_extension("lock"))
}
