//! Another program replaces the document just now, or moves its directory: real git, held by
//! strace(1) between its unlink and its create, and a program that is held while it writes.

use std::fs;

use serde_json::{Value, json};
use testkit::wait_until;

use crate::merge::repo::{Repo, isolated};
use crate::support::{DOCUMENT, Lab, PROGRAM, Program, Running, WATCHDOG};

/// How long git is held, in microseconds: longer than the pause after which a document that nobody
/// replaces counts as missing.
const HELD: u32 = 700_000;

fn base() -> Value {
    json!({"install": {"version": "1"}, "lock_version": 1, "units": {"a": 1, "b": 2}})
}

fn topic() -> Value {
    json!({"install": {"version": "1"}, "lock_version": 1, "units": {"a": 3, "b": 2}})
}

/// A repository on `main`, with another document on `topic`. `None`: git or strace is missing, which
/// was said.
fn repository(test: &str) -> Option<Repo> {
    if let Err(why) = testkit::strace(&[]) {
        testkit::skip(test, &why);
        return None;
    }
    let repo = Repo::without_driver(test, &base())?;
    repo.fork(&base(), &topic());
    repo.lab.write("log", "{\"old\":1}\n");
    repo.commit("log");
    Some(repo)
}

/// `git` with these arguments, held for `time` by what `inject` says, at calls that name `file`.
fn held_git(repo: &Repo, file: &str, inject: &str, arguments: &[&str]) -> Running {
    let options = ["-e", inject, "-P", file];
    let mut strace = testkit::strace(&options).unwrap();
    strace.push("git".to_owned());
    let program = Program::new(&strace[0]).args(&strace[1..]).args(arguments);
    isolated(program, &repo.lab).start()
}

/// Waits until git has removed the file.
fn await_gap(repo: &Repo, file: &str) {
    wait_until(WATCHDOG, || !repo.lab.join(file).exists());
}

#[test]
fn a_write_in_the_gap_of_a_checkout_loses_no_section() {
    let verbs: [&[&str]; 5] = [
        &["set", "counters", "{\"n\":1}"],
        &["set", "counters.n", "1"],
        &["set", "counters", "--", "sh", "-c", "cat > /dev/null; echo '{\"n\":1}'"],
        &["edit", "--", "sed", "s/\"install\"/\"counters\": {\"n\": 1}, \"install\"/"],
        &["set", "counters", "{\"n\":1}", "--file", DOCUMENT],
    ];
    for verb in verbs {
        let Some(repo) = repository("a write in the gap of a checkout") else { return };
        let inject = format!("inject=unlink,unlinkat:delay_exit={HELD}");
        let git = held_git(&repo, DOCUMENT, &inject, &["checkout", "--quiet", "topic"]);
        await_gap(&repo, DOCUMENT);
        repo.lab.cli(verb).input("").env("AGENTSLOCK_WAIT", "60").run().exits(0);
        let said = git.finish().exits(0);
        assert!(!format!("{said:?}").contains("File exists"), "{said:?}");
        let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
        let mut expected = topic();
        expected["counters"] = json!({"n": 1});
        assert_eq!(document, expected, "{verb:?}");
    }
}

