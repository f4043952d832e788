//! Appending a record to a log.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fsops::Durability;
use lockedfile::{Log, Options};

use super::page::{Page, Table, ratio, time};
use super::rounds::{Effort, Variant, measure, own_directory};
use crate::outcome::Outcome;
use testkit::Place;

/// The log that is created last, and what all of them are called.
const LAST: &str = "log-kept";
const NAME: &str = "events.ndjson";
/// `lockedfile` waits for git for a part of this (200 ms).
const SETTLED: Duration = Duration::from_secs(2);

/// A record of this length, in bytes, without the end of its line.
const LENGTH: usize = 200;
const QUICK: Effort = Effort { rounds: 15, time: Duration::from_secs(1), repeat: 100 };
/// A disk takes milliseconds for each.
const SYNCED: Effort = Effort { rounds: 15, time: Duration::from_secs(2), repeat: 10 };

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "Appending a record",
        "A record of 200 bytes, one process. Bare: the file is opened with `O_APPEND`, written to \
         and closed; nobody looks whether the last writer was killed in the middle. `fsops` looks, \
         without a lock. `Log` of `lockedfile` takes the log's lock as well, so that the log can be \
         rotated and rewritten. Durable: synced each time. Until a log is 20 minutes old, \
         that takes a look at its directories, as here.",
    );
    for place in places {
        for durable in [false, true] {
            if durable && place.name() == "tmpfs" {
                continue; // there, syncing does nothing
            }
            let (how, effort) = if durable { ("durable", SYNCED) } else { ("not synced", QUICK) };
            let directory = own_directory(place.path(), &format!("append-{durable}"))?;
            let variants = variants(&directory, durable)?;
            wait_until_settled(&directory.join(LAST).join(NAME));
            let timings = measure(effort, 0, variants)?;
            let mut table =
                Table::new(&[&format!("{}, {how}", place.name()), "per record", "ratio"]);
            for timing in timings {
                table.row([timing.name.into(), time(timing.seconds), ratio(timing.ratio)]);
            }
            page.table(&table);
        }
    }
    Ok(())
}

/// A log that was created a moment ago is looked at more closely, since git could be creating it.
/// That is not what an append costs.
fn wait_until_settled(log: &Path) {
    // Where the system does not tell when a file was created, it is not known to be young.
    let created = || std::fs::metadata(log).and_then(|metadata| metadata.created());
    let is_old = || match created() {
        Ok(created) => created.elapsed().is_ok_and(|age| age > SETTLED),
        Err(_) => true,
    };
    testkit::wait_until(10 * SETTLED, is_old);
}

fn variants(directory: &Path, durable: bool) -> Outcome<Vec<Variant<'static>>> {
    let record = format!("{{\"event\":\"{}\"}}", "x".repeat(LENGTH - 12)).into_bytes();
    let line = [record.as_slice(), b"\n"].concat();
    // A directory each, as a lock changes its directory. What creates a log is not measured.
    let log = |name| -> std::io::Result<PathBuf> {
        let path = own_directory(directory, name)?.join(NAME);
        File::create(&path)?;
        Ok(path)
    };
    let durability = if durable { Durability::Full } else { Durability::Atomic };
    let options = Options::new().durability(durability);
    let (bare, ours, once) = (log("bare")?, log("fsops")?, log("log-once")?);
    let open = OpenOptions::new().append(true).open(log("bare-open")?)?;
    let kept = Log::with_options(log(LAST)?, options.clone());
    let write = move |mut file: &File, line: &[u8]| -> Outcome {
        file.write_all(line)?;
        if durable {
            file.sync_data()?;
        }
        Ok(())
    };
    let [to_once, to_kept] = [record.clone(), record.clone()];
    let kept_line = line.clone();
    Ok(vec![
        Variant::new("bare", move || {
            write(&OpenOptions::new().create(true).append(true).open(&bare)?, &line)
        }),
        Variant::new("bare, file kept open", move || write(&open, &kept_line)),
        Variant::new("fsops::append_record_with", move || {
            Ok(fsops::append_record_with(&ours, &record, durability)?)
        }),
        Variant::new("lockedfile::Log, made each time", move || {
            Ok(Log::with_options(&once, options.clone()).append(&to_once)?)
        }),
        Variant::new("lockedfile::Log, kept", move || Ok(kept.append(&to_kept)?)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_appends_the_same_line() {
        let directory = tempfile::tempdir().expect("because temporary files can be made");
        for durable in [false, true] {
            let effort = Effort { rounds: 1, time: Duration::ZERO, repeat: 2 };
            let at = directory.path().join(durable.to_string());
            let variants = variants(&at, durable).expect("because it can be written to");
            let count = variants.len();
            measure(effort, 0, variants).expect("because each can append");
            let logs = ["bare", "bare-open", "fsops", "log-once", "log-kept"];
            let read = |name| std::fs::read(at.join(name).join(NAME));
            let texts = logs.map(|name| read(name).expect("because it was written"));
            assert_eq!(texts.len(), count);
            for text in &texts {
                // Once before it is measured.
                assert_eq!(text.len(), 3 * (LENGTH + 1));
                assert_eq!(text, &texts[0]);
            }
        }
    }
}
