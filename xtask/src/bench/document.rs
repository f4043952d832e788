//! Opening and flushing documents of all sizes.

use crate::outcome::Outcome;
use std::path::Path;
use std::time::Duration;

use agentslock_core::LockfileOptions;
use fsops::Durability;
use serde_json::{Value, json};
use testkit::bare;

use super::page::{Page, Table, ratio, time};
use super::plot;
use super::rounds::{Effort, Variant, measure, own_directory};
use super::summary::Flush;
use testkit::Place;

/// Size in bytes, and how a round measures it.
pub(super) const SIZES: [(&str, usize, Effort); 4] = [
    ("2 KB", 2_000, Effort { rounds: 15, time: Duration::from_millis(1500), repeat: 20 }),
    ("150 KB", 150_000, Effort { rounds: 15, time: Duration::from_millis(1500), repeat: 2 }),
    ("15 MB", 15_000_000, Effort { rounds: 7, time: Duration::from_secs(2), repeat: 1 }),
    ("100 MB", 100_000_000, Effort { rounds: 3, time: Duration::from_secs(4), repeat: 1 }),
];

const OPENING: &str = "open";
/// Beside reading the file alone, which is what it cannot do without.
const NOTHING: &str = "flush, nothing changes";
const FLUSHING: &str = "flush, not synced";
/// Each finds what the other one wrote.
const IN_TURNS: &str = "two handles' flushes in turn";
const DURABLY: &str = "flush, durable";

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "The document",
        "Generated documents of units and digests. *Open* stands beside a bare read and one \
         `serde_json` raw scan of the same bytes. *Flush* changes one small section. It stands \
         beside read, scan, write and rename (with two syncs if durable), and beside the same \
         inside the bare calls of the lock. For small documents the lock is most of it. A handle \
         compares the file with what it knows, and scans it only if another handle has written \
         it. Hence it takes less than the bare calls. In the rows *two handles*, two handles \
         flush in turn, not synced. *Nothing changes*: what is staged is in the document already. \
         It stands beside reading the file, without a scan. The last columns are a program that decodes everything into \
         `serde_json::Value`, changes it and prints it to a temporary that it renames, without a \
         lock.",
    );
    let mut lines: Vec<(String, Vec<(f64, f64)>)> =
        ["bare flush", "agentslock-core", "with serde_json::Value"]
            .map(|name| (name.to_owned(), Vec::new()))
            .into();
    for place in places {
        let columns =
            ["bare", "in bare lock", "agentslock-core", "to bare", "to locked", "Value", "to bare"];
        let heads: Vec<_> = [place.name()].iter().chain(&columns).copied().collect();
        let mut table = Table::new(&heads);
        for what in [OPENING, NOTHING, FLUSHING, IN_TURNS, DURABLY] {
            if what == DURABLY && place.name() == "tmpfs" {
                continue; // there, syncing does nothing
            }
            for (name, size, effort) in SIZES {
                let directory = own_directory(place.path(), "document")?;
                std::fs::write(directory.join(".agentsrc.lock"), testkit::document(size))?;
                let timings = measure(effort, 0, variants(what, &directory)?)?;
                let find = |name| timings.iter().find(|timing| timing.name == name);
                let seconds =
                    |name| find(name).map_or_else(String::new, |timing| time(timing.seconds));
                let to_bare =
                    |name| find(name).map_or_else(String::new, |timing| ratio(timing.ratio));
                let to_locked = find(OURS)
                    .zip(find(LOCKED))
                    .map_or_else(String::new, |(ours, locked)| ratio(ours.ratio / locked.ratio));
                table.row([
                    format!("{what}, {name}"),
                    seconds(BARE),
                    seconds(LOCKED),
                    seconds(OURS),
                    to_bare(OURS),
                    to_locked,
                    seconds(VALUE),
                    to_bare(VALUE),
                ]);
                if what == FLUSHING && place.name() == places[0].name() {
                    let flush = find(OURS).map(|ours| Flush { size: name, ratio: ours.ratio });
                    page.facts.flush.extend(flush);
                    #[allow(clippy::cast_precision_loss, reason = "a size for a plot")]
                    for (line, name) in lines.iter_mut().zip([BARE, OURS, VALUE]) {
                        let seconds = find(name).map_or(0.0, |timing| timing.seconds);
                        line.1.push((size as f64 / 1e3, seconds * 1e3));
                    }
                }
            }
        }
        page.table(&table);
    }
    let svg = plot::lines(plot::Across::Sizes, ("size of the document, KB", "ms"), &lines);
    page.plot("document", &format!("Flushing one section, not synced, {}", places[0].name()), &svg);
    Ok(())
}

const BARE: &str = "bare";
const LOCKED: &str = "bare, in the bare lock";
const OURS: &str = "agentslock-core";
const VALUE: &str = "serde_json::Value";

fn variants<'a>(what: &str, directory: &'a Path) -> Outcome<Vec<Variant<'a>>> {
    let path = directory.join(".agentsrc.lock");
    let [first, second, third, fourth] = std::array::from_fn(|_| path.clone());
    if what == OPENING {
        return Ok(vec![
            Variant::new(BARE, move || Ok(bare::document::open(&first)?)),
            Variant::new(OURS, move || Ok(LockfileOptions::new().open(&second)?)),
            Variant::new(VALUE, move || decode(&third)),
        ]);
    }
    if what == NOTHING {
        let handle = options(false).open(&second)?;
        let flush = move || -> Outcome {
            handle.set_section("install", &json!({ "project": "demo" }))?;
            handle.flush()?;
            Ok(())
        };
        flush()?;
        return Ok(vec![
            Variant::new(BARE, move || Ok(std::fs::read(&first)?)),
            Variant::new(OURS, flush),
        ]);
    }
    let (sync, takes_turns) = (what == DURABLY, what == IN_TURNS);
    let mut handles = [options(sync).open(&path)?, options(sync).open(&path)?];
    let mut round = 0_u64;
    let mut next = move || {
        round += 1;
        round
    };
    let mut variants = vec![
        Variant::new(BARE, move || Ok(bare::document::flush(&first, sync)?)),
        Variant::new(LOCKED, move || {
            let held = bare::lock::acquire(directory)?;
            bare::document::flush(&second, sync)?;
            bare::lock::verify(directory, &held)?;
            Ok(bare::lock::release(directory, held)?)
        }),
        Variant::new(OURS, move || {
            if takes_turns {
                handles.reverse();
            }
            handles[0].set_section("install", &next())?;
            handles[0].flush()?;
            Ok(())
        }),
    ];
    if what == FLUSHING {
        variants.push(Variant::new(VALUE, move || rewrite(&fourth)));
    }
    Ok(variants)
}

pub(super) fn options(sync: bool) -> LockfileOptions {
    LockfileOptions::new().durability(if sync { Durability::Full } else { Durability::Atomic })
}

pub(super) fn decode(path: &Path) -> Outcome<Value> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

pub(super) fn rewrite(path: &Path) -> Outcome {
    let mut document = decode(path)?;
    document["install"] = json!({ "project": "demo" });
    let temporary = path.with_extension("tmp");
    let text = serde_json::to_vec_pretty(&document)?;
    std::fs::write(&temporary, text)?;
    Ok(std::fs::rename(&temporary, path)?)
}
