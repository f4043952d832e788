//! What the errors of acquiring say, and what they become as `std::io::Error`.

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use filelock::{AcquireError, Liveness, LockOptions};

use crate::support::{Lab, NOBODY, SECOND, brief, now, record};

fn error_of(result: Result<filelock::LockGuard, AcquireError>) -> AcquireError {
    result.map(drop).unwrap_err()
}

#[track_caller]
fn converts(error: AcquireError, kind: ErrorKind) {
    let text = error.to_string();
    let converted = io::Error::from(error);
    assert_eq!(converted.kind(), kind, "{text}");
    assert_eq!(converted.to_string(), text);
}

#[test]
fn a_timeout_in_ones_own_process_says_so() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap().unbind();
    let error = error_of(brief().acquire(lab.target()));
    let text = error.to_string();
    for part in [
        &*lab.target().to_string_lossy(),
        &*lab.lock().to_string_lossy(),
        "this very process, for ",
        if cfg!(windows) { "judged by time" } else { "still running" },
        "another task or thread of it has the guard: wait longer",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
    let holder = error.holder().expect("because it was seen");
    assert!(holder.is_this_process());
    assert_eq!(holder.pid(), Some(std::process::id()));
    assert!(error.is_contention());
    converts(error, ErrorKind::TimedOut);
}

#[test]
fn a_timeout_of_a_thread_that_has_the_guard_itself_does_not_say_that_it_is_to_wait() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let error = error_of(brief().timeout(Duration::ZERO).acquire(lab.target()));
    let expected = "; this thread has the guard itself: release it before locking again";
    assert!(error.to_string().ends_with(expected), "{error}");
    let said = error.to_string();
    guard.release().unwrap();
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_timeout_names_the_process_and_when_it_expires() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 10 * SECOND, "")));
    let error = error_of(brief().acquire(lab.target()));
    let text = error.to_string();
    let holder = error.holder().expect("because it was seen");
    let Liveness::Expires { within } = holder.liveness() else { panic!("{holder:?}") };
    assert!(*within <= Duration::from_secs(20), "{within:?}");
    let age = holder.age().unwrap().as_secs_f64();
    for part in [
        format!("process {NOBODY}"),
        format!("for {age:.1} s"),
        format!("expires in {:.1} s unless renewed", within.as_secs_f64()),
    ] {
        assert!(text.contains(&part), "{part:?} is missing in {text:?}");
    }
    assert!(!text.contains("this very process"), "{text}");
    converts(error, ErrorKind::TimedOut);
}

#[test]
fn a_timeout_says_how_long_it_waited() {
    let lab = Lab::new();
    let _guard = filelock::acquire(lab.target()).unwrap().unbind();
    let error = error_of(brief().timeout(Duration::from_millis(200)).acquire(lab.target()));
    let AcquireError::Timeout { waited, .. } = &error else { panic!("{error:?}") };
    let said = format!("gave up after {:.1} s", waited.as_secs_f64());
    assert!(error.to_string().contains(&said), "{error}");
}

#[test]
fn who_gave_up_hears_for_whom_it_waited() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), "")));
    let options = LockOptions::new().on_wait(|_, _| std::ops::ControlFlow::Break(()));
    let error = error_of(options.acquire(lab.target()));
    assert!(error.to_string().contains("the caller stopped waiting"), "{error}");
    assert!(error.to_string().contains(&format!("process {NOBODY}")), "{error}");
    assert_eq!(error.holder().and_then(filelock::Holder::pid), Some(NOBODY));
    // Not `Interrupted`, which `write_all` and its like take for "try again".
    converts(error, ErrorKind::Other);
}

#[cfg(unix)] // Wine makes no links.
#[test]
fn what_is_no_lock_is_called_by_its_name() {
    let lab = Lab::new();
    std::os::unix::fs::symlink("nowhere", lab.lock()).unwrap();
    let error = error_of(filelock::acquire(lab.target()));
    assert!(error.to_string().contains("a symbolic link, not a lock"), "{error}");
    assert!(error.holder().is_none());
    converts(error, ErrorKind::AlreadyExists);
}

#[test]
fn a_strange_entry_is_no_contention() {
    let lab = Lab::new();
    lab.occupy(Some(&record(0, "")));
    fs::write(lab.lock().join("notes.txt"), b"mine").unwrap();
    converts(error_of(brief().acquire(lab.target())), ErrorKind::DirectoryNotEmpty);
}

#[test]
fn bad_input_is_invalid_input() {
    let lab = Lab::new();
    converts(error_of(filelock::acquire("..")), ErrorKind::InvalidInput);
    let options = LockOptions::new().ttl(Duration::ZERO);
    converts(error_of(options.acquire(lab.target())), ErrorKind::InvalidInput);
}

#[test]
fn an_error_of_the_system_keeps_its_kind_and_is_not_said_twice() {
    let lab = Lab::new();
    fs::write(lab.join("file"), b"content").unwrap();
    let error = error_of(filelock::acquire(lab.join("file/x")));
    let source = error.source().expect("because the system gave a reason").to_string();
    assert!(!error.to_string().contains(&source), "{error}: {source}");
    converts(error, ErrorKind::NotADirectory);
}

/// The kernel's own file systems refuse, root too, to have anything created in them.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_takes_no_files_fails_at_once() {
    let denied = error_of(filelock::acquire("/sys/kernel/filelock-test"));
    let AcquireError::Denied { source, .. } = &denied else { panic!("{denied:?}") };
    let kind = source.kind();
    assert!(denied.to_string().contains("not of a held lock"), "{denied}");
    assert!(!denied.is_contention());
    converts(denied, kind);

    // Linux says "not found" of a file to be created in a directory that exists.
    if fs::create_dir("/proc/filelock-test").unwrap_err().kind() != ErrorKind::NotFound {
        return testkit::skip("this system's /proc says so too when asked for a new file");
    }
    let intercepted = error_of(filelock::acquire("/proc/filelock-test"));
    assert!(matches!(intercepted, AcquireError::Intercepted { .. }), "{intercepted:?}");
    assert!(intercepted.to_string().contains("something intercepts"), "{intercepted}");
    assert!(!intercepted.is_contention());
    converts(intercepted, ErrorKind::Other);
}
