//! Judging, by the clock: directories whose record names no OS lock, or that have none.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use filelock::{Liveness, LockOptions};

use crate::support::{
    Lab, NOBODY, SECOND, WATCHDOG, acquire, age, ahead, brief, expect_alive, expect_gone,
    expect_replaced, now, record, set_modified,
};

/// The lines that the two revisions of the directory generation write after the time.
const TAILS: [&str; 3] = ["", "0123abcd\n", "0123abcd"];

#[track_caller]
fn expect_expires(options: &LockOptions, lab: &Lab, at_most: Duration) {
    let holder = expect_alive(options, lab.target());
    match holder.liveness() {
        Liveness::Expires { within } => assert!(*within <= at_most, "{within:?}, not {at_most:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fresh_foreign_holder_is_alive() {
    for lab in Lab::everywhere() {
        for tail in TAILS {
            lab.occupy(Some(&record(now() - 20 * SECOND, tail)));
            let before = lab.snapshot();
            let holder = expect_alive(&brief(), lab.target());
            assert_eq!(holder.pid(), Some(NOBODY));
            assert_eq!(holder.token(), Some("0123abcd").filter(|_| !tail.is_empty()));
            assert!(holder.age().unwrap() >= Duration::from_secs(20));
            expect_expires(&brief(), &lab, Duration::from_secs(10));
            assert_eq!(lab.snapshot(), before, "a living holder's lock was touched");
            fs::remove_dir_all(lab.lock()).unwrap();
        }
    }
}

#[test]
fn a_foreign_holder_older_than_the_ttl_is_replaced() {
    for lab in Lab::everywhere() {
        for tail in TAILS {
            lab.occupy(Some(&record(now() - 31 * SECOND, tail)));
            let guard = expect_replaced(&brief(), lab.target());
            let previous = guard.takeover().expect("because it was replaced");
            assert_eq!((previous.pid(), previous.liveness()), (Some(NOBODY), &Liveness::Expired));
            guard.release().unwrap();
            assert_eq!(lab.names(), [""; 0]);
        }
    }
}

#[test]
fn the_ttl_is_the_callers() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 20 * SECOND, "")));
    expect_alive(&brief().ttl(Duration::from_secs(3600)), lab.target());
    expect_gone(&brief().ttl(Duration::from_secs(10)), lab.target());
}

/// A backup or a sync tool can set directory times; the record is what the holder itself said.
#[test]
fn the_record_outranks_the_directorys_own_time() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now(), "")));
    age(&lab.lock(), Duration::from_secs(3600));
    age(&lab.holder(), Duration::from_secs(3600));
    expect_alive(&brief(), lab.target());

    let lab = Lab::new();
    lab.occupy(Some(&record(now() - 31 * SECOND, "")));
    expect_gone(&brief(), lab.target());
}

#[test]
fn a_record_without_its_last_line_end_is_read() {
    let lab = Lab::new();
    lab.occupy(Some(format!("{NOBODY}\n{:019}", now() - 20 * SECOND).as_bytes()));
    assert_eq!(expect_alive(&brief(), lab.target()).pid(), Some(NOBODY));
}

#[test]
fn extreme_times_are_judged_without_overflow() {
    // The beginning of time is long ago.
    for stamp in ["0000000000000000000", "0", "1"] {
        let lab = Lab::new();
        lab.occupy(Some(format!("{NOBODY}\n{stamp}\n").as_bytes()));
        expect_gone(&brief(), lab.target());
    }
    // The end of time cannot be: the record does not count, and the directory is fresh.
    for stamp in [i64::MAX, i64::MAX - 1, now() + 3600 * SECOND] {
        let lab = Lab::new();
        lab.occupy(Some(&record(stamp, "")));
        expect_expires(&brief(), &lab, Duration::from_secs(30));
        age(&lab.lock(), Duration::from_secs(31));
        expect_gone(&brief(), lab.target());
    }
}

/// An indexer, or somebody who means harm: in each look, a waiter finds what seems to be a new
/// holder.
#[cfg(unix)] // Windows opens no directory as a file.
#[test]
fn a_dead_holders_directory_that_is_touched_all_the_time_is_no_refuge() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::support::WATCHDOG;

    let lab = Lab::new();
    // Dead when it has been looked at for a while.
    lab.occupy(Some(&record(now() - 30 * SECOND + SECOND / 2, "")));
    let is_done = AtomicBool::new(false);
    let waited = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed)
                && let Ok(directory) = fs::File::open(lab.lock())
            {
                let _ = directory.set_modified(SystemTime::now());
            }
        });
        let started = Instant::now();
        let guard = LockOptions::new().timeout(WATCHDOG).acquire(lab.target());
        is_done.store(true, Ordering::Relaxed);
        assert!(guard.unwrap().takeover().is_some());
        started.elapsed()
    });
    assert!(waited < WATCHDOG / 2, "{waited:?}: only when time was up");
}

/// Clocks differ a little; within a TTL a time in the future is as good as now.
#[test]
fn a_time_slightly_in_the_future_is_a_time() {
    let lab = Lab::new();
    lab.occupy(Some(&record(now() + 20 * SECOND, "")));
    age(&lab.lock(), Duration::from_secs(3600));
    let holder = expect_alive(&brief(), lab.target());
    assert_eq!(holder.age(), Some(Duration::ZERO));
    expect_gone(&brief().environment(ahead(51)), lab.target());
}

