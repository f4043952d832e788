//! The helpers themselves.

// Through env(1) and sh(1).
#![cfg(unix)]

use std::panic::catch_unwind;
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::{ChildTest, parent, places, skip, wait_until, within};

const LONG: Duration = Duration::from_secs(30);

/// The line of the call in [`child_skips`].
const SKIPS_AT: u32 = line!() + 5;

#[test]
fn child_skips() {
    if parent().is_some() {
        skip("no reason");
    }
}

#[test]
fn what_is_skipped_is_collected() {
    let place = &places()[0];
    let collection = place.join("not-run");
    let through = |setting: &str| {
        let collection = collection.to_str().unwrap();
        let collect = format!("AGENTSLOCK_NOT_RUN={collection}");
        let unset = ["env", "-u", "AGENTSLOCK_REQUIRE_ALL"].map(str::to_owned);
        let wrapper = unset.into_iter().chain([collect, setting.to_owned()]);
        ChildTest::new(module_path!(), "child_skips").through(wrapper).spawn()
    };
    let line = format!("NOT RUN: {}:{SKIPS_AT}: no reason\n", file!());
    for _ in 0..2 {
        assert!(through("X=").succeed().contains(&line));
    }
    assert_eq!(std::fs::read_to_string(&collection).unwrap(), line.repeat(2));
    let failed = catch_unwind(|| through("AGENTSLOCK_REQUIRE_ALL=1").succeed());
    assert!(failed.is_err(), "a skipped test passed although all were required");
    assert_eq!(std::fs::read_to_string(&collection).unwrap(), line.repeat(3));
}

#[test]
fn child_converses() {
    let Some(mut parent) = parent() else { return };
    assert_eq!(parent.number("NUMBER"), 7);
    parent.await_word("begin");
    parent.at("begun", "with what it has to say");
    parent.await_word("fail");
    panic!("as it was told");
}

#[test]
fn parent_and_child_converse_and_a_failure_is_passed_on() {
    let mut child = ChildTest::new(module_path!(), "child_converses").var("NUMBER", "7").spawn();
    child.say("anything else");
    child.say("begin");
    assert_eq!(child.await_point("begun"), "with what it has to say");
    child.say("fail");
    let said = catch_unwind(move || child.succeed()).unwrap_err();
    let said = said.downcast_ref::<String>().expect("because a formatted message is a string");
    assert!(said.contains("as it was told"), "{said}");
}

#[test]
fn a_test_that_does_not_exist_is_no_success() {
    let missing = ChildTest::new(module_path!(), "child_that_is_nowhere");
    assert!(catch_unwind(|| missing.spawn()).is_err());
}

#[test]
fn child_starts_another() {
    let Some(mut parent) = parent() else { return };
    let mut other = Command::new("sleep")
        .arg("600")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    parent.at("started-another", &other.id().to_string());
    parent.await_word("never said");
    other.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_dropped_child_is_gone_with_all_that_it_started() {
    let mut child = ChildTest::new(module_path!(), "child_starts_another").spawn();
    let other = child.await_point("started-another");
    let running = |pid: &str| {
        // A zombie has ended; who inherited it has not looked yet.
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    };
    let pid = child.pid().to_string();
    assert!(running(&pid) && running(&other));
    child.stop();
    drop(child);
    assert!(!running(&pid));
    wait_until(LONG, || !running(&other));
}

#[test]
fn waiting_ends() {
    let mut rounds = 0;
    wait_until(LONG, || {
        rounds += 1;
        rounds == 3
    });
    assert!(catch_unwind(|| wait_until(Duration::from_millis(5), || false)).is_err());
    assert_eq!(within(LONG, || 7), 7);
    let hangs = || within(Duration::from_millis(5), || std::thread::sleep(LONG));
    assert!(catch_unwind(hangs).is_err());
    let passed_on = catch_unwind(|| within(LONG, || std::panic::resume_unwind(Box::new(7))));
    assert_eq!(passed_on.unwrap_err().downcast_ref(), Some(&7));
}
