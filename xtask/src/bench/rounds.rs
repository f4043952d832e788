//! Timing variants of one operation against each other.
//!
//! The machines that this runs on are noisy. So each round runs all variants one after the other.
//! The time is the median over the rounds. The ratio is the median of each round's own ratio.

use crate::outcome::Outcome;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One way of doing the operation.
pub(super) struct Variant<'a> {
    pub(super) name: &'static str,
    /// Does it so often, and returns the seconds that each time took.
    each: Box<dyn FnMut(u32) -> Outcome<f64> + 'a>,
}

impl<'a> Variant<'a> {
    /// What `once` returns is dropped in the time that is measured.
    pub(super) fn new<T>(name: &'static str, mut once: impl FnMut() -> Outcome<T> + 'a) -> Self {
        Self::timed(name, move |count| {
            let started = Instant::now();
            for _ in 0..count {
                drop(black_box(once()?));
            }
            Ok(started.elapsed().as_secs_f64() / f64::from(count))
        })
    }

    /// What is timed elsewhere: in another process.
    pub(super) fn timed(name: &'static str, each: impl FnMut(u32) -> Outcome<f64> + 'a) -> Self {
        Self { name, each: Box::new(each) }
    }

    /// Does it, untimed.
    fn once(&mut self) -> Outcome {
        (self.each)(1).map(drop)
    }
}

/// What came out for one variant.
pub(super) struct Timing {
    pub(super) name: &'static str,
    pub(super) seconds: f64,
    /// To the variant that it was measured against.
    pub(super) ratio: f64,
}

/// How long to go on.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// At least this many rounds, and further ones until `time` is up.
    pub(super) rounds: usize,
    pub(super) time: Duration,
    /// How often a round does it.
    pub(super) repeat: u32,
}

/// Measures `variants`, ratios to the one at `floor`.
pub(super) fn measure(
    effort: Effort,
    floor: usize,
    mut variants: Vec<Variant<'_>>,
) -> Outcome<Vec<Timing>> {
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); variants.len()];
    let started = Instant::now();
    while times[floor].len() < effort.rounds || started.elapsed() < effort.time {
        for (variant, times) in variants.iter_mut().zip(&mut times) {
            // What the one before has left to the allocator, pages to use or pieces to put
            // together, is not this one's.
            variant.once()?;
            times.push((variant.each)(effort.repeat)?);
        }
    }
    let floor = times[floor].clone();
    let timing = |(variant, times): (&Variant<'_>, &Vec<f64>)| {
        let ratios = times.iter().zip(&floor).map(|(time, floor)| time / floor).collect();
        Timing { name: variant.name, seconds: median(times.clone()), ratio: median(ratios) }
    };
    Ok(variants.iter().zip(&times).map(timing).collect())
}

pub(super) fn median(values: Vec<f64>) -> f64 {
    percentile(&sorted(values), 50.0)
}

pub(super) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The value below which `percent` of the sorted `values` are; the last one is 100 %.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index of a sample"
)]
pub(super) fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let index = (sorted.len() as f64 * percent / 100.0) as usize;
    sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// A directory of its own for a variant, so that no two share a parent directory's lock or journal.
pub(super) fn own_directory(place: &Path, name: &str) -> std::io::Result<PathBuf> {
    let directory = place.join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}
