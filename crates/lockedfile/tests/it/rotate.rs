//! Rotating a log.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use lockedfile::{LockOptions, Log, LogError, Options};

use crate::Place;

#[test]
fn the_log_gets_another_name_and_an_empty_one_with_its_rights_takes_its_place() {
    let place = Place::new();
    fs::write(place.file(), "1\n2\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(place.file(), fs::Permissions::from_mode(0o640)).unwrap();
    }
    let log = Log::new(place.file());
    let archive = log.rotate(|size, age| {
        assert_eq!(size, 4);
        assert!(age < Duration::from_secs(60), "{age:?}");
        Ok::<_, LogError>(Some(PathBuf::from("file.1")))
    });
    assert_eq!(archive.unwrap(), Some(place.directory.path().join("file.1")));
    assert_eq!(fs::read(place.directory.path().join("file.1")).unwrap(), b"1\n2\n");
    assert_eq!(fs::read(place.file()).unwrap(), b"");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(place.file()).unwrap().permissions().mode() & 0o777, 0o640);
    }
    log.append("3").unwrap();
    // With it goes what it keeps beside the log between calls in a row.
    drop(log);
    assert_eq!(place.names(), ["file", "file.1"]);
}

#[test]
fn what_is_not_to_be_rotated_takes_no_lock() {
    let place = Place::new();
    let options = Options::new().lock(LockOptions::new().timeout(Duration::ZERO));
    let log = Log::with_options(place.file(), options);
    let small = |size, _| Ok::<_, LogError>((size > 100).then(|| PathBuf::from("file.1")));
    assert_eq!(log.rotate(small).unwrap(), None, "there is no log");
    fs::write(place.file(), "1\n").unwrap();
    let guard = filelock::acquire(place.file()).unwrap().unbind();
    assert_eq!(log.rotate(small).unwrap(), None);
    fs::write(place.file(), "1\n".repeat(100)).unwrap();
    assert!(log.rotate(small).unwrap_err().is_contention());
    drop(guard);
}

#[test]
fn an_archive_that_is_there_is_never_replaced() {
    let place = Place::new();
    fs::write(place.file(), "new\n").unwrap();
    fs::write(place.directory.path().join("file.1"), "old\n").unwrap();
    let log = Log::new(place.file());
    let error = log.rotate(|_, _| Ok::<_, LogError>(Some("file.1".into()))).unwrap_err();
    let LogError::Rotate { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(place.file()).unwrap(), b"new\n");
    assert_eq!(fs::read(place.directory.path().join("file.1")).unwrap(), b"old\n");
    assert_eq!(place.names(), ["file", "file.1"]);
}

/// Writers and a rotation at the same time: each record is in one file, once, and in order.
#[test]
fn no_record_is_lost_or_twice_while_it_rotates() {
    let place = Place::new();
    let path = place.file();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let log = Log::new(&path);
                scope.spawn(move || {
                    for number in 0..30 {
                        log.append(format!("{writer} {number}")).unwrap();
                    }
                })
            })
            .collect();
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            Log::new(&path)
                .rotate(|size, _| {
                    let free = (1..).map(|n| format!("file.{n:03}"));
                    let mut free = free.filter(|name| !path.with_file_name(name).exists());
                    Ok::<_, LogError>((size > 40).then(|| free.next().expect("endless").into()))
                })
                .unwrap();
        }
    });
    let mut names = place.names();
    assert!(names.len() > 2, "nothing was rotated: {names:?}");
    names.retain(|name| name != "file");
    names.push("file".to_owned());
    let all: String =
        names.iter().map(|n| fs::read_to_string(path.with_file_name(n)).unwrap()).collect();
    for writer in 0..4 {
        let prefix = format!("{writer} ");
        let of_it: Vec<_> = all.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
        assert_eq!(of_it, (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}
