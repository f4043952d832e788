//! Acquiring, verifying and releasing with nobody else around, beside the same system calls made
//! bare. For ratios from one run, and for contention: `cargo xtask bench`.

use std::path::Path;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

fn uncontended(criterion: &mut Criterion) {
    for place in testkit::places() {
        let path = place.join("counter");
        let mut group = criterion.benchmark_group(place.name());
        floor(&mut group, place.path());
        group.bench_function("acquire and release", |bencher| {
            bencher.iter(|| {
                let guard = filelock::acquire(&path).expect("because nobody holds it");
                guard.release().expect("because it is ours");
            });
        });
        let guard = filelock::acquire(&path).expect("because nobody holds it");
        group.bench_function("verify", |bencher| {
            bencher.iter(|| guard.verify().expect("because it is ours"));
        });
        group.bench_function("try_acquire of a held lock", |bencher| {
            bencher.iter(|| {
                filelock::try_acquire(&path).expect("because it is a lock").acquired().is_none()
            });
        });
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn floor(group: &mut BenchmarkGroup<'_, WallTime>, directory: &Path) {
    use testkit::bare::lock::{acquire, release};
    group.bench_function("bare acquire and release", |bencher| {
        bencher.iter(|| {
            let held = acquire(directory).expect("because nobody holds it");
            release(directory, held).expect("because it is ours");
        });
    });
}

/// Elsewhere it is claimed in place, by other calls.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn floor(_: &mut BenchmarkGroup<'_, WallTime>, _: &Path) {}

criterion_group!(benches, uncontended);
criterion_main!(benches);
