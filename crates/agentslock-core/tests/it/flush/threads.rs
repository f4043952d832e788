//! One handle, many threads.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use agentslock_core::merge::{MarkerError, MergeError, Merged};
use agentslock_core::text::SyntaxError;
use agentslock_core::{
    Digest, Entries, Error, FieldError, Fields, Flushed, Lockfile, LockfileOptions, ReadError,
    VersionError,
};
use filelock::LockOptions;
use testkit::within;

use crate::support::{Lab, WATCHDOG, quick};

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<Lockfile>();
    goes::<LockfileOptions>();
    goes::<Entries>();
    goes::<Fields>();
    goes::<Merged>();
    goes::<Error>(); // and with it all that it holds
    goes::<FieldError>();
    goes::<ReadError>();
    goes::<VersionError>();
    goes::<SyntaxError>();
    goes::<MergeError>();
    goes::<MarkerError>();
}

#[test]
fn staging_and_reading_never_wait_for_a_flush() {
    let lab = Lab::with("{\"kept\":1}");
    let guard = filelock::acquire(lab.path()).unwrap().unbind();
    let (waits, waiting) = mpsc::channel();
    let patient = LockOptions::new().timeout(Duration::from_secs(600)).on_wait(move |_, _| {
        let _ = waits.send(());
        ControlFlow::Continue(())
    });
    let lockfile = Arc::new(quick().lock(patient).open(lab.path()).unwrap());
    lockfile.set_section("before", &1).unwrap();
    let flush = thread::spawn({
        let lockfile = Arc::clone(&lockfile);
        move || lockfile.flush().unwrap()
    });
    waiting.recv_timeout(WATCHDOG).unwrap();
    within(WATCHDOG, {
        let lockfile = Arc::clone(&lockfile);
        move || {
            lockfile.set_section("meanwhile", &2).unwrap();
            lockfile.set_inputs_digest(&Digest::verbatim("sha256:ab"));
            lockfile.remove_section("nothing").unwrap();
            assert_eq!(lockfile.section::<u8>("meanwhile").unwrap(), Some(2));
            assert_eq!(lockfile.section_names(), ["before", "kept", "meanwhile"]);
            assert_eq!(lockfile.inputs_digest(), Some(Digest::verbatim("sha256:ab")));
            assert!(lockfile.text().contains("meanwhile"));
        }
    });
    assert!(!flush.is_finished());
    guard.release().unwrap();
    assert_eq!(flush.join().unwrap(), Flushed::Written);
    lockfile.flush().unwrap();
    let end = lab.open();
    assert_eq!(end.section_names(), ["before", "kept", "meanwhile"]);
    assert_eq!(end.inputs_digest(), Some(Digest::verbatim("sha256:ab")));
}

#[test]
fn what_is_staged_during_a_flush_is_written_by_it_or_stays_staged() {
    const NAMES: u64 = 200;
    let lab = Lab::in_memory();
    // Large, so that a flush takes a while between looking at the stage and forgetting it.
    lab.write(format!("{{\"large\":\"{}\"}}", "x".repeat(1_000_000)));
    let lockfile = &lab.open();
    let flushes = AtomicU64::new(0);
    thread::scope(|scope| {
        let stager = scope.spawn(|| {
            for n in 0..NAMES {
                // However slow flushes are here, there are some while this stages.
                while flushes.load(Ordering::Relaxed) < n / 40 {
                    thread::yield_now();
                }
                let name = format!("{n:03}");
                lockfile.set_section(&name, &"old").unwrap();
                // Some flush takes a picture of the old value; at any moment of it comes the new.
                thread::sleep(Duration::from_micros(n * 7919 % 4000));
                if n % 10 == 0 {
                    lockfile.remove_section(&name).unwrap();
                } else {
                    lockfile.set_section(&name, &"new").unwrap();
                }
            }
        });
        while !stager.is_finished() {
            lockfile.flush().unwrap();
            flushes.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(flushes.into_inner() > 3, "no flush while there was staging");
    lockfile.flush().unwrap();
    let end = lab.open();
    for n in 0..NAMES {
        let value = end.section::<String>(&format!("{n:03}")).unwrap();
        assert_eq!(value.as_deref(), (n % 10 > 0).then_some("new"), "{n}");
    }
    assert_eq!(lockfile.text(), lab.text());
}

#[test]
fn threads_that_flush_one_handle_each_have_written_what_they_staged() {
    const THREADS: u32 = 4;
    const ROUNDS: u32 = 200;
    let lab = Lab::in_memory();
    let handle = lab.open();
    let lockfile = &handle;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let lab = &lab;
            scope.spawn(move || {
                let name = format!("thread {thread}");
                for n in 0..ROUNDS {
                    lockfile.set_section(&name, &n).unwrap();
                    // `Unchanged` if another thread's flush took it along.
                    lockfile.flush().unwrap();
                    assert_eq!(lab.open().section::<u32>(&name).unwrap(), Some(n));
                    assert_eq!(lockfile.section::<u32>(&name).unwrap(), Some(n));
                }
            });
        }
    });
    assert_eq!(lab.open().section_names().len(), THREADS as usize);
    drop(handle);
    lab.assert_only_the_document();
}

#[cfg(unix)] // Wine lets nobody replace a file that is open, as it nearly always is here.
#[test]
fn threads_that_flush_one_handle_do_not_bring_back_old_values() {
    let lab = Lab::in_memory();
    let lockfile = &lab.open();
    thread::scope(|scope| {
        let flushers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..100 {
                        lockfile.flush().unwrap();
                    }
                })
            })
            .collect();
        let (mut n, mut seen) = (0_u32, 0);
        while n == 0 || !flushers.iter().all(thread::ScopedJoinHandle::is_finished) {
            n += 1;
            lockfile.set_section("n", &n).unwrap();
            assert_eq!(lockfile.section::<u32>("n").unwrap(), Some(n));
            let written = lab.open().section::<u32>("n").unwrap().unwrap_or(0);
            assert!(seen <= written && written <= n, "{seen} {written} {n}");
            seen = written;
        }
        lockfile.flush().unwrap();
        assert_eq!(lab.open().section::<u32>("n").unwrap(), Some(n));
    });
}
