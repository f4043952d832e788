//! Another program replaces the document just now, or moves its directory. It is real git, held by
//! strace(1) between its unlink and its create, or a program that is held while it writes.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::wait_until;

use crate::merge::repo::{Repo, isolated};
use crate::support::{DOCUMENT, Ended, Lab, PROGRAM, Program, Running, WATCHDOG};

/// How long a program is held at the most, in microseconds. The end of its tracer lets it go on.
const HELD: u32 = 120_000_000;

fn base() -> Value {
    json!({"install": {"version": "1"}, "lock_version": 1, "units": {"a": 1, "b": 2}})
}

fn topic() -> Value {
    json!({"install": {"version": "1"}, "lock_version": 1, "units": {"a": 3, "b": 2}})
}

/// A repository on `main`, with another document on `topic`. `None`: git or strace is missing,
/// which was said.
#[track_caller]
fn repository() -> Option<Repo> {
    if let Err(why) = testkit::strace(&[]) {
        testkit::skip(&why);
        return None;
    }
    let repo = Repo::without_driver(&base())?;
    repo.fork(&base(), &topic());
    repo.lab.write("log", "{\"old\":1}\n");
    repo.commit("log");
    Some(repo)
}

/// `program`, which is held by what `inject` says, at calls that name `file`.
fn held(file: &Path, inject: &str, program: &[&str]) -> Program {
    let options = ["-e", inject, "-P", file.to_str().unwrap()];
    let strace = testkit::strace(&options).unwrap();
    Program::new(&strace[0]).args(&strace[1..]).args(program)
}

/// A checkout of `branch`, held right after it has removed `file`.
fn checkout_in_the_gap(repo: &Repo, file: &str, branch: &str) -> Running {
    let inject = format!("inject=unlink,unlinkat:delay_exit={HELD}");
    let git = held(Path::new(file), &inject, &["git", "checkout", "--quiet", branch]);
    let git = isolated(git, &repo.lab).start();
    wait_until(WATCHDOG, || !repo.lab.join(file).exists());
    git
}

/// Kills the tracer, and waits for the end of what it held.
fn let_go(held: Running) -> Ended {
    held.signal(Signal::KILL);
    held.finish()
}

/// A `set` here that is to wait, and another one, whose wait has ended by now.
fn waiting(repo: &Repo, directory: &Path, verb: &[&str]) -> (Running, Ended) {
    let set = |wait: &str| {
        repo.lab.cli(verb).input("").env("AGENTSLOCK_WAIT", wait).in_directory(directory)
    };
    let waits = set("100").start();
    let impatient = set("0.3").run().exits(75);
    (waits, impatient)
}

#[test]
fn a_write_in_the_gap_of_a_checkout_loses_no_section() {
    let verbs: [&[&str]; 4] = [
        &["set", "counters", "{\"n\":1}"],
        &["set", "counters.n", "1"],
        &["set", "counters", "--", "sh", "-c", "cat > /dev/null; echo '{\"n\":1}'"],
        &["edit", "--", "sed", "s/\"install\"/\"counters\": {\"n\": 1}, \"install\"/"],
    ];
    for verb in verbs {
        let Some(repo) = repository() else { return };
        let git = checkout_in_the_gap(&repo, DOCUMENT, "topic");
        let (waits, _) = waiting(&repo, repo.lab.root(), verb);
        assert!(!repo.lab.join(DOCUMENT).exists(), "{verb:?}: made anew");
        let said = let_go(git);
        waits.finish().exits(0);
        assert!(!said.stderr.contains("File exists"), "{verb:?}: {said:?}");
        let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
        let mut expected = topic();
        expected["counters"] = json!({"n": 1});
        assert_eq!(document, expected, "{verb:?}");
    }
}

/// A `set` that is held when all is done but the last call, by which its document takes the name.
/// It prints its exit status.
fn set_before_its_last_call(repo: &Repo) -> Running {
    let log = repo.lab.join("calls");
    let script = format!("{PROGRAM} set counters '{{\"n\":1}}' --wait 100; echo $?");
    let inject = format!("inject=?rename,?renameat,renameat2:delay_enter={HELD}");
    let to = ["-o", log.to_str().unwrap(), "-e", &inject, "-P", DOCUMENT];
    let strace = testkit::strace(&to).unwrap();
    let set = Program::new(&strace[0]).args(&strace[1..]).args(["sh", "-c", &script]);
    let set = set.in_directory(repo.lab.root()).start();
    wait_until(WATCHDOG, || fs::read_to_string(&log).is_ok_and(|log| log.contains("rename")));
    set
}