/// A waiter must know that the grace is not all that it takes. A file server's clock can be ahead,
/// or a clock was set back.
#[cfg(unix)] // Without modes nothing tells a claim of ours from any other empty directory.
#[test]
fn a_remnant_from_the_future_says_how_long_it_stays_in_the_way() {
    let lab = Lab::new();
    lab.occupy(None);
    lab.mark_in_the_making();
    let hour = Duration::from_secs(3600);
    set_modified(&lab.lock(), SystemTime::now() + hour);
    let holder = expect_alive(&brief(), lab.target());
    let Liveness::Expires { within } = *holder.liveness() else { panic!("{holder:?}") };
    assert!(within > hour && within <= hour + Duration::from_secs(2), "{within:?}");
    expect_gone(&brief().environment(ahead(3603)), lab.target());
}

const UNPARSABLE: [&[u8]; 9] = [
    b"",
    b"\n",
    b"17\n",
    b"17\n17000000000",
    b"0\n1700000000123456789\n",
    b"-17\n1700000000123456789\n",
    b"17\n99999999999999999999\n",
    b"\x00\xff\xfe\x7fELF",
    b"{\"pid\": 17}\n",
];

#[test]
fn an_unparsable_record_goes_by_the_directorys_time_and_the_ttl() {
    for bytes in UNPARSABLE {
        let lab = Lab::new();
        lab.occupy(Some(bytes));
        // Longer than the grace: the record may be one of a later version, of a living holder.
        age(&lab.lock(), Duration::from_secs(20));
        let holder = expect_alive(&brief(), lab.target());
        assert_eq!(holder.pid(), None, "{}", String::from_utf8_lossy(bytes));
        assert!(holder.to_string().contains("no readable record"), "{holder}");
        expect_expires(&brief(), &lab, Duration::from_secs(10));
        age(&lab.lock(), Duration::from_secs(31));
        expect_gone(&brief(), lab.target());
    }
}

#[cfg(unix)] // Without modes nothing tells a claim of ours from any other empty directory.
#[test]
fn a_directory_without_a_record_is_a_claim_in_the_making_until_the_grace_is_over() {
    for lab in Lab::everywhere() {
        lab.occupy(None);
        lab.mark_in_the_making();
        expect_expires(&brief(), &lab, Duration::from_secs(2));
        expect_alive(&brief().grace(Duration::from_secs(20)), lab.target());

        age(&lab.lock(), Duration::from_secs(3));
        expect_alive(&brief().grace(Duration::from_secs(20)), lab.target());
        let guard = expect_replaced(&brief(), lab.target());
        assert!(guard.takeover().is_none(), "nobody was replaced: nobody had got it");
    }
}

/// `mkdir` in a script, proper-lockfile: an empty directory is all that they have, and they may
/// change its time only every few seconds.
#[test]
fn an_empty_directory_that_is_not_ours_lives_for_a_ttl_after_its_last_change() {
    for lab in Lab::everywhere() {
        lab.occupy(None);
        age(&lab.lock(), Duration::from_secs(20));
        expect_alive(&brief(), lab.target());
        expect_expires(&brief(), &lab, Duration::from_secs(10));
        age(&lab.lock(), Duration::from_secs(31));
        expect_gone(&brief(), lab.target());
    }
}

#[cfg(unix)] // There is no sticky bit on Windows.
#[test]
fn a_directory_published_with_its_record_and_without_it_now_is_free_in_a_moment() {
    // For who emptied it, and was about to remove it: the directory's mtime tells when.
    const LEFT_ALONE: Duration = Duration::from_millis(50);
    for lab in Lab::everywhere() {
        let emptied = Instant::now();
        lab.occupy(None);
        lab.mark_published();
        let tried = brief().try_acquire(lab.target()).unwrap().acquired();
        assert!(tried.is_none() || emptied.elapsed() >= LEFT_ALONE / 2);
        drop(tried);
    }
    for lab in Lab::everywhere() {
        let emptied = Instant::now();
        lab.occupy(None);
        lab.mark_published();
        // A moment is far less than the grace. The kernel's clock of files can be a tick behind.
        let options = brief().timeout(WATCHDOG).ttl(WATCHDOG * 2).grace(WATCHDOG * 2);
        let guard = acquire(&options, lab.target()).unwrap();
        assert!(emptied.elapsed() >= LEFT_ALONE / 2, "{:?}", emptied.elapsed());
        assert!(guard.takeover().is_none(), "its owner had released it");
    }
    for lab in Lab::everywhere() {
        lab.occupy(None);
        lab.mark_published();
        age(&lab.lock(), Duration::from_secs(3));
        let guard = expect_replaced(&brief(), lab.target());
        assert!(guard.takeover().is_none(), "its owner had released it");
    }
}

/// What it guards may be half-written; and a waiter that saw another holder since has nothing to
/// tell of the one before.
#[test]
fn only_who_replaced_a_holder_is_told_of_it() {
    let lab = Lab::new();
    let guard = filelock::acquire(lab.target()).unwrap();
    assert!(guard.takeover().is_none());
    guard.release().unwrap();

    lab.occupy(Some(&record(0, "")));
    let guard = expect_replaced(&brief(), lab.target());
    assert!(guard.takeover().is_some());
    guard.release().unwrap();
    assert!(filelock::acquire(lab.target()).unwrap().takeover().is_none());
}
