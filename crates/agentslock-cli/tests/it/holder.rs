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
fn a_held_lock_that_is_asked_about_by_its_own_name_is_not_said_to_be_free() {
    let lab = Lab::new();
    let holder = lab.hold("x");
    let handle =
        lab.cli(["holder", "x", "--json"]).run().exits(0).json()["holder"]["handle"].clone();
    let handle = handle.as_str().unwrap();
    for flags in [&[][..], &["-q"], &["--json"], &["--until-free"], &["--break", handle]] {
        let ended = lab.cli([&["holder", "x.lock"], flags].concat()).run().exits(2);
        let said = format!("{}{}", ended.out(), ended.stderr);
        assert!(said.contains("`x.lock` itself is a lock"), "{flags:?}: {ended:?}");
        assert!(said.contains("`agentslock holder x`"), "{flags:?}: {ended:?}");
    }
    lab.expect_held("x");
    let ended = lab.cli(["holder", DOCUMENT]).run().exits(1);
    let free = "free (there is no such file)\n";
    assert_eq!((ended.out(), &*ended.stderr), (free, ""), "a document is no lock");
    holder.finish().exits(0);
    lab.cli(["holder", "x.lock", "-q"]).run().exits(1);
}

#[test]
fn a_free_lock_is_a_no() {
    let lab = Lab::new();
    let ended = lab.cli(["holder", "t"]).run().exits(1);
    assert_eq!(ended.out(), "free (there is no such file)\n");
    lab.write("t", "");
    assert_eq!(lab.cli(["holder", "t"]).run().exits(1).out(), "free\n");
    fs::remove_file(lab.join("t")).unwrap();
    lab.cli(["holder", "t", "-q"]).run().exits(1).says_nothing();
    let told = lab.cli(["holder", "t", "--json"]).run().exits(1).json();
    assert_eq!(told, json!({"agentslock": 1, "ok": false, "path": "t", "held": false}));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_living_holder_is_named_and_nothing_is_changed() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let before = lab.snapshot_but_record("t");
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "holder").starts_with(&format!("process {},", holder.pid())));
    assert!(field(told.out(), "holder").contains("still running"));
    assert!(field(told.out(), "next").contains("wait until it is released"));
    field(told.out(), "since");
    lab.cli(["holder", "t", "-q"]).run().exits(0).says_nothing();
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    let found = &json["holder"];
    assert_eq!((&json["ok"], &json["held"]), (&json!(true), &json!(true)));
    assert_eq!((&found["pid"], &found["verdict"]), (&json!(holder.pid()), &json!("alive")));
    assert_eq!(found["handle"], field(told.out(), "handle"));
    assert!(found["age_seconds"].is_number() && found["since"].is_string(), "{json}");
    if fs::exists("/proc/self/comm").unwrap() {
        let command = field(told.out(), "command");
        assert!(command.ends_with("agentslock run t -- cat"), "{command}");
        assert_eq!(found["command"], command);
    }
    assert_eq!(lab.snapshot_but_record("t"), before);
    holder.finish().exits(0);
}

#[test]
fn a_dead_holder_is_told_from_a_living_one() {
    let lab = Lab::new();
    let mut holder = lab.hold_with("t", &["--close"]);
    holder.signal(Signal::KILL);
    holder.await_end();
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "holder").contains("died"), "{}", told.out());
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
    let before = lab.snapshot_but_record("t");
    for flags in [&[][..], &["--dry-run"], &["--quiet"]] {
        assert!(free(flags).exits(1).complaint().contains("look again"), "of another's lock");
    }
    let told = free(&["--json"]).exits(1).json();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("no-such-handle")));
    lab.cli(["holder", "t", "--break", ""]).run().exits(1).complaint();
    assert_eq!(lab.snapshot_but_record("t"), before);
    second.finish().exits(0);
}

