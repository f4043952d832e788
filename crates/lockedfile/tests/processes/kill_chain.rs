//! A hash chain whose writers are killed at any moment: each record follows from the one before.

use std::fs;

use lockedfile::{Durability, Last, Log, LogError, Options, TornTail};
use sha2::{Digest, Sha256};
use testkit::{ChildTest, wait_until};

use crate::{Notes, WATCHDOG, kills, moment};

/// A record: the hash of the one before, a number, and what makes it long enough to be torn.
#[allow(clippy::unnecessary_wraps, reason = "it is what `append_with` takes")]
fn next(last: Last<'_>) -> Result<Vec<u8>, LogError> {
    let number = last.record().map_or(0, |record| number_of(record) + 1);
    let mut record = format!("{} {number:012} ", hash(last.record())).into_bytes();
    record.extend(std::iter::repeat_n(b'x', 20_000));
    Ok(record)
}

fn hash(record: Option<&[u8]>) -> String {
    format!("{:x}", Sha256::digest(record.unwrap_or_default()))
}

fn number_of(record: &[u8]) -> u64 {
    let number = std::str::from_utf8(&record[65..77]).expect("because we wrote it");
    number.parse().expect("because we wrote it")
}

fn log(path: &std::path::Path) -> Log {
    let options = Options::new().durability(Durability::Atomic);
    Log::with_options(path, options).torn_tail(TornTail::Remove)
}

#[test]
fn child_adds_to_the_chain_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let log = log(&parent.path("LOG"));
    let mut notes = Notes::at(&parent.path("NOTES"));
    loop {
        let appended = log.append_with(next).unwrap();
        notes.done(appended.offset);
    }
}

#[test]
fn a_hash_chain_never_breaks() {
    let directory = tempfile::tempdir().unwrap();
    let (path, notes) = (directory.path().join("log"), directory.path().join("notes"));
    let (mut records, mut removed) = (0, 0);
    for kill in 0..kills() {
        let spawn = || {
            ChildTest::new(module_path!(), "child_adds_to_the_chain_until_it_is_killed")
                .var("LOG", &path)
                .var("NOTES", &notes)
                .spawn()
        };
        // Two at once: the one that is killed leaves the other one waiting.
        let (mut one, mut other) = (spawn(), spawn());
        let reported = || notes.metadata().map_or(0, |notes| notes.len());
        wait_until(WATCHDOG, || reported() > 80);
        std::thread::sleep(moment(kill));
        one.kill();
        let reports = reported();
        wait_until(WATCHDOG, || reported() > reports + 80);
        other.kill();
        removed += u64::from(log(&path).append_with(next).unwrap().closed_torn_tail);
        let bytes = fs::read(&path).unwrap();
        let mut before = None;
        let mut offsets = std::collections::BTreeSet::new();
        let mut offset = 0;
        for record in bytes.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n') {
            assert_eq!(std::str::from_utf8(&record[..64]).unwrap(), hash(before), "it breaks");
            assert_eq!(record.len(), 20_078, "a torn record");
            before = Some(record);
            offsets.insert(offset);
            offset += record.len() as u64 + 1;
        }
        records += offsets.len();
        let lost = Notes::all(&notes).into_iter().filter(|offset| !offsets.contains(offset));
        assert_eq!(lost.count(), 0, "reported and lost");
        fs::remove_file(&path).unwrap();
        fs::remove_file(&notes).unwrap();
    }
    println!("{} kills, {records} records, {removed} torn tails removed by us", 2 * kills());
}
