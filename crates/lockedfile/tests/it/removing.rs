//! Removing a file under its lock: the one that was read, and no other.

use std::fs;

use fsops::Contents;
use lockedfile::{Disturbance, Error, Held, Options, Outcome};

use crate::Place;

/// Locks and reads the file, then calls `meanwhile`, and removes the file.
fn remove(
    place: &Place,
    meanwhile: impl FnOnce(),
    still_held: impl FnOnce() -> Result<(), Error>,
) -> Result<Outcome, Error> {
    let options = Options::new();
    let mut rounds = options.rounds(place.file())?;
    let (held, read): (Held, Contents) = (rounds.lock()?, rounds.read()?);
    meanwhile();
    held.remove_if(&read.version, still_held)
}

fn is_changed(outcome: &Result<Outcome, Error>) -> bool {
    matches!(outcome, Ok(Outcome::Disturbed(Disturbance::FileChanged)))
}

#[test]
fn the_file_that_was_read_goes_and_nothing_is_left() {
    let place = Place::new();
    fs::write(place.file(), "a").unwrap();
    for _ in 0..2 {
        // The second time there is none.
        let outcome = remove(&place, || (), || Ok(()));
        assert!(matches!(outcome, Ok(Outcome::Done)), "{outcome:?}");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_file_that_changed_or_came_to_be_meanwhile_stays() {
    for before in [Some("a"), None] {
        let place = Place::new();
        if let Some(text) = before {
            fs::write(place.file(), text).unwrap();
        }
        let theirs = || fs::write(place.file(), "theirs").unwrap();
        let outcome = remove(&place, theirs, || Ok(()));
        assert!(is_changed(&outcome), "{outcome:?}");
        // At the last moment.
        let place = Place::new();
        if let Some(text) = before {
            fs::write(place.file(), text).unwrap();
        }
        let theirs = || {
            fs::write(place.file(), "theirs").unwrap();
            Ok(())
        };
        let outcome = remove(&place, || (), theirs);
        assert!(is_changed(&outcome), "{outcome:?}");
        assert_eq!(fs::read(place.file()).unwrap(), b"theirs");
        assert_eq!(place.names(), ["file"]);
    }
}

#[test]
fn one_who_does_not_hold_the_rest_any_more_removes_nothing() {
    let place = Place::new();
    fs::write(place.file(), "a").unwrap();
    let path = place.file();
    let outcome = remove(&place, || (), || Err(Error::LockLost { path }));
    assert!(matches!(outcome, Err(Error::LockLost { .. })), "{outcome:?}");
    let (lock, away) =
        (place.directory.path().join("file.lock"), place.directory.path().join("away"));
    let outcome = remove(&place, || fs::rename(lock, away).unwrap(), || Ok(()));
    assert!(matches!(outcome, Ok(Outcome::Disturbed(Disturbance::LockLost))), "{outcome:?}");
    assert_eq!(fs::read(place.file()).unwrap(), b"a");
    assert_eq!(place.names(), ["away", "file"]);
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn a_link_stays_when_the_file_behind_it_goes() {
    let place = Place::new();
    fs::write(place.directory.path().join("target"), "a").unwrap();
    std::os::unix::fs::symlink("target", place.file()).unwrap();
    let outcome = remove(&place, || (), || Ok(()));
    assert!(matches!(outcome, Ok(Outcome::Done)), "{outcome:?}");
    assert_eq!(place.names(), ["file"]);
    assert!(place.file().is_symlink());
}
