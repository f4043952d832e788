//! What programs did by hand on top of a lock, each in a few lines.

use std::fs;
use std::path::Path;

use lockedfile::{Error, Last, Log, LogError, transform};

use crate::Place;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Use 1: A task board: one line is changed, or the caller's own error comes back.
fn finish(board: &Path, task: &str) -> Outcome {
    transform(board, |old| -> Outcome<Option<Vec<u8>>> {
        let old = std::str::from_utf8(old.ok_or("there is no board")?)?;
        let open = format!("{task}: open\n");
        if !old.contains(&open) {
            return Err(format!("{task} is not open").into());
        }
        Ok(Some(old.replace(&open, &format!("{task}: done\n")).into()))
    })?;
    Ok(())
}

#[test]
fn a_task_board() {
    let place = Place::new();
    fs::write(place.file(), "a: open\nb: open\n").unwrap();
    finish(&place.file(), "b").unwrap();
    assert_eq!(finish(&place.file(), "b").unwrap_err().to_string(), "b is not open");
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "a: open\nb: done\n");
}

/// Use 2: A line in `.gitignore`: what is there already is not written, and takes no lock.
fn ignore(file: &Path, pattern: &str) -> Result<(), Error> {
    transform(file, |old| {
        let mut text = String::from_utf8_lossy(old.unwrap_or_default()).into_owned();
        if text.lines().any(|line| line == pattern) {
            return Ok::<_, Error>(None);
        }
        if !(text.is_empty() || text.ends_with('\n')) {
            text.push('\n');
        }
        text.push_str(pattern);
        text.push('\n');
        Ok(Some(text.into_bytes()))
    })
    .map(drop)
}

#[test]
fn a_line_in_gitignore() {
    let place = Place::new();
    for _ in 0..2 {
        ignore(&place.file(), "target").unwrap();
        ignore(&place.file(), "*.lock.lock").unwrap();
    }
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "target\n*.lock.lock\n");
}

/// Use 3: A file of users: an entry is added if the name is free. Which, says the return value.
fn add_user(users: &Path, name: &str) -> Result<bool, Error> {
    let mut added = false;
    transform(users, |old| {
        let old = old.unwrap_or_default();
        added = !old.split(|byte| *byte == b'\n').any(|user| user == name.as_bytes());
        Ok::<_, Error>(added.then(|| [old, name.as_bytes(), b"\n"].concat()))
    })?;
    Ok(added)
}

#[test]
fn a_file_of_users() {
    let place = Place::new();
    assert!(add_user(&place.file(), "ada").unwrap());
    assert!(!add_user(&place.file(), "ada").unwrap());
    assert!(add_user(&place.file(), "bob").unwrap());
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "ada\nbob\n");
}

/// Use 4: A journal is pruned: what others append meanwhile comes after it, and is not lost.
fn prune(journal: &Log, keep: usize) -> Result<(), LogError> {
    journal
        .rewrite(|records| {
            let too_many = records.clone().count().saturating_sub(keep);
            Ok::<_, LogError>(records.skip(too_many).map(Into::into).collect())
        })
        .map(drop)
}

#[test]
fn a_journal_that_is_pruned() {
    let place = Place::new();
    let journal = Log::new(place.file());
    journal.append_all(["1", "2", "3"]).unwrap();
    prune(&journal, 2).unwrap();
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "2\n3\n");
}

/// Use 5: A chain: each record has what follows from the one before.
fn append_to_chain(log: &Log, text: &str) -> Result<(), LogError> {
    let link = |last: Last<'_>| {
        // A real chain takes a cryptographic hash here.
        let hash = last
            .record()
            .unwrap_or_default()
            .iter()
            .fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        Ok::<_, LogError>(format!("{hash:08x} {text}").into_bytes())
    };
    log.append_with(link).map(drop)
}

#[test]
fn a_chain_of_records() {
    let place = Place::new();
    let log = Log::new(place.file());
    append_to_chain(&log, "a").unwrap();
    append_to_chain(&log, "b").unwrap();
    let text = fs::read_to_string(place.file()).unwrap();
    assert!(text.starts_with("00000000 a\n") && text.ends_with(" b\n"), "{text}");
    assert!(!text.contains("\n00000000"), "{text}");
}

/// Use 6: A sequence number: the log is read from its end, however long it is.
fn next_number(log: &Log) -> Result<u64, LogError> {
    let mut number = 0;
    log.append_with(|last| {
        let text = last.record().map(String::from_utf8_lossy).unwrap_or_default();
        number = text.parse::<u64>().unwrap_or(0) + 1;
        Ok::<_, LogError>(number.to_string().into_bytes())
    })?;
    Ok(number)
}

#[test]
fn a_sequence_of_numbers() {
    let place = Place::new();
    let log = Log::new(place.file());
    assert_eq!([1, 2, 3], [(); 3].map(|()| next_number(&log).unwrap()));
}

/// Use 7: A log is rotated once it is large: each record is in one of the two files.
fn rotate(log: &Log, limit: u64) -> Result<bool, LogError> {
    let to = |size, _age| Ok::<_, LogError>((size >= limit).then(|| "file.1".into()));
    Ok(log.rotate(to)?.is_some())
}

#[test]
fn a_log_that_is_rotated() {
    let place = Place::new();
    let log = Log::new(place.file());
    log.append("one").unwrap();
    assert!(!rotate(&log, 5).unwrap());
    assert!(rotate(&log, 4).unwrap());
    log.append("two").unwrap();
    assert_eq!(fs::read_to_string(place.directory.path().join("file.1")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "two\n");
}

/// Use 8: two files are changed together. Both locks are taken, or none, in an order in which no
/// two processes wait for each other.
fn move_line(from: &Path, to: &Path) -> Outcome {
    let guards = filelock::acquire_all([from, to])?;
    let text = fs::read_to_string(from)?;
    let (first, rest) = text.split_once('\n').ok_or("nothing to move")?;
    let both = [fs::read_to_string(to)?, first.to_owned(), "\n".to_owned()].concat();
    guards.iter().try_for_each(filelock::LockGuard::verify)?;
    fsops::write_atomic(to, both)?;
    fsops::write_atomic(from, rest)?;
    Ok(())
}

#[test]
fn two_files_that_are_changed_together() {
    let place = Place::new();
    let other = place.directory.path().join("other");
    fs::write(place.file(), "a\nb\n").unwrap();
    fs::write(&other, "").unwrap();
    move_line(&place.file(), &other).unwrap();
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "b\n");
    assert_eq!(fs::read_to_string(&other).unwrap(), "a\n");
}
