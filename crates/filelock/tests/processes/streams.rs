//! Windows: a holder keeps its record's stream open, and so the system says whether it lives.
//!
//! Under Wine a stream is a file of its own, and no holder relies on it. The tests then make one do
//! so.

use std::fs::{self, File};
use std::os::windows::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use filelock::testing::{STREAMS, Way};
use filelock::{Liveness, LockOptions};
use testkit::{ChildTest, TestChild};

use crate::support::{Lab, WATCHDOG, ahead, brief, expect_alive, expect_gone, expect_replaced};

const FILE_SHARE_READ_WRITE: u32 = 3;

#[test]
fn child_holds_with_a_stream() {
    let Some(mut parent) = testkit::parent() else { return };
    let guard = LockOptions::new().acquire(parent.path("TARGET")).unwrap();
    parent.at("holding", if guard.is_kernel_backed() { "kernel" } else { "time" });
    parent.await_word("release");
    guard.release().unwrap();
    parent.at("released", "");
}

fn child(lab: &Lab) -> ChildTest {
    ChildTest::new(module_path!(), "child_holds_with_a_stream").var("TARGET", lab.target())
}

/// A holder with a stream.
fn holder(lab: &Lab) -> TestChild {
    let mut child = child(lab).environment(STREAMS, "1").spawn();
    assert_eq!(child.await_point("holding"), "kernel");
    child
}

/// A volume that keeps what is called like a stream as a file of its own has none, and none is
/// made.
#[test]
fn a_holder_has_a_stream_exactly_if_the_volume_has_such() {
    let lab = Lab::new();
    fs::write(lab.join("x"), "content").unwrap();
    let has_streams = fs::read(lab.join("x::$DATA")).is_ok_and(|content| content == b"content");
    fs::remove_file(lab.join("x")).unwrap();
    let mut child = child(&lab).spawn();
    assert_eq!(child.await_point("holding") == "kernel", has_streams);
    let record = fs::read_to_string(lab.holder()).unwrap();
    assert_eq!(record.contains("\nstream alive\n"), has_streams, "{record}");
    assert_eq!(testkit::names(&lab.lock()), ["holder"]);
    child.say("release");
    child.await_point("released");
    assert_eq!(lab.names(), [""; 0]);
    child.succeed();
}

#[test]
fn a_holder_with_a_stream_is_replaced_at_once_when_it_is_killed_and_not_before() {
    for lab in Lab::everywhere() {
        let mut child = holder(&lab);
        // However old its record is.
        for seconds in [0, 31, 3600] {
            let holder = expect_alive(&brief().environment(ahead(seconds)), lab.target());
            assert_eq!(*holder.liveness(), Liveness::Running, "{seconds} s");
        }
        child.kill();
        let guard = expect_replaced(&brief(), lab.target());
        let previous = guard.takeover().expect("because a holder was replaced");
        assert_eq!((previous.pid(), previous.liveness()), (Some(child.pid()), &Liveness::Dead));
        guard.release().unwrap();
        assert_eq!(lab.names(), [""; 0], "on {}", lab.name());
    }
}

#[test]
fn a_released_lock_leaves_no_stream() {
    let lab = Lab::new();
    let mut child = holder(&lab);
    let record = fs::read_to_string(lab.holder()).unwrap();
    assert!(record.contains("\nstream alive\n"), "{record}");
    child.say("release");
    child.await_point("released");
    assert_eq!(lab.names(), [""; 0]);
    child.succeed();
}

/// A peer that goes by the clock reads a record as ever, and takes what has expired.
#[test]
fn a_peer_that_goes_by_the_clock_can_read_and_remove_a_record_with_a_stream() {
    let lab = Lab::new();
    let mut child = holder(&lab);
    assert!(!fs::read(lab.holder()).unwrap().is_empty());
    fs::remove_file(lab.holder()).unwrap();
    assert!(!lab.holder().exists());
    child.kill();
}

/// What is told of handles on this machine says nothing of another one's. A copy has no holder.
#[test]
fn the_stream_of_another_machine_or_of_no_file_is_not_believed() {
    let lab = Lab::new();
    let mut child = holder(&lab);
    let record = fs::read_to_string(lab.holder()).unwrap();
    let name = record.lines().find_map(|line| line.strip_prefix("host ")).unwrap();
    let other =
        record.replace(&format!("host {name}"), &format!("host {}", "x".repeat(name.len())));
    fs::write(lab.holder(), other).unwrap();
    let holder = expect_alive(&brief(), lab.target());
    assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{holder:?}");
    child.kill();

    let copy = Lab::new();
    copy.occupy(Some(record.as_bytes()));
    let holder = expect_alive(&brief(), copy.target());
    assert!(matches!(holder.liveness(), Liveness::Expires { .. }), "{holder:?}");
    expect_gone(&brief().environment(ahead(31)), copy.target());
}

/// As a scanner does: it lets others read and write, but not delete.
#[test]
fn a_dead_lock_that_another_program_looks_at_is_waited_for() {
    let lab = Lab::new();
    let mut child = holder(&lab);
    child.kill();
    let mut options = File::options();
    let reader = options.read(true).share_mode(FILE_SHARE_READ_WRITE).open(lab.holder()).unwrap();
    let looks = Duration::from_millis(1500);
    let started = Instant::now();
    let scanning = std::thread::spawn(move || {
        std::thread::sleep(looks);
        drop(reader);
    });
    let guard = LockOptions::new().timeout(WATCHDOG).acquire(lab.target()).unwrap();
    assert!(started.elapsed() >= looks);
    scanning.join().unwrap();
    guard.release().unwrap();
    assert_eq!(lab.names(), [""; 0]);
}

/// Several wait for a holder that is killed: one has the lock, the rest see that it lives.
#[test]
fn waiters_of_a_killed_holder_with_a_stream_get_the_lock_one_after_the_other() {
    let lab = Lab::new();
    let mut child = holder(&lab);
    let inside = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let guard = LockOptions::new().timeout(WATCHDOG).acquire(lab.target()).unwrap();
                assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                guard.release().unwrap();
            });
        }
        child.kill();
    });
    assert_eq!(lab.names(), [""; 0]);
}

/// A holder that goes by the clock alone has none.
#[test]
fn where_time_decides_no_stream_is_made() {
    let lab = Lab::new();
    let guard = brief().environment(Way::ByTime.into()).acquire(lab.target()).unwrap();
    assert!(!guard.is_kernel_backed());
    assert!(!fs::read_to_string(lab.holder()).unwrap().contains("stream"));
    guard.release().unwrap();
}