#[test]
fn a_dead_lock_that_time_would_judge_is_freed_at_once() {
    let lab = Lab::new();
    make_foreign(&lab, 4_000_000, Duration::ZERO);
    let before = lab.snapshot();
    let handle = field(lab.cli(["holder", "t"]).run().exits(0).out(), "handle");
    let free = || lab.cli(["holder", "t", "--break", &handle]);
    assert_eq!(free().args(["-n"]).run().exits(0).out(), "would be freed\n");
    let told = free().args(["-n", "--json"]).run().exits(0).json();
    assert_eq!(told["outcome"], "would-free");
    assert_eq!(lab.snapshot(), before);
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
    let before = lab.snapshot();
    for flags in [&[][..], &["--break", "1-2"], &["--break", "1-2", "-n"]] {
        let ended = lab.cli(["holder", "t"]).args(flags).run().exits(2);
        assert!(ended.complaint().contains("a FIFO, not a lock"), "{ended:?}");
        let told = lab.cli(["holder", "t", "--json"]).args(flags).run().exits(2).json();
        assert_eq!((&told["ok"], &told["path"]), (&json!(false), &json!("t")));
    }
    assert_eq!(lab.snapshot(), before);
    for target in ["/", ".."] {
        lab.cli(["holder", target]).run().exits(2).complaint();
    }
}

#[test]
fn a_holder_that_is_stopped_is_called_so_and_how_to_go_on() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    holder.signal(Signal::STOP);
    let said = || field(lab.cli(["holder", "t"]).run().exits(0).out(), "holder");
    wait_until(WATCHDOG, || said().contains("stopped"));
    let told = lab.cli(["holder", "t"]).run().exits(0);
    assert!(field(told.out(), "next").contains(&format!("kill -CONT {}", holder.pid())));
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    assert_eq!(json["holder"]["stopped"], true);
    holder.signal(Signal::CONT);
    holder.finish().exits(0);
}

#[test]
fn of_a_dead_holder_whose_command_lives_the_command_is_named() {
    let lab = Lab::new();
    let script = "echo $$; exec cat";
    let run = ["run", "t", "--", "sh", "-c", script];
    let mut holder = lab.cli(run).open_input("on\n").start();
    holder.await_out("on\n");
    let (dead, child) = (holder.pid(), holder.printed().lines().next().unwrap().to_owned());
    holder.signal(Signal::KILL);
    holder.await_end();
    // Who merely has it open, as we do, has no share in the lock.
    let _open = fs::File::open(lab.join("t.lock")).unwrap();
    let told = lab.cli(["holder", "t"]).run().exits(0);
    let expected = format!("process {child} (it inherited the lock of {dead}, which died)");
    assert!(field(told.out(), "holder").starts_with(&expected), "{}", told.out());
    assert_eq!(field(told.out(), "command"), "cat");
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    assert_eq!(json["holder"]["inherited_by"].to_string(), format!("[{child}]"));
    drop(holder);
}

/// Nobody dies, and `append` starts nothing: so nobody inherits a lock, however short a hold is.
#[test]
fn who_waits_among_many_is_never_told_of_an_heir() {
    let lab = Lab::new();
    let appended = || {
        let mut told = Vec::new();
        for _ in 0..8 {
            let wait = ["append", "t", "{}", "--wait", "0.01", "--json"];
            let ended = lab.cli(wait).run();
            told.push(ended.out().to_owned() + &ended.stderr);
            let looked = lab.cli(["holder", "t", "--json"]).run();
            told.push(looked.out().to_owned() + &looked.stderr);
        }
        told
    };
    let told: Vec<String> = std::thread::scope(|scope| {
        let shells: Vec<_> = (0..8).map(|_| scope.spawn(appended)).collect();
        shells.into_iter().flat_map(|shell| shell.join().unwrap()).collect()
    });
    for told in told {
        assert!(!told.contains("inherited"), "{told}");
    }
}

#[test]
fn since_is_the_acquisition_and_not_the_last_renewal() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let record = lab.join("t.lock/holder");
    let since = field(lab.cli(["holder", "t"]).run().exits(0).out(), "since");
    let before = fs::read(&record).unwrap();
    wait_until(WATCHDOG, || fs::read(&record).unwrap() != before);
    assert_eq!(field(lab.cli(["holder", "t"]).run().exits(0).out(), "since"), since);
    let json = lab.cli(["holder", "t", "--json"]).run().exits(0).json();
    assert!(json["holder"]["age_seconds"].as_f64().unwrap() > 5.0, "{json}");
    holder.finish().exits(0);
}

#[test]
fn a_holder_in_another_pid_namespace_is_named_by_its_number_here() {
    let lab = Lab::new();
    let inside =
        ["-pf", "--mount-proc", "--kill-child", crate::support::PROGRAM, "run", "t", "--", "cat"];
    let unshare = crate::support::Program::new("unshare").args(inside).in_directory(lab.root());
    let mut holder = unshare.open_input("on\n").start();
    wait_until(WATCHDOG, || holder.has_ended() || lab.join("t.lock/holder").exists());
    if holder.has_ended() {
        return testkit::skip("unshare(1) may make no pid namespace here");
    }
    holder.await_out("on\n");
    let told = lab.cli(["holder", "t"]).run().exits(0);
    let said = field(told.out(), "holder");
    assert!(said.contains("in its own pid namespace"), "{said}");
    assert!(field(told.out(), "command").ends_with("agentslock run t -- cat"), "{}", told.out());
    holder.finish();
}

