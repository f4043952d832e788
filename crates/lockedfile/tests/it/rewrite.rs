//! Pruning a log.

use std::borrow::Cow;
use std::fs;

use lockedfile::{Done, Log, LogError, TornTail};

use crate::Place;

#[test]
fn what_is_kept_stays_byte_for_byte() {
    let place = Place::new();
    fs::write(place.file(), "{\"a\": 1}\ndrop\r\n{\"b\":\t2}\ntorn").unwrap();
    let keep = |torn_tail| {
        Log::new(place.file()).torn_tail(torn_tail).rewrite(|records| -> Result<_, LogError> {
            Ok(records.filter(|record| !record.starts_with(b"drop")).map(Cow::Borrowed).collect())
        })
    };
    assert_eq!(keep(TornTail::CloseOff).unwrap(), Done::Written);
    assert_eq!(fs::read(place.file()).unwrap(), b"{\"a\": 1}\n{\"b\":\t2}\ntorn\n");
    fs::write(place.file(), "a\ntorn").unwrap();
    assert_eq!(keep(TornTail::Remove).unwrap(), Done::Written);
    assert_eq!(fs::read(place.file()).unwrap(), b"a\n");
    let before = testkit::snapshot(place.directory.path());
    assert_eq!(keep(TornTail::Remove).unwrap(), Done::Unchanged);
    assert_eq!(testkit::snapshot(place.directory.path()), before, "no lock, no write");
}

#[test]
fn what_comes_while_it_runs_comes_after() {
    let place = Place::new();
    let path = place.file();
    fs::write(&path, "old\n".repeat(1000)).unwrap();
    let appended = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let log = Log::new(&path);
                scope.spawn(move || {
                    for number in 0..25 {
                        log.append(format!("new {writer} {number}")).unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            Log::new(&path)
                .rewrite(|records| {
                    let kept = records.filter(|record| record.starts_with(b"new"));
                    Ok::<_, LogError>(kept.map(Cow::Borrowed).collect())
                })
                .unwrap();
        }
        for writer in writers {
            writer.join().unwrap();
        }
        fs::read_to_string(&path).unwrap()
    });
    for writer in 0..4 {
        let prefix = format!("new {writer} ");
        let of_it: Vec<_> = appended.lines().filter_map(|l| l.strip_prefix(&prefix)).collect();
        let expected: Vec<_> = (0..25).map(|number| number.to_string()).collect();
        assert_eq!(of_it, expected);
    }
    assert_eq!(appended.lines().count(), 100);
}

#[test]
fn errors_leave_the_log_and_a_missing_one_is_not_created() {
    let place = Place::new();
    let log = Log::new(place.file());
    let done = log.rewrite(|_| Ok::<_, LogError>(vec![Cow::Borrowed(&b"x"[..])]));
    assert_eq!(done.unwrap(), Done::Unchanged);
    assert!(place.names().is_empty());
    fs::write(place.file(), "a\n").unwrap();
    for bad in ["", "a\nb"] {
        let error = log.rewrite(|_| Ok::<_, LogError>(vec![Cow::Owned(bad.into())])).unwrap_err();
        assert!(matches!(error, LogError::Append(_)), "{error}");
    }
    assert_eq!(fs::read(place.file()).unwrap(), b"a\n");
    assert_eq!(place.names(), ["file"]);
}
