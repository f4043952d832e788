//! Errors, matched with this crate alone.

use std::io::ErrorKind;
use std::time::Duration;

use agentslock_config::{
    AcquireError, ConfigLock, FileError, FlushError, Kind, LockOptions, LockfileOptions, OpenError,
    Pass, ReadError, WriteError,
};

use crate::support::{Lab, layer, pass};

#[test]
fn a_held_lock_names_its_holder_and_is_a_timeout() {
    let lab = Lab::with("{}");
    let guard = LockOptions::new().acquire(lab.path()).unwrap();
    let hasty = LockOptions::new().timeout(Duration::from_millis(50));
    let hasty = ConfigLock::with_options(lab.path(), LockfileOptions::new().lock(hasty));
    let write = || hasty.write(&pass([Kind::Layer], &[("a:x@1", layer(1))])).unwrap_err();
    let error = std::thread::scope(|scope| scope.spawn(write).join().unwrap());
    guard.release().unwrap();
    assert!(error.is_contention() && !error.is_lost() && !error.is_committed());
    let holder = error.contention().expect("because one process held it all the time");
    assert!(holder.is_this_process());
    let timeout = matches!(
        &error,
        WriteError::Flush(FlushError::File(FileError::Lock(AcquireError::Timeout { .. })))
    );
    assert!(timeout, "{error:?}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::TimedOut);
    assert_eq!(lab.text(), "{}");
}

#[test]
fn a_lost_lock_is_no_missing_file() {
    let lab = Lab::with("{}");
    let mut rounds = 0;
    let error = lab
        .lock
        .update(|document| {
            rounds += 1;
            document.write(&pass([Kind::Layer], &[("a:x@1", layer(1))]))?;
            // The first look is without the lock.
            if rounds == 1 {
                return Ok(());
            }
            // Somebody takes the lock for a left-over.
            let lock = lab.path().with_extension("lock.lock");
            std::fs::remove_dir_all(&lock).map_err(WriteError::caller)
        })
        .unwrap_err();
    assert!(rounds > 2, "it starts over");
    assert!(error.is_lost() && !error.is_contention() && !error.is_committed(), "{error:?}");
    assert!(error.contention().is_none());
    // A program that reads, changes and writes takes `NotFound` for "no file yet".
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::Other);
    assert_eq!(lab.text(), "{}");
}

#[test]
fn each_error_of_a_write_has_a_kind_that_traps_nobody() {
    let kind = |text: &str, found: Pass| {
        let lab = Lab::with(text);
        let error = lab.lock.write(&found).unwrap_err();
        assert_eq!(lab.text(), text);
        std::io::Error::from(error).kind()
    };
    let layers = || pass([Kind::Layer], &[("a:x@1", layer(1))]);
    assert_eq!(kind("[]", layers()), ErrorKind::InvalidData);
    assert_eq!(kind(r#"{"units":7}"#, layers()), ErrorKind::InvalidData);
    assert_eq!(kind(r#"{"lock_version":9}"#, layers()), ErrorKind::Unsupported);
    let taken = r#"{"units":{"a:x@1":{"kind":"prompt","digest":"d"}}}"#;
    assert_eq!(kind(taken, layers()), ErrorKind::InvalidInput);
}

#[test]
fn what_cannot_be_read_is_matched_and_converted_alike() {
    let lab = Lab::with("<<<<<<< ours\n{}\n=======\n[]\n>>>>>>> theirs\n");
    let error = lab.lock.read().unwrap_err();
    assert!(matches!(error, ReadError::Open(OpenError::Malformed { .. })), "{error:?}");
    assert_eq!(std::io::Error::from(error).kind(), ErrorKind::InvalidData);
}