#[test]
fn a_write_that_looked_right_before_git_removed_the_document_makes_no_file_in_the_gap() {
    let Some(repo) = repository() else { return };
    let set = set_before_its_last_call(&repo);
    let git = checkout_in_the_gap(&repo, DOCUMENT, "topic");
    set.signal(Signal::KILL);
    // It tried: its temporary is gone.
    wait_until(WATCHDOG, || !repo.lab.names().iter().any(|name| name.contains(".tmp-")));
    let made = repo.lab.join(DOCUMENT).exists();
    let said = let_go(git);
    assert!(!made && !said.stderr.contains("File exists"), "{said:?}");
    assert_eq!(set.finish().out(), "0\n");
    let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
    let mut expected = topic();
    expected["counters"] = json!({"n": 1});
    assert_eq!(document, expected);
}

#[test]
fn a_write_that_looked_right_before_a_whole_checkout_writes_into_what_git_made() {
    let Some(repo) = repository() else { return };
    let set = set_before_its_last_call(&repo);
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    assert_eq!(let_go(set).out(), "0\n");
    let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
    let mut expected = topic();
    expected["counters"] = json!({"n": 1});
    assert_eq!(document, expected, "what git had checked out is gone");
    assert!(!repo.lab.names().iter().any(|name| name.contains(".tmp-")));
}

#[test]
fn a_record_for_a_log_that_git_is_replacing_waits_for_git() {
    let Some(repo) = repository() else { return };
    repo.git(&["checkout", "--quiet", "-b", "longer"]).exits(0);
    repo.lab.write("log", "{\"old\":1}\n{\"old\":2}\n");
    repo.commit("log, longer");
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    let git = checkout_in_the_gap(&repo, "log", "longer");
    let (waits, _) = waiting(&repo, repo.lab.root(), &["append", "log", "{\"new\":1}"]);
    assert!(!repo.lab.join("log").exists(), "made anew");
    let said = let_go(git);
    assert!(!said.stderr.contains("File exists"), "{said:?}");
    waits.finish().exits(0);
    assert_eq!(repo.lab.read("log"), "{\"old\":1}\n{\"old\":2}\n{\"new\":1}\n");
}

