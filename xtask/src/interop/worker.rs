//! Our side's processes. `xtask/peers/peer.py` says what they print: the same.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use filelock::{AcquireError, NotHeld, ReleaseError};

use crate::outcome::Outcome;
use crate::workload::door::{Door, Opened};
use filelock::testing::Way;
use testkit::Numbers;

/// A TTL longer than any run.
pub(super) const NEVER: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long one acquisition may take in contention.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Between two increments. Who comes back at once keeps the lock to itself, and the kinds would
/// hardly meet.
const PAUSE: Duration = Duration::from_micros(200);

/// The file that the workers share, and what stands in it: who came in last, as their kind and
/// pid, and the counter.
pub(super) const NUMBERS: &str = "numbers";
const SLOT: u64 = 0;
pub(super) const COUNTER: u64 = 1;
const RUST: u64 = 1;

#[derive(Args)]
pub(crate) struct Worker {
    way: Way,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    Work {
        target: PathBuf,
        directory: PathBuf,
        increments: u32,
        #[arg(long)]
        door: Door,
        /// Seconds
        #[arg(long)]
        ttl: u64,
        /// Seconds
        #[arg(long)]
        grace: u64,
    },
    Hold {
        target: PathBuf,
        #[arg(long, default_value_t = 0)]
        aged: u32,
    },
}

impl Worker {
    pub(crate) fn run(self) -> Outcome {
        match self.mode {
            Mode::Work { target, directory, increments, door, ttl, grace } => {
                let options = self.way.options(0).timeout(PATIENCE);
                let (ttl, grace) = (Duration::from_secs(ttl), Duration::from_secs(grace));
                let lock = door.open(options.ttl(ttl).grace(grace), &target)?;
                work(&lock, &directory, increments)
            }
            Mode::Hold { target, aged } => hold(self.way, &target, aged),
        }
    }
}

fn work(lock: &Opened, directory: &Path, increments: u32) -> Outcome {
    let numbers = Numbers::open(&directory.join(NUMBERS))?;
    let own = RUST << 32 | u64::from(std::process::id());
    let (mut committed, mut lost, mut crossings, mut takeovers) = (0, 0, 0, 0);
    let (mut longest, mut overlaps) = (Duration::ZERO, [0, 0]);
    say("ready")?;
    wait_for_line()?;
    for _ in 0..increments {
        let asked = Instant::now();
        let guard = lock.acquire()?;
        longest = longest.max(asked.elapsed());
        takeovers += u32::from(guard.takeover().is_some());
        crossings += u32::from(!matches!(numbers.get(SLOT)? >> 32, 0 | RUST));
        numbers.set(SLOT, own)?;
        let count = numbers.get(COUNTER)?;
        let mut kept = guard.verify().is_ok();
        if kept {
            numbers.set(COUNTER, count + 1)?;
            committed += 1;
        }
        let seen = numbers.get(SLOT)?;
        if seen != own {
            overlaps[usize::from(seen >> 32 != RUST)] += 1;
        }
        match guard.release() {
            Ok(()) => {}
            Err(ReleaseError::NotHeld(NotHeld::Lost { .. })) => kept = false,
            Err(error) => return Err(error.into()),
        }
        lost += u32::from(!kept);
        std::thread::sleep(PAUSE);
    }
    let longest = longest.as_micros();
    let [with_rust, with_peers] = overlaps;
    say(&format!("{committed} {lost} {longest} {crossings} {with_rust} {with_peers} {takeovers} 0"))
}

fn hold(way: Way, target: &Path, aged: u32) -> Outcome {
    let told = AtomicBool::new(false);
    let asked = Instant::now();
    let options = way.options(-i64::from(aged) * 1_000_000_000).on_wait(move |_, _| {
        if !told.swap(true, Ordering::Relaxed) {
            let _ = say("waiting");
        }
        ControlFlow::Continue(())
    });
    let guard = match options.acquire(target) {
        Ok(guard) => guard,
        Err(AcquireError::Timeout { .. }) => return say("timeout"),
        Err(error) => return Err(error.into()),
    };
    say(&format!("held {} {}", asked.elapsed().as_micros(), std::process::id()))?;
    wait_for_line()?;
    match guard.release() {
        Ok(()) => say("released"),
        Err(ReleaseError::NotHeld(NotHeld::Lost { .. })) => say("lost"),
        Err(error) => Err(error.into()),
    }
}

fn say(line: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

fn wait_for_line() -> Outcome {
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
