//! Reading, replacing and appending to a small file, beside the bare calls. Large ones are measured
//! through `agentslock-core`; for ratios from one run, and other crates: `cargo xtask bench`.

use std::fs::{self, File};
use std::io::Write;

use criterion::{Criterion, criterion_group, criterion_main};
use fsops::{AtomicFile, Durability, append_record_with};

fn files(criterion: &mut Criterion) {
    let content = testkit::document(2_000);
    for place in testkit::places() {
        let (path, temporary) = (place.join("state.json"), place.join("state.json.tmp"));
        fs::write(&path, &content).expect("because there is room for it");
        let mut group = criterion.benchmark_group(place.name());
        group.bench_function("bare read", |bencher| {
            bencher.iter(|| fs::read(&path).expect("because it is there"));
        });
        group.bench_function("read", |bencher| {
            bencher.iter(|| fsops::read(&path).expect("because it is there"));
        });
        group.bench_function("bare create, write and rename", |bencher| {
            bencher.iter(|| {
                let mut file = File::create_new(&temporary).expect("because it is not there");
                file.write_all(content.as_bytes()).expect("because there is room for it");
                fs::rename(&temporary, &path).expect("because it is there");
            });
        });
        for durability in [Durability::Atomic, Durability::Full] {
            group.bench_function(format!("AtomicFile, {durability:?}"), |bencher| {
                bencher.iter(|| {
                    let mut file =
                        AtomicFile::create(&path, durability).expect("because it is a file");
                    file.write_all(content.as_bytes()).expect("because there is room for it");
                    file.commit().expect("because nobody is in the way");
                });
            });
        }
        let log = place.join("log.ndjson");
        group.bench_function("append_record, Atomic", |bencher| {
            bencher.iter(|| {
                append_record_with(&log, b"{\"event\":\"saved\"}", Durability::Atomic)
                    .expect("because there is room for it")
            });
        });
    }
}

criterion_group!(benches, files);
criterion_main!(benches);
