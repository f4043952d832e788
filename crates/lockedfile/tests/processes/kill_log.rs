//! Writers of a log that are killed at any moment, with records of several sizes. No record that
//! was reported is lost, none is glued to another. `Log::append`, and the recipe for the lock
//! alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lockedfile::{Durability, Log, Options};
use testkit::{ChildTest, wait_until};

use crate::{Notes, kills, moment};

#[path = "../../../filelock/examples/ndjson_writer.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod recipe;

/// A record of `size` bytes that says which one it is and where it ends.
fn record(number: u64, size: usize) -> String {
    format!("<{number:012}:{}>", "x".repeat(size - 15))
}

/// The number of a line that is a whole record.
fn number_in(line: &str, size: usize) -> Option<u64> {
    let number = line.get(1..13)?.parse().ok()?;
    (line == record(number, size)).then_some(number)
}

fn append(way: &str, log: &Path, record: &str) {
    match way {
        // Not durable: a kill takes nothing that was written, and syncing would only slow it down.
        "log" => {
            let options = Options::new().durability(Durability::Atomic);
            Log::with_options(log, options)
                .append(record)
                .map(drop)
                .expect("because nothing is in the way");
        }
        _ => recipe::append(log, record).expect("because nothing is in the way"),
    }
}

#[test]
fn child_appends_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let (log, way) = (parent.path("LOG"), parent.var("WAY").into_string().unwrap());
    let size = usize::try_from(parent.number("SIZE")).unwrap();
    let mut notes = Notes::at(&parent.path("NOTES"));
    for number in parent.number("FROM").. {
        append(&way, &log, &record(number, size));
        notes.done(number);
    }
}

/// Kills writers with records of `size` bytes, and returns how many torn lines were left.
fn kill_writers(way: &str, size: usize) -> usize {
    const EACH: u64 = 1_000_000;
    let directory = tempfile::tempdir().expect("because nothing is in the way");
    let (log, notes) = (directory.path().join("log"), directory.path().join("notes"));
    let (mut torn, mut found) = (0, BTreeSet::new());
    for kill in 0..kills() {
        let from = kill * EACH;
        let mut child = ChildTest::new(module_path!(), "child_appends_until_it_is_killed")
            .var("LOG", &log)
            .var("NOTES", &notes)
            .var("WAY", way)
            .var("SIZE", size.to_string())
            .var("FROM", from.to_string())
            .spawn();
        wait_until(crate::WATCHDOG, || notes.metadata().is_ok_and(|notes| notes.len() > 0));
        std::thread::sleep(moment(kill));
        child.kill();
        // The next writer.
        append(way, &log, &record(from + EACH - 1, size));
        let text = fs::read_to_string(&log).expect("because nothing is in the way");
        assert!(text.ends_with('\n'));
        let mut numbers = Vec::new();
        for line in text.lines() {
            match number_in(line, size) {
                Some(number) => numbers.push(number),
                // The beginning of a record, and nothing glued to it.
                None => {
                    let number: u64 = line.get(1..13).and_then(|n| n.parse().ok()).unwrap_or(from);
                    let whole = record(number, size);
                    assert!(whole.starts_with(line) || line.len() < 13, "glued: {line:.80}");
                    torn += 1;
                }
            }
        }
        let reported = Notes::all(&notes);
        assert!(!reported.is_empty());
        let seen: BTreeSet<u64> = numbers.iter().copied().collect();
        assert_eq!(seen.len(), numbers.len(), "a record is there twice");
        let lost: Vec<_> = reported.iter().filter(|number| !seen.contains(number)).collect();
        assert!(lost.is_empty(), "reported and lost at kill {kill}: {lost:?}");
        found.extend(seen);
        fs::remove_file(&log).expect("because nothing is in the way");
        fs::remove_file(&notes).expect("because nothing is in the way");
    }
    println!("{way}, {size} bytes: {} kills, {} records, {torn} torn lines", kills(), found.len());
    torn
}

#[test]
fn a_killed_writer_of_a_log_loses_and_glues_nothing_of_150_bytes() {
    kill_writers("log", 150);
}

#[test]
fn a_killed_writer_of_a_log_loses_and_glues_nothing_of_4_kilobytes() {
    kill_writers("log", 4_000);
}

#[test]
fn a_killed_writer_of_a_log_loses_and_glues_nothing_of_20_kilobytes() {
    kill_writers("log", 20_000);
}

#[test]
fn a_killed_writer_of_a_log_loses_and_glues_nothing_of_a_megabyte() {
    kill_writers("log", 1_000_000);
}

#[test]
fn a_killed_writer_with_the_lock_alone_loses_and_glues_nothing_of_150_bytes() {
    kill_writers("recipe", 150);
}

#[test]
fn a_killed_writer_with_the_lock_alone_loses_and_glues_nothing_of_4_kilobytes() {
    kill_writers("recipe", 4_000);
}

#[test]
fn a_killed_writer_with_the_lock_alone_loses_and_glues_nothing_of_20_kilobytes() {
    kill_writers("recipe", 20_000);
}

#[test]
fn a_killed_writer_with_the_lock_alone_loses_and_glues_nothing_of_a_megabyte() {
    kill_writers("recipe", 1_000_000);
}