#[test]
fn a_checkout_that_lasts_longer_than_the_wait_ends_it_with_75() {
    let Some(repo) = repository("a checkout that lasts longer than the wait") else { return };
    let inject = format!("inject=unlink,unlinkat:delay_exit={}", 4 * HELD);
    let git = held_git(&repo, DOCUMENT, &inject, &["checkout", "--quiet", "topic"]);
    await_gap(&repo, DOCUMENT);
    let set = repo.lab.cli(["set", "counters", "1", "--wait", "0.3", "--json"]);
    let told = set.run().exits(75).json();
    assert_eq!(told["error"]["kind"], "being-replaced", "{told}");
    let message = told["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("index.lock") && message.contains("nothing was written"), "{message}");
    // What repairs only what is there makes nothing either.
    assert!(!repo.lab.join(DOCUMENT).exists());
    git.finish().exits(0);
    repo.expect_committed(&topic());
}

#[test]
fn a_document_that_git_is_half_way_through_is_waited_for() {
    for (wait, status) in [("60", 0), ("0.3", 75)] {
        let Some(repo) = repository("a document that git is writing") else { return };
        let held = if status == 0 { HELD } else { 4 * HELD };
        // Created, and empty.
        let inject = format!("inject=write:delay_enter={held}");
        let git = held_git(&repo, DOCUMENT, &inject, &["checkout", "--quiet", "topic"]);
        wait_until(WATCHDOG, || {
            repo.lab.join(DOCUMENT).metadata().is_ok_and(|metadata| metadata.len() == 0)
        });
        let set = repo.lab.cli(["set", "counters", "1", "--wait", wait]);
        let ended = set.run().exits(status);
        git.finish().exits(0);
        let document: Value = serde_json::from_str(&repo.lab.document()).unwrap();
        let mut expected = topic();
        if status == 0 {
            expected["counters"] = json!(1);
        } else {
            let complaint = ended.complaint();
            assert!(complaint.contains("half-written"), "{complaint}");
        }
        assert_eq!(document, expected);
    }
}

#[test]
fn the_document_of_an_outer_directory_is_not_written_because_the_inner_one_is_in_the_gap() {
    let Some(repo) = repository("the document of an outer directory") else { return };
    fs::create_dir(repo.lab.join("inner")).unwrap();
    let inner = format!("inner/{DOCUMENT}");
    repo.lab.write(&inner, "{\"inner\":1}\n");
    repo.commit("inner");
    repo.git(&["checkout", "--quiet", "-b", "other"]).exits(0);
    repo.lab.write(&inner, "{\"inner\":2}\n");
    repo.commit("inner, changed");
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    let outer = repo.lab.document();
    let inject = format!("inject=unlink,unlinkat:delay_exit={HELD}");
    let git = held_git(&repo, &inner, &inject, &["checkout", "--quiet", "other"]);
    await_gap(&repo, &inner);
    let set = repo.lab.cli(["set", "counters", "1", "--wait", "60"]);
    set.in_directory(&repo.lab.join("inner")).run().exits(0);
    git.finish().exits(0);
    assert_eq!(repo.lab.document(), outer, "the outer document was written");
    let document: Value = serde_json::from_str(&repo.lab.read(&inner)).unwrap();
    assert_eq!(document, json!({"counters": 1, "inner": 2}));
}

#[test]
fn a_directory_that_is_moved_during_a_write_is_not_created_again() {
    let lab = Lab::new();
    let inject = format!("inject=fsync:delay_enter={HELD}");
    let strace = match testkit::strace(&["-e", &inject]) {
        Ok(strace) => strace,
        Err(why) => return testkit::skip("a directory that is moved during a write", &why),
    };
    let directory = lab.join("directory");
    fs::create_dir(&directory).unwrap();
    let document = directory.join(DOCUMENT);
    fs::write(&document, "{\"s\":1}\n").unwrap();
    let program = Program::new(&strace[0]).args(&strace[1..]).args([PROGRAM, "set", "t", "1"]);
    let set = program.args(["--file".as_ref(), document.as_os_str()]).in_directory(lab.root());
    let set = set.start();
    // It is in the middle of its write once its temporary is there.
    wait_until(WATCHDOG, || testkit::names(&directory).iter().any(|it| it.contains(".tmp-")));
    fs::rename(&directory, lab.join("moved")).unwrap();
    let ended = set.finish().exits(2);
    assert!(ended.complaint().contains("renamed or removed"), "{ended:?}");
    assert_eq!(lab.names(), ["moved"], "something was created again");
    assert_eq!(lab.read(format!("moved/{DOCUMENT}")), "{\"s\":1}\n");
    let left: Vec<_> = testkit::names(&lab.join("moved"));
    assert!(!left.iter().any(|it| it.contains(".tmp-")), "{left:?}");
}

#[test]
fn what_changes_nothing_needs_no_right_to_write() {
    let Some([user, ..]) = testkit::users() else {
        return testkit::skip("what changes nothing in a read-only checkout", "we are not root");
    };
    let lab = Lab::with("{\n  \"lock_version\": 1,\n  \"s\": 1\n}\n");
    crate::support::set_mode(lab.root(), 0o755);
    let before = lab.snapshot();
    let run = |arguments: &[&str]| lab.cli(arguments).user(user).run();
    run(&["set", "s", "1"]).exits(0);
    run(&["set", "t", "--remove"]).exits(0);
    run(&["set", "s", "2"]).exits(2);
    assert_eq!(lab.snapshot(), before);
}
