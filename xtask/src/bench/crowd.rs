//! What an acquisition costs if many files lie beside the lock: it looks for left-overs among them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::page::{Page, Table, time};
use super::rounds::{median, own_directory};
use crate::outcome::Outcome;
use crate::workspace::worker;
use testkit::Place;

/// How many files lie beside the lock.
const FILES: [u32; 4] = [1, 1_000, 100_000, 500_000];
/// How many processes do each thing; what is told is the median.
const PROCESSES: usize = 7;

/// What a process does with the lock, once.
#[derive(Clone, Copy, ValueEnum)]
enum Act {
    TryFree,
    Takeover,
    FirstOfAHandle,
    FailedTry,
}

impl Act {
    fn name(self) -> &'static str {
        match self {
            Self::TryFree => "try-free",
            Self::Takeover => "takeover",
            Self::FirstOfAHandle => "first-of-a-handle",
            Self::FailedTry => "failed-try",
        }
    }
}

const ACTS: [(Act, &str); 4] = [
    (Act::TryFree, "`try_acquire` of a free lock"),
    (Act::FailedTry, "`try_acquire` of a held one"),
    (Act::FirstOfAHandle, "a handle's first `acquire`"),
    (Act::Takeover, "`acquire` of a dead holder's"),
];

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Many files beside the lock",
        "What one call takes in a fresh process, if so many other files lie in the directory. A fresh \
         process, since each looks for left-overs the first time that it has reason to.",
    );
    for place in places {
        let heads = [place.name().to_owned()].into_iter();
        let heads: Vec<_> = heads.chain(FILES.map(|files| format!("{files} files"))).collect();
        let heads: Vec<_> = heads.iter().map(String::as_str).collect();
        let mut table = Table::new(&heads);
        let mut rows = ACTS.map(|(_, name)| vec![name.to_owned()]);
        let directory = own_directory(place.path(), "crowd")?;
        let mut there = 0;
        for files in FILES {
            for number in there..files {
                std::fs::File::create(directory.join(format!("events-{number:06}.ndjson")))?;
            }
            there = files;
            for (row, (act, _)) in rows.iter_mut().zip(ACTS) {
                let times = (0..PROCESSES).map(|_| once(act, &directory.join("counter")));
                row.push(time(median(times.collect::<Outcome<Vec<_>>>()?)));
            }
        }
        for row in rows {
            table.row(row);
        }
        page.table(&table);
        std::fs::remove_dir_all(&directory)?;
    }
    Ok(())
}

/// Seconds, in a process of its own.
fn once(act: Act, path: &Path) -> Outcome<f64> {
    let mut held = None;
    match act {
        Act::TryFree | Act::FirstOfAHandle => {}
        Act::FailedTry => held = Some(filelock::acquire(path)?),
        Act::Takeover => {
            let mut holder = worker("bench-holder")?.arg(path).stdout(Stdio::piped()).spawn()?;
            let out = holder.stdout.as_mut().expect("because it was piped");
            std::io::Read::read_exact(out, &mut [0])?;
            holder.kill()?;
            holder.wait()?;
        }
    }
    let output = worker("bench-crowd")?.arg(act.name()).arg(path).output()?;
    if let Some(held) = held {
        held.release()?;
    }
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let micros: u32 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok(f64::from(micros) / 1e6)
}

#[derive(Args)]
pub(crate) struct Crowd {
    act: Act,
    path: PathBuf,
}

impl Crowd {
    /// Prints the time that the call took, in microseconds.
    pub(crate) fn run(self) -> Outcome {
        let started = Instant::now();
        let took: Duration;
        match self.act {
            Act::TryFree | Act::Takeover => {
                let guard = filelock::try_acquire(&self.path)?.acquired().ok_or("it was held")?;
                took = started.elapsed();
                guard.release()?;
            }
            Act::FirstOfAHandle => {
                let lock = filelock::Lock::new(&self.path)?;
                let guard = lock.acquire()?;
                took = started.elapsed();
                guard.release()?;
            }
            Act::FailedTry => {
                let guard = filelock::try_acquire(&self.path)?.acquired();
                took = started.elapsed();
                if guard.is_some() {
                    return Err("it was not held".into());
                }
            }
        }
        println!("{}", took.as_micros());
        Ok(())
    }
}
