//! `holder`: who has a lock, and freeing it.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::json;
use testkit::wait_until;

use crate::support::{DOCUMENT, Lab, OtherUser, WATCHDOG, set_mode};

/// What stands behind `name` in what was printed.
#[track_caller]
fn field(printed: &str, name: &str) -> String {
    let lines = printed.lines().map(|line| line.split_at(8.min(line.len())));
    let mut found = lines.filter(|(label, _)| label.trim_end() == name);
    match (found.next(), found.next()) {
        (Some((_, text)), None) => text.to_owned(),
        _ => panic!("not one {name:?} in {printed}"),
    }
}

/// Makes a lock of `t` as the directory generation does, `age` ago.
fn make_foreign(lab: &Lab, pid: u32, age: Duration) {
    let stamp = SystemTime::now().checked_sub(age).unwrap().duration_since(UNIX_EPOCH).unwrap();
    fs::create_dir(lab.join("t.lock")).unwrap();
    lab.write("t.lock/holder", format!("{pid}\n{}\n", stamp.as_nanos()));
}

#[test]
fn a_free_lock_is_a_no() {
    let lab = Lab::new();
    assert_eq!(lab.cli(["holder", "t"]).run().exits(1).out(), "free\n");
    lab.cli(["holder", "t", "-q"]).run().exits(1).says_nothing();
    let told = lab.cli(["holder", "t", "--json"]).run().exits(1).json();
    assert_eq!(told, json!({"agentslock": 1, "ok": false, "path": "t", "held": false}));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn who_asks_by_the_locks_own_name_is_told_the_files() {
    let lab = Lab::with("{}");
    let holder = lab.hold("t");
    let ended = lab.cli(["holder", "t.lock"]).run().exits(1);
    assert_eq!(ended.out(), "free\n");
    assert!(ended.stderr.contains("ask about `t`"), "{}", ended.stderr);
    let ended = lab.cli(["holder", DOCUMENT]).run().exits(1);
    assert_eq!((ended.out(), &*ended.stderr), ("free\n", ""), "a document is no lock");
    holder.finish().exits(0);
}

#[test]
fn a_living_holder_is_named_and_nothing_is_changed() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let before = lab.picture_but_record("t");
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "holder").starts_with(&format!("process {},", holder.pid())));
    assert!(field(told.out(), "holder").contains("alive"));
    assert!(field(told.out(), "next").contains("waits until it is released"));
    field(told.out(), "since");
    lab.cli(["holder", "t", "-q"]).run().exits(0).says_nothing();
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    let found = &json["holder"];
    assert_eq!((&json["ok"], &json["held"]), (&json!(true), &json!(true)));
    assert_eq!((&found["pid"], &found["verdict"]), (&json!(holder.pid()), &json!("alive")));
    assert_eq!(found["handle"], field(told.out(), "handle"));
    assert!(found["age_seconds"].is_number() && found["since"].is_string(), "{json}");
    if fs::exists("/proc/self/comm").unwrap() {
        assert_eq!(field(told.out(), "command"), "agentslock");
        assert_eq!(found["command"], "agentslock");
    }
    assert_eq!(lab.picture_but_record("t"), before);
    holder.finish().exits(0);
}

#[test]
fn a_dead_holder_is_told_from_a_living_one() {
    let lab = Lab::new();
    let mut holder = lab.hold_with("t", &["--close"]);
    holder.signal(Signal::KILL);
    holder.await_end();
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "holder").contains("dead"), "{}", told.out());
    assert!(field(told.out(), "next").contains("at once"), "{}", told.out());
    assert!(!told.out().contains("command"), "the number can be another's by now");
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    assert_eq!(json["holder"]["verdict"], "dead");
    assert_eq!(lab.names(), ["t.lock"], "looking frees nothing");
    holder.finish();
}

#[test]
fn of_a_holder_that_only_the_clock_can_judge_it_says_when_it_expires() {
    let lab = Lab::new();
    make_foreign(&lab, 4_000_000, Duration::from_secs(10));
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "holder").contains("process 4000000"), "{}", told.out());
    assert!(field(told.out(), "holder").contains("expires in"), "{}", told.out());
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    let left = json["holder"]["expires_in_seconds"].as_f64().unwrap();
    assert!((0.0..20.0).contains(&left) && json["holder"]["verdict"] == "expires", "{json}");
    fs::remove_dir_all(lab.join("t.lock")).unwrap();
    make_foreign(&lab, 4_000_000, Duration::from_secs(40));
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    assert_eq!(json["holder"]["verdict"], "expired");
}

