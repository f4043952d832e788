//! Which lock a path names.

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs;
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;

use filelock::AcquireError;

use crate::support::{Lab, brief, expect_alive};

#[test]
fn all_spellings_of_one_path_name_one_lock() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    for spelling in ["./events.ndjson", "events.ndjson/", ".//events.ndjson/.", "events.ndjson//"] {
        let path = lab.root().join(spelling);
        assert!(filelock::try_acquire(&path).unwrap().acquired().is_none(), "{}", path.display());
    }
    assert_eq!(guard.path(), lab.target());
    assert_eq!(guard.lock_path(), lab.lock());
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn a_link_to_a_file_has_a_lock_of_its_own() {
    let lab = Lab::new();
    fs::write(lab.target(), b"content").unwrap();
    std::os::unix::fs::symlink(lab.target(), lab.join("link")).unwrap();
    let target = filelock::acquire(lab.target()).unwrap();
    let link = filelock::try_acquire(lab.join("link"))
        .unwrap()
        .acquired()
        .expect("because no link is followed");
    assert_eq!(link.lock_path(), lab.join("link.lock"));
    assert_ne!(target.lock_path(), link.lock_path());
}

/// Whoever writes through a linked directory meets whoever writes to it directly, because the
/// kernel resolves all but the last name.
#[cfg(unix)] // Wine makes no links.
#[test]
fn a_linked_parent_leads_to_the_same_lock() {
    let lab = Lab::new();
    fs::create_dir(lab.join("real")).unwrap();
    std::os::unix::fs::symlink(lab.join("real"), lab.join("alias")).unwrap();
    let _guard = filelock::acquire(lab.join("real/x")).unwrap();
    expect_alive(&brief(), lab.join("alias/x"));
}

#[cfg(unix)] // Windows has names of its own: see `windows`.
#[test]
fn a_name_that_is_not_utf8_is_locked_as_it_is() {
    for lab in Lab::everywhere() {
        let target = lab.root().join(OsStr::from_bytes(b"\xff\xfe.ndjson"));
        let guard = filelock::acquire(&target).unwrap();
        let lock = lab.root().join(OsStr::from_bytes(b"\xff\xfe.ndjson.lock"));
        assert_eq!(guard.lock_path(), lock);
        assert!(lock.join("holder").is_file(), "on {}", lab.name());
        assert!(filelock::try_acquire(&target).unwrap().acquired().is_none());
        guard.release().unwrap();
        assert_eq!(lab.names(), [""; 0]);
    }
}

#[test]
fn odd_names_are_names() {
    let lab = Lab::new();
    let names = ["-rf", "\u{1f512}", "a.lock", ".hidden", "a b", " ", "a\nb", "...", "*"];
    // The last ones are no names on Windows.
    for name in &names[..if cfg!(windows) { 5 } else { names.len() }] {
        let guard = filelock::acquire(lab.join(name)).unwrap();
        assert_eq!(lab.names(), [format!("{name}.lock")]);
        guard.release().unwrap();
        assert_eq!(lab.names(), [""; 0]);
    }
}

#[test]
fn a_path_without_a_file_name_is_refused() {
    for path in ["", "/", ".", "./", "..", "a/..", "/tmp/.."] {
        for error in [
            filelock::acquire(path).map(drop).unwrap_err(),
            filelock::try_acquire(path).map(drop).unwrap_err(),
        ] {
            assert!(matches!(error, AcquireError::UnusablePath { .. }), "{path:?}: {error}");
            assert!(error.to_string().contains("file name"), "{path:?}: {error}");
        }
    }
}

#[test]
fn a_nul_byte_is_refused() {
    let lab = Lab::new();
    let error = filelock::acquire(lab.join("a\0b")).unwrap_err();
    assert!(matches!(error, AcquireError::UnusablePath { .. }), "{error}");
    assert!(error.to_string().contains("NUL"), "{error}");
    assert_eq!(lab.names(), [""; 0]);
}

/// 255 bytes, the longest name that any of the file systems takes.
#[cfg(unix)]
const NAME_MAX: usize = 255;

/// Beside such a name there is no room for a preparation: the claim is made at the lock's own name.
#[cfg(unix)] // Windows has names of its own: see `windows`.
#[test]
fn a_name_too_long_for_a_preparation_is_locked_all_the_same() {
    for lab in Lab::everywhere() {
        for length in [NAME_MAX - 26, NAME_MAX - 10, NAME_MAX - ".lock".len()] {
            let target = lab.join("n".repeat(length));
            let guard = filelock::acquire(&target).unwrap();
            assert_eq!(lab.names(), [format!("{}.lock", "n".repeat(length))], "on {}", lab.name());
            assert!(guard.is_kernel_backed());
            expect_alive(&brief(), &target);
            guard.verify().unwrap();
            guard.release().unwrap();
            assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
        }
    }
}

#[cfg(unix)] // Windows has names of its own: see `windows`.
#[test]
fn a_name_too_long_for_the_lock_is_a_typed_error() {
    for lab in Lab::everywhere() {
        let target = lab.join("n".repeat(NAME_MAX - ".lock".len() + 1));
        match filelock::acquire(&target).unwrap_err() {
            AcquireError::Io { source, path, .. } => {
                assert_eq!(source.kind(), std::io::ErrorKind::InvalidFilename);
                assert!(path.starts_with(lab.root()));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

#[test]
fn a_parent_that_is_no_directory_is_a_typed_error() {
    let lab = Lab::new();
    fs::write(lab.join("file"), b"content").unwrap();
    let targets: &[&str] = if cfg!(unix) { &["dangling/x"] } else { &[] };
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", lab.join("dangling")).unwrap();
    let before = lab.snapshot();
    for target in ["file/x", "file/a/b/x"].iter().chain(targets) {
        let error = filelock::acquire(lab.join(target)).unwrap_err();
        assert!(matches!(error, AcquireError::Io { .. }), "{target}: {error:?}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[cfg(unix)] // Windows has other names that are too long.
#[test]
fn a_call_that_fails_leaves_none_of_the_directories_that_it_made() {
    let lab = Lab::new();
    fs::create_dir(lab.join("there")).unwrap();
    let too_long = "x".repeat(253);
    let error = filelock::acquire(lab.join("there/new1/new2").join(&too_long)).unwrap_err();
    assert!(matches!(error, AcquireError::Io { .. }), "{error:?}");
    filelock::try_acquire(lab.join("there/new1/new2").join(&too_long)).unwrap_err();
    assert_eq!(testkit::names(&lab.join("there")), [""; 0]);
    // One that succeeds needs them.
    filelock::acquire(lab.join("there/new1/new2/log")).unwrap().release().unwrap();
    assert!(lab.join("there/new1/new2").is_dir());
}

#[test]
fn calls_that_make_and_remove_the_same_directories_do_each_other_no_harm() {
    let lab = Lab::new();
    let in_vain = lab.join("a/b").join("x".repeat(253));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    assert!(!matches!(
                        filelock::try_acquire(&in_vain),
                        Ok(filelock::TryAcquired::Acquired(_))
                    ));
                }
            });
        }
        for _ in 0..200 {
            let failed = match filelock::acquire(lab.join("a/b/log")) {
                Ok(guard) => guard.release().err().map(|error| error.to_string()),
                Err(error) => Some(error.to_string()),
            };
            let _ = fs::remove_dir(lab.join("a/b"));
            let _ = fs::remove_dir(lab.join("a"));
            if failed.is_some() {
                done.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            assert!(failed.is_none(), "{failed:?}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
