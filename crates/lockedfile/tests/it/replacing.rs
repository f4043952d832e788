//! Another program is replacing the file just now, by removing it and creating it again; or it
//! moves the file's directory.
//!
//! The other program runs in the wait's own callback, so that no test depends on time.

use std::borrow::Cow;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lockedfile::{Done, Doubt, Error, Found, Log, LogError, Options, Records, Seen, Settled};

use crate::Place;

/// Options with this callback at each look of a wait, which counts from 0.
fn with(timeout: Duration, at_look: impl Fn(u32) + Send + Sync + 'static) -> Options {
    let looks = AtomicU32::new(0);
    Options::new().lock(lockedfile::LockOptions::new().timeout(timeout).on_wait(move |_, _| {
        at_look(looks.fetch_add(1, Ordering::Relaxed));
        ControlFlow::Continue(())
    }))
}

const LONG: Duration = Duration::from_secs(60);

/// A repository in which git holds `index.lock`, and the lock's path.
fn busy_repository(place: &Place) -> PathBuf {
    let git = place.directory.path().join(".git");
    fs::create_dir(&git).expect("because there is room");
    let lock = git.join("index.lock");
    fs::write(&lock, "").expect("because there is room");
    lock
}

/// All that changes the file `path`: what it does to a file with the line `old`, by name.
type Change = fn(&Path, &Options) -> Result<(), LogError>;
const CHANGES: [(&str, Change); 4] = [
    ("transform", |path, options| {
        let add =
            |old: Option<&[u8]>| Ok::<_, Error>(Some([old.unwrap_or_default(), b"new\n"].concat()));
        options.transform(path, add).map(drop).map_err(LogError::from)
    }),
    ("append", |path, options| Log::with_options(path, options.clone()).append("new").map(drop)),
    ("append_with", |path, options| {
        let record = |_: lockedfile::Last<'_>| Ok::<_, LogError>(b"new".to_vec());
        Log::with_options(path, options.clone()).append_with(record).map(drop)
    }),
    ("rewrite", |path, options| {
        Log::with_options(path, options.clone()).rewrite(with_one_more).map(drop)
    }),
];

