//! Replacing a file, beside others who do the same.

use crate::outcome::Outcome;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsops::{AtomicFile, Durability};

use super::page::{Page, Table, ratio, time};
use super::plot;
use super::rounds::{Effort, Variant, measure, own_directory};
use testkit::Place;

const SIZES: [(&str, usize, Effort); 3] = [
    ("2 KB", 2_000, Effort { rounds: 15, time: Duration::from_secs(1), repeat: 20 }),
    ("150 KB", 150_000, Effort { rounds: 15, time: Duration::from_secs(1), repeat: 4 }),
    ("15 MB", 15_000_000, Effort { rounds: 7, time: Duration::from_secs(2), repeat: 1 }),
];

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Replacing a file",
        "The same bytes, written to a temporary that is renamed over the file. Bare: create, \
         write, rename. `tempfile` here is `NamedTempFile::persist`. It keeps neither mode nor \
         owner of the file that it replaces, and follows no link. Durable: the file is synced \
         before the rename, and the directory after it. `tempfile` leaves that to its caller, so \
         the caller does both here. `atomic-write-file` always syncs.",
    );
    let mut groups = Vec::new();
    for place in places {
        for durable in [false, true] {
            if durable && place.name() == "tmpfs" {
                continue; // there, syncing does nothing
            }
            let how = if durable { "durable" } else { "not synced" };
            let title = format!("{}, {how}", place.name());
            let mut table =
                Table::new(&[&title, "2 KB", "ratio", "150 KB", "ratio", "15 MB", "ratio"]);
            let mut rows: Vec<Vec<String>> = Vec::new();
            for (size, bytes, effort) in SIZES {
                let directory = own_directory(place.path(), "replace")?;
                let content = testkit::document(bytes).into_bytes();
                let timings = measure(effort, 0, variants(&directory, &content, durable)?)?;
                rows.resize(timings.len(), Vec::new());
                for (row, timing) in rows.iter_mut().zip(&timings) {
                    if row.is_empty() {
                        row.push(timing.name.into());
                    }
                    row.extend([time(timing.seconds), ratio(timing.ratio)]);
                }
                if size == "150 KB" {
                    let bars = timings.into_iter().map(|t| (t.name, t.seconds * 1e6)).collect();
                    groups.push((title.clone(), bars));
                }
            }
            for row in rows {
                table.row(row);
            }
            page.table(&table);
        }
    }
    page.plot("replace", "Replacing a file of 150 KB, µs", &plot::bars(&groups));
    Ok(())
}

fn variants<'a>(
    directory: &'a Path,
    content: &'a [u8],
    durable: bool,
) -> Outcome<Vec<Variant<'a>>> {
    let target = move |name: &str| -> Outcome<PathBuf> {
        let path = directory.join(name);
        std::fs::write(&path, content)?;
        Ok(path)
    };
    let (bare, ours, temp) = (target("bare")?, target("ours")?, target("tempfile")?);
    let durability = if durable { Durability::Full } else { Durability::Atomic };
    let mut variants = vec![
        Variant::new("bare", move || {
            let temporary = bare.with_extension("tmp");
            let mut file = File::create_new(&temporary)?;
            file.write_all(content)?;
            if durable {
                file.sync_all()?;
            }
            std::fs::rename(&temporary, &bare)?;
            if durable {
                File::open(directory)?.sync_all()?;
            }
            Ok(())
        }),
        Variant::new("fsops", move || {
            let mut file = AtomicFile::create(&ours, durability)?;
            file.write_all(content)?;
            Ok(file.commit()?)
        }),
        Variant::new("tempfile", move || {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            file.write_all(content)?;
            if durable {
                file.as_file().sync_all()?;
            }
            file.persist(&temp)?;
            if durable {
                File::open(directory)?.sync_all()?;
            }
            Ok(())
        }),
    ];
    if durable {
        add_peers(target("atomic-write-file")?, content, &mut variants);
    }
    Ok(variants)
}

#[cfg(feature = "peers")]
fn add_peers<'a>(path: PathBuf, content: &'a [u8], variants: &mut Vec<Variant<'a>>) {
    variants.push(Variant::new("atomic-write-file", move || {
        let mut file = atomic_write_file::AtomicWriteFile::open(&path)?;
        file.write_all(content)?;
        Ok(file.commit()?)
    }));
}

#[cfg(not(feature = "peers"))]
fn add_peers(_: PathBuf, _: &[u8], _: &mut Vec<Variant<'_>>) {}