#[test]
fn all_locks_below_a_directory_are_listed() {
    let lab = Lab::new();
    fs::create_dir_all(lab.join("a/b")).unwrap();
    lab.write("Cargo.lock", "");
    assert_eq!(lab.cli(["holder", "--all", "."]).run().exits(1).out(), "");
    let holders = ["x", "a/y", "a/b/z"].map(|target| lab.hold(target));
    let ended = lab.cli(["holder", "--all", "."]).run().exits(0);
    let lines: Vec<_> = ended.out().lines().collect();
    assert_eq!(lines.len(), 3, "{ended:?}");
    for (line, name) in lines.iter().zip(["./a/b/z", "./a/y", "./x"]) {
        assert!(line.ends_with(name) && line.starts_with("process "), "{line}");
        assert!(line.chars().count() <= 80, "{line}");
    }
    let json = lab.cli(["holder", "--all", ".", "--json"]).run().exits(0).json();
    assert_eq!(json["locks"].as_array().unwrap().len(), 3);
    for holder in holders {
        holder.finish().exits(0);
    }
    lab.cli(["holder", "--all", "missing"]).run().exits(2).complaint();
}

#[test]
fn one_can_wait_until_a_lock_is_free() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let ended = lab.cli(["holder", "t", "--until-free", "--wait", "0.2"]).run().exits(75);
    assert!(ended.complaint().contains("still locked by process"), "{ended:?}");
    let mut waiting = lab.cli(["holder", "t", "--until-free"]).start();
    assert!(!waiting.has_ended());
    holder.finish().exits(0);
    waiting.finish().exits(0).says_nothing();
}

#[test]
fn a_document_further_up_is_hinted_at() {
    let lab = Lab::with("{}");
    fs::create_dir(lab.join("sub")).unwrap();
    for verb in [&["holder", DOCUMENT][..], &["run", DOCUMENT, "--", "true"]] {
        let ended = lab.cli(verb).in_directory(&lab.join("sub")).run();
        assert!(ended.stderr.contains("there is no `.agentsrc.lock` here"), "{ended:?}");
        assert!(ended.stderr.contains(&*lab.join(DOCUMENT).to_string_lossy()), "{ended:?}");
    }
}

#[test]
fn an_error_of_a_held_lock_names_its_holder_and_the_command_that_tells_more() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let ended = lab.cli(["append", "t", "{}", "--wait", "0"]).run().exits(75);
    let complaint = ended.complaint();
    assert!(complaint.contains("agentslock run t -- cat"), "{complaint}");
    assert!(complaint.contains("agentslock holder "), "{complaint}");
    assert!(complaint.contains("nothing was done"), "{complaint}");
    let told = lab.cli(["append", "t", "{}", "--wait", "0", "--json"]).run().exits(75).json();
    assert_eq!(told["error"]["holder"]["pid"], holder.pid());
    assert_eq!(told["error"]["holder"]["verdict"], "alive");
    holder.finish().exits(0);
}

#[test]
fn another_users_lock_is_told_of_but_not_freed() {
    let Some(user) = OtherUser::for_test() else { return };
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

/// A directory without a record keeps others out for 30 s: it can be a lock in the making.
#[test]
fn a_lock_without_a_record_is_listed_as_long_as_it_keeps_others_out() {
    let lab = Lab::new();
    fs::create_dir(lab.join("f.lock")).unwrap();
    lab.cli(["append", "f", "{}", "--wait", "0"]).run().exits(75);
    let listed = lab.cli(["holder", "--all", "."]).run().exits(0);
    assert!(listed.out().ends_with(": ./f\n"), "{listed:?}");
    let times = fs::FileTimes::new().set_modified(UNIX_EPOCH);
    fs::File::open(lab.join("f.lock")).unwrap().set_times(times).unwrap();
    lab.cli(["holder", "--all", "."]).run().exits(1).says_nothing();
    lab.cli(["append", "f", "{}", "--wait", "0"]).run().exits(0);
}