#[allow(clippy::unnecessary_wraps, reason = "it is a closure of `rewrite`")]
fn with_one_more(records: Records<'_>) -> Result<Vec<Cow<'_, [u8]>>, LogError> {
    Ok(records.map(Cow::from).chain([Cow::from(&b"new"[..])]).collect())
}

#[test]
fn a_file_that_is_removed_and_created_again_is_waited_for() {
    for (name, change) in CHANGES {
        for come_back_at in [0, 3, 9] {
            let place = Place::new();
            let path = place.file();
            let options = with(LONG, move |look| {
                if look == come_back_at {
                    fs::write(&path, "old\n").unwrap();
                }
            });
            change(&place.file(), &options).unwrap();
            let text = fs::read_to_string(place.file()).unwrap();
            assert_eq!(text, "old\nnew\n", "{name}, back at look {come_back_at}");
        }
    }
}

#[test]
fn while_git_is_at_work_a_missing_file_is_waited_for_as_long_as_for_the_lock() {
    for (name, change) in CHANGES {
        let place = Place::new();
        let (path, lock) = (place.file(), busy_repository(&place));
        // Longer than the pause. It comes back before git ends, and right when git ends.
        let options = with(LONG, move |look| match look {
            25 => fs::write(&path, "old\n").unwrap(),
            26 => fs::remove_file(&lock).unwrap(),
            _ => {}
        });
        change(&place.file(), &options).unwrap();
        assert_eq!(fs::read_to_string(place.file()).unwrap(), "old\nnew\n", "{name}");
    }
}

#[test]
fn a_git_that_does_not_end_ends_the_wait_with_an_error_that_names_its_lock() {
    for (name, change) in CHANGES {
        let place = Place::new();
        let lock = busy_repository(&place);
        for timeout in [Duration::ZERO, Duration::from_millis(300)] {
            let error = change(&place.file(), &with(timeout, |_| ())).unwrap_err();
            assert!(error.is_contention() && !error.is_committed(), "{name}: {error}");
            let said = error.to_string();
            let LogError::File(Error::BeingReplaced { found, by, waited, .. }) = error else {
                panic!("{name}: {said}")
            };
            assert_eq!((found, by), (Found::Missing, Some(lock.canonicalize().unwrap())), "{name}");
            assert!(waited >= timeout && waited < LONG, "{name}: {waited:?}");
            assert!(said.contains("index.lock") && said.contains("nothing was written"), "{said}");
            assert_eq!(place.names(), [".git"], "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn mercurial_is_waited_for_as_git_is() {
    let place = Place::new();
    let (file, lock) = (place.file(), place.directory.path().join(".hg/wlock"));
    fs::create_dir(lock.parent().unwrap()).unwrap();
    let settle = || with(Duration::ZERO, |_| ()).settling(&file).settle(Doubt::Missing);
    assert_eq!(settle().unwrap(), Settled::Believed);
    // A link that leads nowhere, as Mercurial makes it.
    std::os::unix::fs::symlink("host:1", &lock).unwrap();
    let error = settle().unwrap_err();
    assert!(matches!(&error, Error::BeingReplaced { by: Some(by), .. } if by.ends_with("wlock")));
    assert!(error.to_string().contains("hg is changing this checkout"), "{error}");
}

#[test]
fn a_file_that_stays_missing_is_really_missing() {
    for (name, change) in CHANGES {
        let place = Place::new();
        fs::create_dir(place.directory.path().join(".git")).unwrap();
        change(&place.file(), &Options::new()).unwrap();
        let expected = if name == "rewrite" { None } else { Some("new\n".to_owned()) };
        assert_eq!(fs::read_to_string(place.file()).ok(), expected, "{name}");
    }
}

#[test]
fn a_worktree_and_a_submodule_have_their_own_index_lock() {
    let place = Place::new();
    let top = place.directory.path();
    fs::create_dir_all(top.join("main/.git/worktrees/w")).unwrap();
    fs::create_dir_all(top.join("w/deep/below")).unwrap();
    for gitdir in ["../main/.git/worktrees/w".into(), top.join("main/.git/worktrees/w")] {
        fs::write(top.join("w/.git"), format!("gitdir: {}\n", gitdir.display())).unwrap();
        let file = top.join("w/deep/below/file");
        let wait = with(Duration::ZERO, |_| ());
        let settle = || wait.settling(&file).settle(Doubt::Missing);
        fs::write(top.join("main/.git/index.lock"), "").unwrap();
        assert_eq!(
            settle().unwrap(),
            Settled::Believed,
            "the other checkout's git is none of ours"
        );
        fs::remove_file(top.join("main/.git/index.lock")).unwrap();
        fs::write(top.join("main/.git/worktrees/w/index.lock"), "").unwrap();
        assert!(matches!(settle(), Err(Error::BeingReplaced { by: Some(_), .. })));
        let reads = wait.settling(&file).reads_only().settle(Doubt::Missing);
        assert_eq!(reads.unwrap(), Settled::Believed, "a reader writes nothing");
        fs::remove_file(top.join("main/.git/worktrees/w/index.lock")).unwrap();
    }
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn of_a_link_the_checkout_of_its_target_counts() {
    let place = Place::new();
    let top = place.directory.path();
    fs::create_dir_all(top.join("repository/.git")).unwrap();
    fs::create_dir(top.join("elsewhere")).unwrap();
    fs::write(top.join("repository/.git/index.lock"), "").unwrap();
    let link = top.join("elsewhere/link");
    std::os::unix::fs::symlink("../repository/file", &link).unwrap();
    for (name, change) in CHANGES {
        let error = change(&link, &with(Duration::ZERO, |_| ())).unwrap_err();
        let is_waiting = matches!(error, LogError::File(Error::BeingReplaced { .. }));
        assert!(is_waiting, "{name}: {error}");
    }
    fs::remove_file(top.join("repository/.git/index.lock")).unwrap();
    for (name, change) in CHANGES {
        let error = change(&link, &Options::new()).unwrap_err();
        assert!(error.to_string().contains("link"), "{name}: {error}");
    }
}

#[test]
fn a_quiet_directory_shows_at_once_that_a_file_is_missing() {
    let place = Place::new();
    let old = std::time::SystemTime::now() - Duration::from_secs(10);
    fs::File::open(place.directory.path()).unwrap().set_modified(old).unwrap();
    let never = with(LONG, |look| panic!("a wait, look {look}"));
    let done = never.transform(place.file(), |_| Ok::<_, Error>(Some(b"new".to_vec())));
    assert_eq!(done.unwrap(), Done::Written);
}

#[test]
fn a_file_that_was_read_and_is_gone_is_not_made_anew() {
    let place = Place::new();
    fs::write(place.file(), "old").unwrap();
    let careful = Options::new().first_look(false);
    let error = careful
        .transform(place.file(), |old| {
            assert_eq!(old, Some(&b"old"[..]), "it ran on a missing file");
            fs::remove_file(place.file()).unwrap();
            Ok::<_, Error>(Some(b"new".to_vec()))
        })
        .unwrap_err();
    assert!(matches!(error, Error::Removed { .. }), "{error}");
    assert!(error.to_string().contains("nothing was written"), "{error}");
    assert_eq!(place.names(), [""; 0]);
    // Who begins anew makes a new one.
    let lock = careful.handle(place.file()).unwrap();
    assert!(careful.rounds_of(&lock, Seen::File).unwrap().read().is_err());
    assert!(careful.rounds_of(&lock, Seen::Directory).unwrap().read().is_ok());
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_looked_up_is_not_said_to_be_gone() {
    let place = Place::new();
    // A link that leads to itself: nobody can tell what is there.
    let directory = place.directory.path().join("loop");
    std::os::unix::fs::symlink("loop", &directory).unwrap();
    let options = Options::new();
    let lock = options.handle(directory.join("file")).unwrap();
    let error = options.rounds_of(&lock, Seen::Directory).unwrap().read().unwrap_err();
    assert!(!matches!(error, Error::DirectoryGone { .. }), "{error}");
}

#[test]
fn a_directory_that_was_moved_or_removed_is_not_created_again() {
    for moved in [true, false] {
        let place = Place::new();
        let (directory, away) =
            (place.directory.path().join("directory"), place.directory.path().join("away"));
        fs::create_dir(&directory).unwrap();
        let path = directory.join("file");
        fs::write(&path, "old").unwrap();
        let careful = Options::new().first_look(false);
        let error = careful
            .transform(&path, |_| {
                fs::rename(&directory, &away).unwrap();
                if !moved {
                    fs::remove_dir_all(&away).unwrap();
                }
                Ok::<_, Error>(Some(b"new".to_vec()))
            })
            .unwrap_err();
        assert!(matches!(error, Error::DirectoryGone { .. }), "{error}");
        assert!(!directory.exists(), "it was created again");
        if moved {
            assert_eq!(fs::read(away.join("file")).unwrap(), b"old");
            let temporaries = testkit::names(&away).into_iter().filter(|it| it.contains(".tmp-"));
            assert_eq!(temporaries.count(), 0);
        }
    }
}

#[test]
fn a_log_s_handle_does_not_create_the_directory_again_in_which_it_has_written() {
    let place = Place::new();
    let path = place.directory.path().join("new/log");
    let log = Log::new(&path);
    log.append("1").unwrap();
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    let error = log.append("2").unwrap_err();
    assert!(matches!(error, LogError::File(Error::DirectoryGone { .. })), "{error}");
    assert!(!path.parent().unwrap().exists());
    Log::new(&path).append("3").unwrap();
}
