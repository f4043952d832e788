//! A guard with a thread of its own that renews it.

use std::fs;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use filelock::LockOptions;
use filelock::testing::renew_every;
use testkit::{wait_until, within};

use crate::support::{Lab, WATCHDOG, ways};

const OFTEN: Duration = Duration::from_millis(5);

#[test]
fn a_lock_is_renewed_until_it_is_released_and_not_after() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let options = LockOptions::new().environment(environment);
        let guard = options.acquire(lab.target()).unwrap();
        let before = fs::read(lab.holder()).unwrap();
        let guard = renew_every(guard, OFTEN, |lost| panic!("{lost}")).unwrap();
        wait_until(WATCHDOG, || fs::read(lab.holder()).unwrap() != before);
        guard.verify().unwrap();
        within(WATCHDOG, move || guard.release().unwrap());
        assert_eq!(lab.names(), [""; 0], "{way}");
    }
}

#[test]
fn dropping_it_releases_it() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    drop(guard.keep_renewed(|lost| panic!("{lost}")).unwrap());
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_lost_lock_is_told_once_and_the_thread_ends() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let (sender, receiver) = mpsc::channel();
    let guard = renew_every(guard, OFTEN, move |lost| sender.send(lost.is_lost()).unwrap());
    let guard = guard.unwrap();
    fs::remove_dir_all(lab.lock()).unwrap();
    assert!(receiver.recv_timeout(WATCHDOG).unwrap());
    // The sender is gone with the thread.
    assert!(receiver.recv_timeout(WATCHDOG).is_err());
    assert!(guard.verify().unwrap_err().is_lost());
    let released = guard.release();
    assert!(released.is_err());
}

#[test]
fn the_callback_may_release_the_guard() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let shared = Arc::new(Mutex::new(None));
    let (sender, receiver) = mpsc::channel();
    let theirs = Arc::clone(&shared);
    let guard = renew_every(guard, OFTEN, move |_| {
        let guard = theirs.lock().unwrap().take();
        drop::<Option<filelock::RenewedGuard>>(guard);
        sender.send(()).unwrap();
    });
    *shared.lock().unwrap() = Some(guard.unwrap());
    fs::remove_dir_all(lab.lock()).unwrap();
    receiver.recv_timeout(WATCHDOG).unwrap();
    assert!(shared.lock().unwrap().is_none());
}

#[test]
fn the_thread_that_renews_makes_nobody_wait_for_itself() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    let before = fs::read(lab.holder()).unwrap();
    let guard = renew_every(guard, OFTEN, |lost| panic!("{lost}")).unwrap();
    wait_until(WATCHDOG, || fs::read(lab.holder()).unwrap() != before);
    let again = filelock::acquire(lab.target());
    assert!(matches!(again, Err(filelock::AcquireError::Deadlock { .. })), "{again:?}");
    guard.release().unwrap();
}
