//! Contention: many processes increment one counter under one lock.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;

use crate::Outcome;
use crate::oracle::{Critical, locks_left};
use crate::places::places;

/// Let many processes increment one counter under one lock, on the disk and on tmpfs.
#[derive(Args)]
pub(crate) struct Contention {
    /// How many processes
    #[arg(long, default_value_t = 16)]
    processes: u32,
    /// How many increments each of them makes
    #[arg(long, default_value_t = 500)]
    increments: u32,
    /// Only in a fresh directory below this one
    #[arg(long)]
    directory: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Worker {
    directory: PathBuf,
    increments: u32,
}

impl Contention {
    pub(crate) fn run(self) -> Outcome {
        if crate::cargo::rerun_optimised()? {
            return Ok(());
        }
        println!("contention: {} processes, {} increments each", self.processes, self.increments);
        let mut held = true;
        for place in places(self.directory.as_deref())? {
            held &= self.run_in(place.name, place.path())?;
        }
        if held { Ok(()) } else { Err("the lock did not hold".into()) }
    }

    fn run_in(&self, name: &str, directory: &Path) -> Result<bool, Box<dyn std::error::Error>> {
        let critical = Critical::create(directory)?;
        let started = Instant::now();
        let mut workers = (0..self.processes)
            .map(|_| {
                Command::new(std::env::current_exe()?)
                    .arg("contention-worker")
                    .arg(directory)
                    .arg(self.increments.to_string())
                    .stdout(Stdio::piped())
                    .spawn()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut longest = Duration::ZERO;
        let mut failed = 0;
        for worker in &mut workers {
            let mut line = String::new();
            let output = worker.stdout.take().expect("because it was piped");
            BufReader::new(output).read_line(&mut line)?;
            failed += u32::from(!worker.wait()?.success());
            longest = longest.max(Duration::from_micros(line.trim().parse().unwrap_or(0)));
        }
        let elapsed = started.elapsed();
        let expected = u64::from(self.processes) * u64::from(self.increments);
        let (counted, overlaps) = (critical.count()?, critical.overlaps()?);
        let left = locks_left(directory)?;
        println!(
            "  {name:9} counter {counted} of {expected}, overlaps {overlaps}, failed workers \
             {failed}, locks left over {left}, {:.0} per second, longest wait {:.1} ms",
            f64::from(u32::try_from(expected)?) / elapsed.as_secs_f64(),
            longest.as_secs_f64() * 1e3,
        );
        Ok(counted == expected && overlaps == 0 && failed == 0 && left == 0)
    }
}

impl Worker {
    /// Prints the longest wait, in microseconds.
    pub(crate) fn run(self) -> Outcome {
        let critical = Critical::open(&self.directory)?;
        let path = Critical::path(&self.directory);
        let options = filelock::LockOptions::new().timeout(Duration::from_secs(120));
        let mut longest = Duration::ZERO;
        for _ in 0..self.increments {
            let asked = Instant::now();
            let guard = options.acquire(&path)?;
            longest = longest.max(asked.elapsed());
            critical.pass(|| Ok(()))?;
            guard.release()?;
        }
        println!("{}", longest.as_micros());
        Ok(())
    }
}
