//! Measurements: ours beside the same system calls made bare, in one run.
//!
//! The machines that this runs on are noisy. So each round measures all variants one after the other,
//! and what is printed is the median over the rounds and the ratio of medians.

mod flush;
mod lock;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;

use crate::Outcome;
use crate::places::places;

/// Measure acquire+release and the flush of a small document, beside the bare system calls.
#[derive(Args)]
pub(crate) struct Bench {
    /// How many rounds
    #[arg(long, default_value_t = 31)]
    rounds: usize,
}

type Failure = Box<dyn std::error::Error>;

/// One thing to be measured, in a directory of its own.
struct Variant<'a> {
    name: &'static str,
    once: Box<dyn FnMut() -> Result<(), Failure> + 'a>,
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        if crate::cargo::rerun_with_peers()? {
            return Ok(());
        }
        let cores = std::thread::available_parallelism()?;
        println!(
            "{cores} cores, {} rounds; median per operation, ratio to the first\n",
            self.rounds
        );
        for place in places(None)? {
            self.compare(place.name, "acquire+release", 200, lock::variants(place.path())?)?;
            for (what, durability) in [
                ("flush 2 KB, atomic", fsops::Durability::Atomic),
                ("flush 2 KB, durable", fsops::Durability::Full),
            ] {
                let variants = flush::variants(place.path(), durability)?;
                self.compare(place.name, what, 20, variants)?;
            }
        }
        Ok(())
    }

    fn compare(
        &self,
        place: &str,
        what: &str,
        repeat: u32,
        mut variants: Vec<Variant<'_>>,
    ) -> Outcome {
        let mut times = vec![Vec::new(); variants.len()];
        // The first round warms up.
        for round in 0..=self.rounds {
            for (variant, times) in variants.iter_mut().zip(&mut times) {
                let started = Instant::now();
                for _ in 0..repeat {
                    black_box((variant.once)())?;
                }
                if round > 0 {
                    times.push(started.elapsed() / repeat);
                }
            }
        }
        println!("{what}, {place}");
        let medians: Vec<_> = times.iter_mut().map(|times| median(times)).collect();
        for (variant, time) in variants.iter().zip(&medians) {
            let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
            println!("  {:44} {:9.1} µs  {ratio:5.2}", variant.name, time.as_secs_f64() * 1e6);
        }
        println!();
        Ok(())
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A directory of its own for a variant, so that no two share a parent directory's lock or journal.
fn own_directory(place: &Path, name: &str) -> std::io::Result<std::path::PathBuf> {
    let directory = place.join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}
