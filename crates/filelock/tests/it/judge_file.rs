//! Judging and clearing the locks of the file generation: one regular file at the lock's name.

use std::fs;
use std::time::Duration;

use filelock::{AcquireError, Liveness};

use crate::support::{
    Lab, NOBODY, SECOND, age, brief, expect_alive, expect_gone, expect_replaced, now, record,
};

#[test]
fn a_fresh_lock_file_is_alive() {
    for lab in Lab::everywhere() {
        fs::write(lab.lock(), record(now() - 20 * SECOND, "token\n")).unwrap();
        let before = lab.snapshot();
        let holder = expect_alive(&brief(), lab.target());
        assert_eq!(holder.pid(), Some(NOBODY));
        assert_eq!(holder.token(), Some("token"));
        assert!(
            matches!(holder.liveness(), Liveness::Expires { within } if *within <= Duration::from_secs(10))
        );
        assert_eq!(lab.snapshot(), before, "a living holder's lock was touched on {}", lab.name());
    }
}

#[test]
fn a_lock_file_older_than_the_ttl_is_replaced() {
    for lab in Lab::everywhere() {
        fs::write(lab.lock(), record(now() - 31 * SECOND, "")).unwrap();
        let guard = expect_replaced(&brief(), lab.target());
        assert_eq!(guard.takeover().unwrap().liveness(), &Liveness::Expired);
        assert_eq!(lab.names(), ["events.ndjson.lock"], "on {}", lab.name());
        assert!(lab.holder().is_file());
    }
}

/// `flock(1)` and Python's `filelock` leave one behind, Yarn's own advice is to make one. A power
/// cut can empty a lock of the file generation, too; but nobody can tell.
#[test]
fn an_empty_file_is_nobodys_lock_and_stays() {
    for bytes in [&b""[..], b"\x00\x00"] {
        let lab = Lab::new();
        fs::write(lab.lock(), bytes).unwrap();
        for old in [3, 3600] {
            age(&lab.lock(), Duration::from_secs(old));
            let error = brief().acquire(lab.target()).unwrap_err();
            let text = error.to_string();
            let AcquireError::NotALock { age, .. } = error else { panic!("{error:?}") };
            assert!(age >= Duration::from_secs(old), "{age:?}");
            assert!(text.contains("unchanged for"), "{text}");
            assert_eq!(fs::read(lab.lock()).unwrap(), bytes);
        }
        assert!(filelock::inspect(lab.target()).is_err());
        assert!(filelock::break_lock(lab.target(), &"0".parse().unwrap()).is_err());
        assert_eq!(fs::read(lab.lock()).unwrap(), bytes);
    }
}

/// `Cargo.lock` is what the lock of `Cargo` would be called.
#[test]
fn a_file_with_anything_else_in_it_is_no_lock_and_stays() {
    let large = vec![0; 5000];
    for bytes in [&b"17\n1700"[..], b"not a record\nat all\n", b"{}\n", b"\x00x", &large] {
        let lab = Lab::new();
        fs::write(lab.lock(), bytes).unwrap();
        age(&lab.lock(), Duration::from_secs(3600));
        let before = lab.snapshot();
        let error = brief().acquire(lab.target()).unwrap_err();
        assert!(matches!(error, AcquireError::NotALock { .. }), "{error:?}");
        assert!(error.to_string().contains("events.ndjson.lock"), "{error}");
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn the_record_outranks_the_files_own_time() {
    let lab = Lab::new();
    fs::write(lab.lock(), record(now(), "")).unwrap();
    age(&lab.lock(), Duration::from_secs(3600));
    expect_alive(&brief(), lab.target());
}

/// It keeps no OS lock on a file, whatever a record in it may say.
#[test]
fn a_flock_line_in_a_lock_file_is_not_believed() {
    let lab = Lab::new();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let rest = format!("token\nflock {}\n", boot.trim());
    fs::write(lab.lock(), record(now(), &rest)).unwrap();
    assert!(matches!(expect_alive(&brief(), lab.target()).liveness(), Liveness::Expires { .. }));
}

#[test]
fn a_time_far_in_the_future_in_a_lock_file_does_not_count() {
    let lab = Lab::new();
    fs::write(lab.lock(), record(i64::MAX, "")).unwrap();
    expect_alive(&brief(), lab.target());
    age(&lab.lock(), Duration::from_secs(3));
    expect_gone(&brief(), lab.target());
}

/// A gigabyte at the lock's name is not read, and no lock.
#[test]
fn only_the_start_of_a_large_lock_file_is_read() {
    let lab = Lab::new();
    fs::File::create(lab.lock()).unwrap().set_len(1 << 30).unwrap();
    age(&lab.lock(), Duration::from_secs(3));
    let error = brief().acquire(lab.target()).unwrap_err();
    assert!(matches!(error, AcquireError::NotALock { .. }), "{error:?}");
    assert!(lab.lock().exists());
}

/// There is no room to move it aside under a name that is derived from its own.
#[test]
fn an_expired_lock_file_with_a_very_long_name_is_replaced() {
    let lab = Lab::new();
    let target = lab.join("n".repeat(245));
    let lock = lab.join(format!("{}.lock", "n".repeat(245)));
    fs::write(&lock, record(now() - 31 * SECOND, "")).unwrap();
    expect_gone(&brief(), &target);
}
