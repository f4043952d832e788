//! Reading, changing and replacing a file under its lock.

use std::fs;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use lockedfile::{Disturbance, Done, Error, LockOptions, Options, ROUNDS};

use crate::Place;

/// A caller's own error.
#[derive(Debug)]
enum Mine {
    No(&'static str),
    File(Error),
}

impl From<Error> for Mine {
    fn from(error: Error) -> Self {
        Self::File(error)
    }
}

#[test]
fn a_missing_file_is_created_and_an_existing_one_changed() {
    let place = Place::new();
    let path = place.directory.path().join("new/below/file");
    let add = |old: Option<&[u8]>| Ok::<_, Error>(Some([old.unwrap_or(b"none"), b"+"].concat()));
    assert_eq!(lockedfile::transform(&path, add).unwrap(), Done::Written);
    assert_eq!(lockedfile::transform(&path, add).unwrap(), Done::Written);
    assert_eq!(fs::read(&path).unwrap(), b"none++");
    assert_eq!(testkit::names(path.parent().unwrap()), ["file"]);
}

#[test]
fn what_does_not_change_is_not_touched_and_takes_no_lock() {
    let place = Place::new();
    fs::write(place.file(), "as it is").unwrap();
    let before = testkit::snapshot(place.directory.path());
    // Whoever took the lock would wait for this holder, and time out.
    let guard = filelock::acquire(place.file()).unwrap().unbind();
    let impatient = Options::new().lock(LockOptions::new().timeout(Duration::ZERO));
    for same in [None, Some(b"as it is".to_vec())] {
        let done = impatient.transform(place.file(), |_| Ok::<_, Error>(same.clone()));
        assert_eq!(done.unwrap(), Done::Unchanged);
    }
    let missing = place.directory.path().join("none/file");
    let done = impatient.transform(&missing, |_| Ok::<_, Error>(None));
    assert_eq!(done.unwrap(), Done::Unchanged);
    let error = impatient.transform(place.file(), |_| Ok::<_, Error>(Some(vec![]))).unwrap_err();
    assert!(error.is_contention(), "{error}");
    let careful = impatient.clone().first_look(false);
    assert!(careful.transform(place.file(), |_| Ok::<_, Error>(None)).unwrap_err().is_contention());
    guard.release().unwrap();
    let after = testkit::snapshot(place.directory.path());
    assert_eq!(after, before, "something was touched, or the missing directory was created");
}

#[test]
fn the_closures_own_error_comes_back_and_nothing_is_written() {
    let place = Place::new();
    fs::write(place.file(), "as it is").unwrap();
    let before = testkit::snapshot_of_files(place.directory.path());
    for options in [Options::new(), Options::new().first_look(false)] {
        let result = options.transform(place.file(), |_| Err::<Option<Vec<u8>>, _>(Mine::No("no")));
        assert!(matches!(result, Err(Mine::No("no"))), "{result:?}");
    }
    assert_eq!(testkit::snapshot_of_files(place.directory.path()), before);
    let missing = place.directory.path().join("missing");
    let result = lockedfile::transform(&missing, |_| Err::<Option<Vec<u8>>, _>(Mine::No("none")));
    assert!(matches!(result, Err(Mine::No("none"))), "{result:?}");
    let result = lockedfile::transform(place.directory.path(), |_| Err(Mine::No("never called")));
    assert!(matches!(result, Err(Mine::File(Error::Read(_)))), "{result:?}");
    assert_eq!(place.names(), ["file"]);
}

#[test]
fn a_panic_in_the_closure_leaves_the_file_and_no_lock() {
    let place = Place::new();
    fs::write(place.file(), "as it is").unwrap();
    let careful = Options::new().first_look(false);
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        careful.transform(place.file(), |_| -> Result<Option<Vec<u8>>, Error> { panic!("stop") })
    }));
    assert!(panicked.is_err());
    assert_eq!(place.names(), ["file"]);
    assert_eq!(fs::read(place.file()).unwrap(), b"as it is");
}

#[test]
fn a_writer_without_the_lock_starts_a_round_over_and_is_not_lost() {
    let place = Place::new();
    fs::write(place.file(), "a").unwrap();
    let mut runs = 0;
    let careful = Options::new().first_look(false);
    let done = careful.transform(place.file(), |old| {
        runs += 1;
        if runs == 1 {
            fs::write(place.file(), "theirs").unwrap();
        }
        Ok::<_, Error>(Some([old.unwrap(), b"+ours"].concat()))
    });
    assert_eq!((done.unwrap(), runs), (Done::Written, 2));
    assert_eq!(fs::read(place.file()).unwrap(), b"theirs+ours");
}

#[test]
fn rounds_are_bounded_and_the_error_says_what_was_in_the_way() {
    let place = Place::new();
    let mut runs = 0_u8;
    let careful = Options::new().first_look(false);
    let error = careful
        .transform(place.file(), |_| {
            runs += 1;
            fs::write(place.file(), [b'x'].repeat(runs.into())).unwrap();
            Ok::<_, Error>(Some(b"ours".to_vec()))
        })
        .unwrap_err();
    let Error::Unsettled { rounds, last, .. } = &error else { panic!("{error}") };
    assert_eq!((*rounds, *last), (ROUNDS, Disturbance::FileChanged));
    assert_eq!(u32::from(runs), ROUNDS);
    assert_eq!(fs::read(place.file()).unwrap(), b"xxxxx", "what they wrote stands");
    assert!(io::Error::from(error).to_string().contains("after 5 rounds"));
    assert_eq!(place.names(), ["file"]);
}

#[test]
fn a_lock_that_is_lost_starts_a_round_over() {
    let place = Place::new();
    fs::write(place.file(), "a").unwrap();
    let mut runs = 0;
    let done = Options::new().first_look(false).transform(place.file(), |old| {
        runs += 1;
        if runs == 1 {
            let lock = place.directory.path().join("file.lock");
            fs::rename(&lock, place.directory.path().join("elsewhere")).unwrap();
        }
        Ok::<_, Error>(Some([old.unwrap(), b"+"].concat()))
    });
    assert_eq!((done.unwrap(), runs), (Done::Written, 2));
    assert_eq!(fs::read(place.file()).unwrap(), b"a+");
}

#[cfg(unix)]
#[test]
fn mode_and_link_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    let target = place.directory.path().join("target");
    fs::write(&target, "a").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("target", place.file()).unwrap();
    lockedfile::transform(place.file(), |_| Ok::<_, Error>(Some(b"b".to_vec()))).unwrap();
    assert_eq!(fs::read_link(place.file()).unwrap().to_str(), Some("target"));
    assert_eq!(fs::read(&target).unwrap(), b"b");
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
}