#[test]
fn a_checkout_that_lasts_longer_than_the_wait_ends_it_with_75() {
    let Some(repo) = repository() else { return };
    let git = checkout_in_the_gap(&repo, DOCUMENT, "topic");
    let set = repo.lab.cli(["set", "counters", "1", "--wait", "0.3", "--json"]);
    let told = set.run().exits(75).json();
    assert_eq!(told["error"]["kind"], "being-replaced", "{told}");
    let message = told["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("index.lock") && message.contains("nothing was written"), "{message}");
    // What repairs only what is there makes nothing either.
    repo.lab.cli(["check", "--fix"]).env("AGENTSLOCK_WAIT", "0.3").run().exits(75);
    assert!(!repo.lab.join(DOCUMENT).exists());
    let_go(git);
    repo.expect_committed(&topic());
}

#[test]
fn a_document_that_git_is_half_way_through_is_waited_for() {
    let Some(repo) = repository() else { return };
    // Created, and empty.
    let inject = format!("inject=write:delay_enter={HELD}");
    let git = held(Path::new(DOCUMENT), &inject, &["git", "checkout", "--quiet", "topic"]);
    let git = isolated(git, &repo.lab).start();
    wait_until(WATCHDOG, || {
        repo.lab.join(DOCUMENT).metadata().is_ok_and(|metadata| metadata.len() == 0)
    });
    let verb = ["set", "counters", "1"];
    let (waits, impatient) = waiting(&repo, repo.lab.root(), &verb);
    let complaint = impatient.complaint();
    assert!(complaint.contains("half-written") || complaint.contains("locked"), "{complaint}");
    let_go(git);
    waits.finish().exits(0);
    let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
    let mut expected = topic();
    expected["counters"] = json!(1);
    assert_eq!(document, expected);
}

#[test]
fn the_document_of_an_outer_directory_is_not_written_because_the_inner_one_is_in_the_gap() {
    let Some(repo) = repository() else { return };
    let directory = repo.lab.join("inner");
    fs::create_dir(&directory).unwrap();
    let inner = format!("inner/{DOCUMENT}");
    repo.lab.write(&inner, "{\"inner\":1}\n");
    repo.commit("inner");
    repo.git(&["checkout", "--quiet", "-b", "other"]).exits(0);
    repo.lab.write(&inner, "{\"inner\":2}\n");
    repo.commit("inner, changed");
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    let outer = repo.lab.document();
    let git = checkout_in_the_gap(&repo, &inner, "other");
    let (waits, _) = waiting(&repo, &directory, &["set", "counters", "1"]);
    let_go(git);
    waits.finish().exits(0);
    assert_eq!(repo.lab.document(), outer, "the outer document was written");
    let document: Value = serde_json::from_str(&repo.lab.read(&inner)).unwrap();
    assert_eq!(document, json!({"counters": 1, "inner": 2}));
}

#[test]
fn a_directory_that_is_moved_during_a_write_is_not_created_again() {
    if let Err(why) = testkit::strace(&[]) {
        return testkit::skip(&why);
    }
    let lab = Lab::new();
    let directory = lab.join("directory");
    fs::create_dir(&directory).unwrap();
    lab.write(format!("directory/{DOCUMENT}"), "{\"s\":1}\n");
    // The tracer's end would hide the program's exit status.
    let script = format!("{PROGRAM} set t 1 --file directory/{DOCUMENT}; echo $?");
    let inject = format!("inject=fsync:delay_enter={HELD}");
    let strace = testkit::strace(&["-e", &inject]).unwrap();
    let set = Program::new(&strace[0]).args(&strace[1..]).args(["sh", "-c", &script]);
    let set = set.in_directory(lab.root()).start();
    // It is in the middle of its write once its temporary has its content.
    wait_until(WATCHDOG, || {
        let names = testkit::names(&directory);
        let temporary = names.iter().find(|name| name.contains(".tmp-"));
        let length = temporary.and_then(|name| directory.join(name).metadata().ok());
        length.is_some_and(|metadata| metadata.len() > 0)
    });
    fs::rename(&directory, lab.join("moved")).unwrap();
    let ended = let_go(set);
    assert_eq!(ended.out(), "2\n", "{ended:?}");
    assert!(ended.stderr.contains("renamed or removed"), "{ended:?}");
    assert_eq!(lab.names(), ["moved"], "something was created again");
    assert_eq!(lab.read(format!("moved/{DOCUMENT}")), "{\"s\":1}\n");
    let left = testkit::names(&lab.join("moved"));
    assert!(!left.iter().any(|it| it.contains(".tmp-")), "{left:?}");
}

#[test]
fn a_document_in_the_gap_is_found_by_what_reads_it_and_by_what_removes_from_it() {
    for (verb, printed) in [(["show", "units.a"], "3\n"), (["unset", "units.a"], "")] {
        let Some(repo) = repository() else { return };
        let git = checkout_in_the_gap(&repo, DOCUMENT, "topic");
        let waits = repo.lab.cli(verb).env("AGENTSLOCK_WAIT", "100").start();
        let impatient = repo.lab.cli(verb).env("AGENTSLOCK_WAIT", "0.3").run();
        impatient.exits(75);
        let_go(git);
        assert_eq!(waits.finish().exits(0).out(), printed, "{verb:?}");
        let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
        let is_there = document["units"].get("a").is_some();
        assert_eq!(is_there, verb[0] == "show", "{document}");
    }
}

#[test]
fn what_changes_nothing_waits_for_no_lock() {
    let lab = Lab::with("{\n  \"lock_version\": 1,\n  \"s\": {\n    \"x\": 1\n  }\n}\n");
    let _held = filelock::acquire(lab.join(DOCUMENT)).unwrap();
    let digest = lab.cli(["show", "--digest", "s/x"]).run().exits(0).out().to_owned();
    for unchanged in [
        &["set", "s", "{\"x\":1}"][..],
        &["set", "s.x", "1"],
        &["set", "s.x", "1", "--expect", digest.trim()],
        &["set", "s.y", "--remove"],
    ] {
        lab.cli(unchanged).args(["--wait", "0"]).run().exits(0);
    }
    lab.cli(["unset", "s.y", "--wait", "0"]).run().exits(1);
    lab.cli(["set", "s.x", "2", "--wait", "0"]).run().exits(75);
    // A command counts on the lock.
    lab.cli(["set", "s.x", "--wait", "0", "--", "cat"]).run().exits(75);
}

#[test]
fn what_changes_nothing_needs_no_right_to_write() {
    let Some([user, ..]) = testkit::users() else {
        return testkit::skip("we are not root");
    };
    let lab = Lab::with("{\n  \"lock_version\": 1,\n  \"s\": 1\n}\n");
    crate::support::set_mode(lab.root(), 0o755);
    let before = lab.snapshot();
    let run = |arguments: &[&str]| lab.cli(arguments).user(user).run();
    run(&["set", "s", "1"]).exits(0);
    run(&["set", "t", "--remove"]).exits(0);
    run(&["set", "s", "--", "cat"]).exits(0);
    run(&["edit", "--", "cat"]).exits(0);
    run(&["edit", DOCUMENT, "--", "cat"]).exits(0);
    run(&["set", "s", "2"]).exits(2);
    run(&["set", "s", "--", "echo", "2"]).exits(2);
    run(&["edit", DOCUMENT, "--", "echo", "2"]).exits(2);
    assert_eq!(lab.snapshot(), before);
}
