//! Acquiring, verifying and releasing with nobody else around, beside the same system calls made bare. For
//! ratios from one run, and for contention: `cargo xtask bench`.

use criterion::{Criterion, criterion_group, criterion_main};
use testkit::bare;

fn uncontended(criterion: &mut Criterion) {
    for place in testkit::places() {
        let path = place.join("counter");
        let mut group = criterion.benchmark_group(place.name());
        group.bench_function("bare acquire and release", |bencher| {
            bencher.iter(|| {
                let held = bare::lock::acquire(place.path()).expect("because nobody holds it");
                bare::lock::release(place.path(), held).expect("because it is ours");
            });
        });
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
            bencher.iter(|| filelock::try_acquire(&path).expect("because it is a lock").is_none());
        });
    }
}

criterion_group!(benches, uncontended);
criterion_main!(benches);