#[test]
fn a_lock_is_freed_only_by_the_handle_of_its_present_holder() {
    let lab = Lab::new();
    let first = lab.hold("t");
    let handle = field(lab.cli(["holder", "t"]).run().exits(0).out(), "handle");
    first.finish().exits(0);
    let free = |flags: &[&str]| lab.cli(["holder", "t", "--break", &handle]).args(flags).run();
    for flags in [&[][..], &["--dry-run"]] {
        assert!(free(flags).exits(1).complaint().contains("free"), "of a free lock");
    }
    let second = lab.hold("t");
    let before = lab.picture_but_record("t");
    for flags in [&[][..], &["--dry-run"], &["--quiet"]] {
        assert!(free(flags).exits(1).complaint().contains("look again"), "of another's lock");
    }
    let told = free(&["--json"]).exits(1).json();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("no-such-handle")));
    lab.cli(["holder", "t", "--break", ""]).run().exits(1).complaint();
    assert_eq!(lab.picture_but_record("t"), before);
    second.finish().exits(0);
}

#[test]
fn a_dead_lock_that_time_would_judge_is_freed_at_once() {
    let lab = Lab::new();
    make_foreign(&lab, 4_000_000, Duration::ZERO);
    let before = lab.picture();
    let handle = field(lab.cli(["holder", "t"]).run().exits(0).out(), "handle");
    let free = || lab.cli(["holder", "t", "--break", &handle]);
    assert_eq!(free().args(["-n"]).run().exits(0).out(), "would be freed\n");
    let told = free().args(["-n", "--json"]).run().exits(0).json();
    assert_eq!(told["outcome"], "would-free");
    assert_eq!(lab.picture(), before);
    assert_eq!(free().run().exits(0).out(), "freed\n");
    lab.expect_free("t");
    make_foreign(&lab, 4_000_000, Duration::ZERO);
    let handle = field(lab.cli(["holder", "t"]).run().exits(0).out(), "handle");
    let told = lab.cli(["holder", "t", "--json", "--break", &handle]).run().exits(0).json();
    assert_eq!((&told["ok"], &told["outcome"]), (&json!(true), &json!("freed")));
    lab.expect_free("t");
}

#[test]
fn a_command_whose_lock_was_freed_is_stopped_and_75() {
    let lab = Lab::new();
    let mut holder = lab.hold("t");
    let handle = field(lab.cli(["holder", "t"]).run().exits(0).out(), "handle");
    assert_eq!(lab.cli(["holder", "t", "--break", &handle]).run().exits(0).out(), "freed\n");
    lab.expect_free("t");
    // It learns of it when it renews.
    wait_until(WATCHDOG, || holder.has_ended());
    let ended = holder.finish().exits(75);
    assert!(ended.stderr.contains("stopping the command"), "{}", ended.stderr);
}

#[test]
fn what_is_no_lock_is_trouble_and_left_alone() {
    let lab = Lab::new();
    lab.make_fifo("t.lock");
    let before = lab.picture();
    for flags in [&[][..], &["--break", "1-2"], &["--break", "1-2", "-n"]] {
        let ended = lab.cli(["holder", "t"]).args(flags).run().exits(2);
        assert!(ended.complaint().contains("a FIFO, not a lock"), "{ended:?}");
        let told = lab.cli(["holder", "t", "--json"]).args(flags).run().exits(2).json();
        assert_eq!((&told["ok"], &told["path"]), (&json!(false), &json!("t")));
    }
    assert_eq!(lab.picture(), before);
    for target in ["/", ".."] {
        lab.cli(["holder", target]).run().exits(2).complaint();
    }
}

#[test]
fn another_users_lock_is_told_of_but_not_freed() {
    let test = "another_users_lock_is_told_of_but_not_freed";
    let Some(user) = OtherUser::for_test(test) else { return };
    let lab = Lab::with("{}");
    set_mode(lab.root(), 0o755);
    let holder = lab.hold(DOCUMENT);
    let look = user.agentslock(["holder", DOCUMENT]).in_directory(lab.root()).run().exits(0);
    let handle = field(look.out(), "handle");
    let free = user.agentslock(["holder", DOCUMENT, "--break", &handle]);
    free.in_directory(lab.root()).run().exits(2).complaint();
    lab.expect_held(DOCUMENT);
    holder.finish().exits(0);
}
