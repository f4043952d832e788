//! Appending, also what depends on the last record.

use std::ffi::OsString;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use fsops::AppendError;
use lockedfile::{LockOptions, Log, LogError, Options, TornTail};

use crate::Place;

fn number_of(record: Option<&[u8]>) -> u64 {
    let Some(record) = record else { return 0 };
    let text = std::str::from_utf8(record).expect("because the tests write text");
    text.parse().expect("because the tests write numbers")
}

/// Appends the number after the last one.
fn count(log: &Log) -> Result<lockedfile::Appended, LogError> {
    log.append_with(|last| Ok((number_of(last.record()) + 1).to_string().into_bytes()))
}

#[test]
fn each_record_gets_the_one_before() {
    let place = Place::new();
    let log = Log::new(place.directory.path().join("new/log"));
    for number in 1..=12 {
        let appended = count(&log).unwrap();
        assert_eq!(appended.length, if number < 10 { 2 } else { 3 });
        assert!(!appended.closed_torn_tail);
        assert_eq!(log.last().unwrap().unwrap(), number.to_string().as_bytes());
    }
    let text = fs::read_to_string(log.path()).unwrap();
    assert_eq!(text, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n");
    let appended = log.append("13").unwrap();
    assert_eq!((appended.offset, appended.length), (text.len() as u64, 3));
}

#[test]
fn a_torn_tail_is_shown_and_closed_off_or_removed() {
    for (torn_tail, expected) in
        [(TornTail::CloseOff, "7\n8\n{\"half\n9\n"), (TornTail::Remove, "7\n8\n9\n")]
    {
        let place = Place::new();
        fs::write(place.file(), "7\n8\n{\"half").unwrap();
        let log = Log::new(place.file()).torn_tail(torn_tail);
        let appended = log.append_with(|last| -> Result<_, LogError> {
            assert_eq!((last.record(), last.offset()), (Some(&b"8"[..]), 2));
            assert_eq!(last.torn(), b"{\"half");
            Ok(b"9".to_vec())
        });
        let appended = appended.unwrap();
        assert!(appended.closed_torn_tail);
        let text = fs::read_to_string(place.file()).unwrap();
        assert_eq!(text, expected);
        assert_eq!(appended.offset + appended.length, text.len() as u64);
    }
}

#[test]
fn records_that_are_none_are_refused_before_anything_is_created() {
    let place = Place::new();
    let log = Log::new(place.directory.path().join("new/log"));
    for bad in ["", "a\nb", "a\n"] {
        let error = log.append(bad).unwrap_err();
        assert!(matches!(error, LogError::Append(AppendError::NotALine { .. })), "{error}");
        let error = log.append_all(["good", bad]).unwrap_err();
        assert!(matches!(error, LogError::Append(AppendError::NotALine { .. })), "{error}");
        let log = Log::new(place.file());
        let error = log.append_with(|_| Ok::<_, LogError>(bad.into())).unwrap_err();
        assert!(matches!(error, LogError::Append(AppendError::NotALine { .. })), "{error}");
    }
    assert!(place.names().is_empty(), "{:?}", place.names());
}

#[test]
fn several_records_come_together() {
    let place = Place::new();
    fs::write(place.file(), "torn").unwrap();
    let appended = Log::new(place.file()).append_all(["a", "b", "c"]).unwrap();
    assert_eq!((appended.offset, appended.length), (5, 6));
    assert_eq!(fs::read(place.file()).unwrap(), b"torn\na\nb\nc\n");
}

#[test]
fn the_closures_own_error_comes_back_and_nothing_is_written() {
    #[derive(Debug)]
    struct Mine(&'static str);
    impl From<LogError> for Mine {
        fn from(error: LogError) -> Self {
            panic!("{error}")
        }
    }
    let place = Place::new();
    let log = Log::new(place.file());
    let error = log.append_with(|_| Err::<Vec<u8>, _>(Mine("no"))).unwrap_err();
    assert_eq!(error.0, "no");
    assert!(place.names().is_empty(), "{:?}", place.names());
    fs::write(place.file(), "1\ntorn").unwrap();
    log.append_with(|_| Err::<Vec<u8>, _>(Mine("no"))).unwrap_err();
    assert_eq!(fs::read(place.file()).unwrap(), b"1\ntorn");
}

#[test]
fn a_tail_that_is_no_record_is_an_error_and_stays() {
    for (text, reason) in [
        ("1\n\n", "is empty"),
        ("\n", "is empty"),
        ("1\n\0\0\0\0\n", "contains NUL bytes"),
        ("\n\0torn", "is empty"),
    ] {
        let place = Place::new();
        fs::write(place.file(), text).unwrap();
        let error = count(&Log::new(place.file())).unwrap_err();
        let LogError::NotARecord { offset, reason: said, .. } = &error else { panic!("{error}") };
        assert_eq!((*said, *offset), (reason, u64::from(text.starts_with('1')) * 2), "{text:?}");
        assert_eq!(fs::read_to_string(place.file()).unwrap(), text);
    }
}

#[test]
fn a_line_without_an_end_is_not_read_into_memory() {
    let place = Place::new();
    // Sparse: it takes no room.
    let file = fs::File::create(place.file()).unwrap();
    file.set_len(4 * lockedfile::LONGEST_RECORD).unwrap();
    let error = count(&Log::new(place.file())).unwrap_err();
    assert!(error.to_string().contains("is longer than 16 MiB"), "{error}");
}

#[test]
fn a_log_that_shrinks_while_its_lock_is_held_is_an_error() {
    let place = Place::new();
    fs::write(place.file(), "1\n2\n").unwrap();
    let log = Log::new(place.file());
    let error = log
        .append_with(|_| {
            fs::write(place.file(), "1\n").unwrap();
            Ok::<_, LogError>(b"3".to_vec())
        })
        .unwrap_err();
    assert!(matches!(error, LogError::Shrank { .. }), "{error}");
    assert!(!error.is_committed());
    assert_eq!(fs::read(place.file()).unwrap(), b"1\n");
}

#[test]
fn a_log_that_grows_or_is_replaced_meanwhile_is_read_again() {
    let place = Place::new();
    let log = Log::new(place.file());
    // Another program creates it, appends to it, replaces it: each without the lock.
    let disturbances: [fn(&Path); 3] = [
        |path| fs::write(path, "10\n").unwrap(),
        |path| fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"20\n").unwrap(),
        |path| {
            fs::write(path.with_extension("new"), "30\n").unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        },
    ];
    for disturb in disturbances {
        let mut first = true;
        let appended = log.append_with(|last| {
            if std::mem::take(&mut first) {
                disturb(&place.file());
            }
            Ok::<_, LogError>((number_of(last.record()) + 1).to_string().into_bytes())
        });
        appended.unwrap();
        let last = String::from_utf8(log.last().unwrap().unwrap()).unwrap();
        assert!(last.ends_with('1') && last.len() == 2, "{last}");
    }
    assert_eq!(fs::read(place.file()).unwrap(), b"30\n31\n");
}

#[test]
fn a_held_lock_is_waited_for_and_the_error_says_so() {
    let place = Place::new();
    let guard = filelock::acquire(place.file()).unwrap().unbind();
    let options = Options::new().lock(LockOptions::new().timeout(Duration::from_millis(20)));
    let log = Log::with_options(place.file(), options);
    for error in [log.append("x").unwrap_err(), count(&log).unwrap_err()] {
        assert!(error.is_contention(), "{error}");
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
    }
    drop(guard);
    log.append("1").unwrap();
}

/// The time does not depend on the log's length: the log is sparse, and its end real.
#[test]
fn a_log_of_a_gigabyte_costs_what_a_small_one_costs() {
    let place = Place::new();
    let large = place.directory.path().join("large");
    let mut file = fs::File::create(&large).unwrap();
    file.seek(SeekFrom::Start(1 << 30)).unwrap();
    file.write_all(b"\n41\n").unwrap();
    let small = place.directory.path().join("small");
    fs::write(&small, "41\n").unwrap();
    let logs = [Log::new(&small), Log::new(&large)];
    let mut best = [Duration::MAX; 2];
    // In turns, so that a busy machine is as busy for both.
    for _ in 0..21 {
        for (log, best) in logs.iter().zip(&mut best) {
            let start = Instant::now();
            count(log).unwrap();
            *best = start.elapsed().min(*best);
        }
    }
    let [small, large] = best;
    println!("append_with: {small:?} on 3 bytes, {large:?} on 1 GiB");
    assert!(large < small * 10, "{large:?} on 1 GiB, {small:?} on 3 bytes");
}

#[test]
fn a_caller_that_holds_the_lock_appends_under_it_until_it_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let options = Options::new();
    let mut rounds = options.rounds(&path).unwrap();
    let held = rounds.adopt(filelock::acquire(&path).unwrap());
    let appended = held.append(&mut rounds, &["one", "two"], TornTail::CloseOff).unwrap();
    assert_eq!((appended.offset, appended.length), (0, 8));
    held.append(&mut rounds, &["three"], TornTail::CloseOff).unwrap();
    assert!(held.append(&mut rounds, &["a\nb"], TornTail::CloseOff).is_err());
    assert!(filelock::inspect(&path).unwrap().is_some(), "it is still held");
    fs::remove_dir_all(directory.path().join("log.lock")).unwrap();
    let error = held.append(&mut rounds, &["four"], TornTail::CloseOff).unwrap_err();
    assert!(!error.is_committed(), "{error}");
    held.keep();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\nthree\n");
}

#[test]
#[cfg(unix)]
fn clones_share_one_handle_also_if_they_are_made_before_the_first_call() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::new(directory.path().join("log"));
    for _ in 0..3 {
        log.clone().append("{}").unwrap();
    }
    let names = fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name());
    let is_parked = |name: &OsString| name.to_string_lossy().starts_with("log.lock.prep-");
    assert_eq!(names.filter(is_parked).count(), 1, "each clone had a handle of its own");
}
