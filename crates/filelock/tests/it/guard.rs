//! Holding: what a holder can ask of its guard while all is well. What it learns when the lock is
//! lost is in `lost`.
//!
//! Not tested: a guard in a forked child answers `ForeignProcess`, and dropping it there releases
//! nothing. A fork without exec needs unsafe code, which this workspace forbids.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use filelock::testing::{Environment, Way};
use filelock::{Liveness, LockOptions};

use crate::support::{
    Lab, SECOND, age, ahead, brief, expect_alive, expect_gone, expect_replaced, now, ways,
};

fn stamp_of(lab: &Lab) -> i64 {
    let text = fs::read_to_string(lab.holder()).unwrap();
    text.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_held_lock_verifies_as_often_as_it_is_asked() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let guard = LockOptions::new().environment(environment).acquire(lab.target()).unwrap();
        let before = lab.snapshot();
        for _ in 0..100 {
            guard.verify().unwrap();
        }
        assert_eq!(lab.snapshot(), before, "{way}: looking changed something");
    }
}

/// The clock is not asked: a holder that was late may still commit as long as nobody replaced it.
#[test]
fn an_old_lock_that_nobody_took_is_still_ours() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let past = Environment { clock_offset: -3600 * SECOND, ..environment };
        let guard = brief().environment(past).acquire(lab.target()).unwrap();
        guard.verify().unwrap_or_else(|error| panic!("{way}: {error}"));
        guard.release().unwrap();
    }
}

#[test]
fn renewing_changes_the_time_and_nothing_else() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        // An hour slow, so that every digit that can change does.
        let past = Environment { clock_offset: -3600 * SECOND, ..environment };
        let guard = brief().environment(past).acquire(lab.target()).unwrap();
        let old = fs::read_to_string(lab.holder()).unwrap();
        let before = now() - 3600 * SECOND;
        guard.renew().unwrap();
        let after = now() - 3600 * SECOND;
        let new = fs::read_to_string(lab.holder()).unwrap();

        assert!((before..=after).contains(&stamp_of(&lab)), "{way}: {new:?}");
        assert_eq!(old.len(), new.len(), "{way}");
        for (line, (old, new)) in old.lines().zip(new.lines()).enumerate() {
            assert!(line == 1 || old == new, "{way}, line {line}: {old:?} became {new:?}");
        }
        guard.verify().unwrap();
        guard.release().unwrap();
    }
}

/// Sets the recorded time back, as if the holder had not renewed for so long.
fn set_back(lab: &Lab, seconds: i64) {
    let text = fs::read_to_string(lab.holder()).unwrap();
    let offset = text.lines().next().unwrap().len() + 1;
    let digits = format!("{:019}", now() - seconds * SECOND);
    let mut file = fs::File::options().write(true).open(lab.holder()).unwrap();
    file.seek(SeekFrom::Start(offset.try_into().unwrap())).unwrap();
    file.write_all(digits.as_bytes()).unwrap();
}

#[test]
fn a_time_based_holder_that_renews_stays_alive() {
    for lab in Lab::everywhere() {
        let options = brief().environment(Environment::from(Way::ByTime));
        let guard = options.acquire(lab.target()).unwrap();
        for _ in 0..3 {
            set_back(&lab, 3600);
            age(&lab.lock(), Duration::from_secs(3600));
            guard.renew().unwrap();
            expect_alive(&options, lab.target());
            // For those who cannot read the record.
            let changed = fs::metadata(lab.lock()).unwrap().modified().unwrap();
            assert!(changed.elapsed().unwrap_or_default() < Duration::from_secs(60));
        }
        set_back(&lab, 3600);
        expect_gone(&options, lab.target());
        crate::lost::expect_lost(guard);
    }
}

#[test]
fn a_holder_tells_what_it_holds() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let guard = brief().environment(environment).acquire(lab.target()).unwrap();
        assert_eq!((guard.path(), guard.lock_path()), (&*lab.target(), &*lab.lock()), "{way}");
        assert!(guard.takeover().is_none(), "{way}");
        assert!(format!("{guard:?}").contains(guard.token()), "{way}");
        guard.release().unwrap();
    }
}

/// As processes that others see do: of each other they know the record and how alive it is.
#[test]
fn a_waiter_sees_who_holds_and_how_that_is_known() {
    for (way, environment) in ways() {
        let lab = Lab::new();
        let before = std::time::SystemTime::now();
        let guard = brief().environment(environment.clone()).acquire(lab.target()).unwrap();
        let holder = expect_alive(&brief().environment(environment), lab.target());
        assert!(holder.is_this_process(), "{way}");
        assert_eq!(holder.token(), Some(guard.token()), "{way}");
        assert!(holder.since().unwrap() >= before - Duration::from_millis(1), "{way}");
        assert!(holder.age().unwrap() < Duration::from_secs(30), "{way}");
        let user = testkit::stat(&lab.lock()).owner.0;
        assert_eq!(holder.user(), cfg!(unix).then_some(user), "{way}");
        let running = *holder.liveness() == Liveness::Running;
        assert_eq!(running, guard.is_kernel_backed(), "{way}: {holder:?}");
    }
}

#[test]
fn an_expired_time_based_holder_is_replaced_and_learns_it() {
    for lab in Lab::everywhere() {
        let time_based =
            |seconds| brief().environment(Environment { way: Some(Way::ByTime), ..ahead(seconds) });
        let victim = time_based(0).acquire(lab.target()).unwrap();
        expect_alive(&time_based(20), lab.target());
        victim.verify().unwrap();

        let taker = expect_replaced(&time_based(31), lab.target());
        let previous = taker.takeover().expect("because the victim was replaced");
        assert_eq!(previous.token(), Some(victim.token()));
        let before = lab.snapshot();
        crate::lost::expect_lost(victim);
        assert_eq!(lab.snapshot(), before, "the victim touched its successor's lock");
        taker.verify().unwrap();
        taker.release().unwrap();
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}
