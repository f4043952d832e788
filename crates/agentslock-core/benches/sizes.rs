//! Opening and flushing, from 2 KB to 100 MB, beside what cannot be done without: see
//! [`testkit::bare`]. A flush changes one small section.
//!
//! The targets: both within 1.5 times the bare one. At 2 KB the lock's own calls weigh more than
//! the document; there, within 1.5 times the bare one inside the bare lock. For ratios from one
//! run, and for memory: `cargo xtask bench`.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use agentslock_core::{Lockfile, LockfileOptions};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use fsops::Durability;
use testkit::bare;

const SIZES: [(&str, usize); 4] =
    [("2 KB", 2_000), ("150 KB", 150_000), ("15 MB", 15_000_000), ("100 MB", 100_000_000)];

fn sizes(criterion: &mut Criterion) {
    for place in testkit::places() {
        for (size, bytes) in SIZES {
            let path = place.join(".agentsrc.lock");
            std::fs::write(&path, testkit::document(bytes)).expect("because there is room for it");
            let with = format!("{size}, {}", place.name());
            open(&mut group(criterion, &format!("open, {with}")), &path);
            let mut atomic = group(criterion, &format!("flush, atomic, {with}"));
            flush(&mut atomic, &path, Durability::Atomic);
            drop(atomic);
            let mut durable = group(criterion, &format!("flush, durable, {with}"));
            flush(&mut durable, &path, Durability::Full);
        }
    }
}

/// Few samples, of which the large documents take their time.
fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group
}

fn open(group: &mut BenchmarkGroup<'_, WallTime>, path: &Path) {
    group.bench_function("bare read and scan", |bencher| {
        bencher.iter(|| bare::document::open(black_box(path)).expect("because it is a document"));
    });
    group.bench_function("Lockfile::open", |bencher| {
        bencher.iter(|| Lockfile::open(black_box(path)).expect("because it is a document"));
    });
}

fn flush(group: &mut BenchmarkGroup<'_, WallTime>, path: &Path, durability: Durability) {
    let sync = durability == Durability::Full;
    group.bench_function("bare read, scan, write and rename", |bencher| {
        bencher.iter(|| bare::document::flush(path, sync).expect("because nobody is in the way"));
    });
    let options = LockfileOptions::new().durability(durability);
    let lockfile = options.open(path).expect("because it is a document");
    let mut round = 0_u64;
    group.bench_function("Lockfile::flush", |bencher| {
        bencher.iter(|| {
            round += 1;
            lockfile.set_section("install", &round).expect("because it is a number");
            lockfile.flush().expect("because nobody is in the way")
        });
    });
}

criterion_group!(benches, sizes);
criterion_main!(benches);
