//! Many processes and one lock: how many pass per second, and how long each waits.

use std::io::{Read, Write};
use std::iter;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use clap::ValueEnum;
use testkit::bare;

use super::contender::{Lock, TIME};
use super::foreign::{self, ABSENT, Foreign};
use super::page::{Page, Table, micros, ratio, time};
use super::plot;
use super::rounds::{median, own_directory, percentile, sorted};
use crate::outcome::Outcome;
use crate::workspace::worker;
use testkit::Critical;
use testkit::Place;

const PROCESSES: [usize; 4] = [2, 8, 32, 128];

/// What is contended for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contended {
    /// By workers of this program.
    Here(Lock),
    /// By scripts of another language.
    There(Foreign),
}

impl Contended {
    fn all() -> impl Iterator<Item = Self> {
        let here = Lock::value_variants().iter().copied().map(Self::Here);
        here.chain(Foreign::ALL.map(Self::There))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Here(lock) => lock.name(),
            Self::There(foreign) => foreign.name(),
        }
    }

    fn start(self, directory: &Path) -> Outcome<Child> {
        match self {
            Self::Here(lock) => Ok(worker("bench-contender")?
                .arg(lock.name())
                .arg(directory)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?),
            Self::There(foreign) => foreign.contender(directory, TIME),
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
    page.prose(&format!(
        "The locks of other languages do the same in their own language, each process in its runtime, \
         which is up before. {}Python's look again every 50 ms, by default, and so does \
         `proper-lockfile` here. By default it gives up at once.",
        foreign::described()
    ));
    let mut curves = Vec::new();
    for place in places {
        let floor = end_to_end(place.path())?;
        let columns =
            ["processes", "per second", "per passage", "ratio", "wait: median", "99 %", "longest"];
        let mut table =
            Table::new(&[place.name()].iter().chain(&columns).copied().collect::<Vec<_>>());
        let is_first = place.name() == places[0].name();
        for lock in Contended::all() {
            for processes in PROCESSES {
                let (name, count) = (lock.name(), processes.to_string());
                let directory = own_directory(place.path(), &format!("contention-{name}"))?;
                let waits = match contend(lock, &directory, processes) {
                    Ok(waits) => sorted(waits),
                    // Nothing of ours fails because of what others do, or because it is not here.
                    Err(reason) if matches!(lock, Contended::There(_)) => {
                        eprintln!("{name}, {count} processes: {reason}");
                        let empty = || iter::repeat_n(String::new(), columns.len() - 2);
                        table.row([name.into(), count, ABSENT.into()].into_iter().chain(empty()));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let passages = u32::try_from(waits.len())?;
                let passage = TIME.as_secs_f64() / f64::from(passages);
                let longest = percentile(&waits, 100.0);
                table.row([
                    name.into(),
                    count,
                    format!("{:.0}", 1.0 / passage),
                    micros(passage),
                    ratio(passage / floor),
                    time(percentile(&waits, 50.0)),
                    time(percentile(&waits, 99.0)),
                    time(longest),
                ]);
                if is_first {
                    note(page, lock, processes, longest);
                }
                if is_first && lock == Contended::Here(Lock::Ours) {
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

/// What the page says at its head.
fn note(page: &mut Page, lock: Contended, processes: usize, longest: f64) {
    if processes != PROCESSES[PROCESSES.len() - 1] {
        return;
    }
    let facts = page.facts.longest.get_or_insert_default();
    facts.processes = processes;
    match lock {
        Contended::Here(Lock::Ours) => facts.ours = longest,
        #[cfg(feature = "peers")]
        Contended::Here(Lock::Gix) => facts.gix = longest,
        _ => {}
    }
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
fn contend(lock: Contended, directory: &Path, processes: usize) -> Outcome<Vec<f64>> {
    let counters = if lock == Contended::Here(Lock::Apart) { processes } else { 1 };
    let counters = (0..counters)
        .map(|number| own_directory(directory, &number.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    let criticals =
        counters.iter().map(|counter| Critical::create(counter)).collect::<Result<Vec<_>, _>>()?;
    let mut workers = (counters.iter().cycle().take(processes))
        .map(|counter| lock.start(counter))
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
