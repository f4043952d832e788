//! Writers of a whole file that are killed at any moment, beside others that go on.

use std::collections::BTreeSet;
use std::fs;

use lockedfile::{Durability, Error, Options};
use testkit::{ChildTest, wait_until};

use crate::{Notes, WATCHDOG, kills, moment};

#[test]
fn child_changes_the_file_until_it_is_killed() {
    let Some(parent) = testkit::parent() else { return };
    let options = Options::new().durability(Durability::Atomic);
    let mut notes = Notes::at(&parent.path("NOTES"));
    for number in parent.number("FROM").. {
        let add = |old: Option<&[u8]>| {
            Ok::<_, Error>(Some(
                [old.unwrap_or_default(), format!("{number}\n").as_bytes()].concat(),
            ))
        };
        options.transform(parent.path("FILE"), add).unwrap();
        notes.done(number);
    }
}

#[test]
fn no_change_that_was_reported_is_lost_and_readers_see_a_whole_file() {
    const EACH: u64 = 1_000_000;
    let directory = tempfile::tempdir().unwrap();
    let (file, notes) = (directory.path().join("file"), directory.path().join("notes"));
    let mut survivor = None;
    for kill in 0..kills() {
        let mut child = ChildTest::new(module_path!(), "child_changes_the_file_until_it_is_killed")
            .var("FILE", &file)
            .var("NOTES", &notes)
            .var("FROM", (kill * EACH).to_string())
            .spawn();
        let reported = || notes.metadata().map_or(0, |notes| notes.len());
        let before = reported();
        wait_until(WATCHDOG, || reported() > before + 16);
        std::thread::sleep(moment(kill));
        if kill % 2 == 0 {
            child.kill();
        } else if let Some(mut older) = survivor.replace(child) {
            older.kill();
        }
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.ends_with('\n'), "a half file");
        if text.len() > 200_000 {
            // Its growth would be all that is measured.
            drop(survivor.take());
            check(&file, &notes);
            fs::remove_file(&file).unwrap();
            fs::remove_file(&notes).unwrap();
        }
    }
    drop(survivor);
    check(&file, &notes);
    // A later writer removes what the killed ones left, once that is 30 s old.
    let left = testkit::names(directory.path());
    assert!(left.len() as u64 <= kills() + 3, "{left:?}");
}

fn check(file: &std::path::Path, notes: &std::path::Path) {
    let text = fs::read_to_string(file).unwrap_or_default();
    let numbers: Vec<u64> =
        text.lines().map(|line| line.parse().expect("because nothing is in the way")).collect();
    let seen: BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!(seen.len(), numbers.len(), "a change is there twice");
    let reported = Notes::all(notes);
    let lost: Vec<_> = reported.iter().filter(|number| !seen.contains(number)).collect();
    assert!(lost.is_empty(), "reported and lost: {lost:?}");
}
