//! A crash sweep over `merge --install` and `--uninstall`: killed at each step, they leave a
//! repository in which git merges, and the next call finishes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::repo::{Repo, isolated};
use super::units;
use crate::support::{Lab, PROGRAM, Program};

/// What changes the disk, or starts a git that does. (Which of those a system has, strace knows.)
const STEPS: &str = "?clone,?clone3,?vfork,?rename,renameat,renameat2,?mkdir,mkdirat,?unlink,unlinkat,\
                     ?rmdir,fsync,exit_group";

const INSTALL: [&str; 3] = ["merge", "--install", "--ignore=exclude"];
const UNINSTALL: [&str; 2] = ["merge", "--uninstall"];

#[test]
fn killed_at_each_step_an_install_does_no_harm_and_the_next_one_finishes() {
    sweep(&INSTALL, |_| {});
}

#[test]
fn killed_at_each_step_an_uninstall_does_no_harm_and_the_next_one_finishes() {
    sweep(&UNINSTALL, |repo| {
        repo.agentslock(&INSTALL).exits(0);
    });
}

#[track_caller]
fn sweep(arguments: &[&str], prepare: fn(&Repo)) {
    if let Err(why) = testkit::strace(&[]) {
        return testkit::skip(&why);
    }
    let Some(original) = Repo::without_driver(&units(&[])) else { return };
    // In a fork whose line is committed on one branch alone: git looks at it in each half state.
    original.fork(&units(&[("git:a/one@1", "1")]), &units(&[("git:a/two@1", "2")]));
    prepare(&original);
    let finished = copy(&original);
    let log = finished.lab.join(".git/calls");
    let trace = format!("trace={STEPS}");
    strace(&finished, &["-o", log.to_str().unwrap(), "-e", &trace], arguments).exits(0);
    let steps = steps(&fs::read_to_string(&log).unwrap());
    let expected = state(&finished);
    assert!(steps.len() > 10, "{steps:?}");
    let mut halves = BTreeMap::<_, u32>::new();
    for (call, number) in &steps {
        let repo = copy(&original);
        let inject = format!("inject={call}:signal=KILL:when={number}");
        let options = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
        let ended = strace(&repo, &options, arguments);
        assert!(ended.was_killed(), "{call} {number}: {ended:?}");
        expect_harmless(&repo, &format!("{call} {number}"));
        *halves.entry(state(&repo)).or_default() += 1;
        repo.agentslock(arguments).exits(0);
        assert_eq!(state(&repo), expected, "after {call} {number}");
        // What is left beside the files is ignored, or will be replaced by the next one to write
        // there.
        expect_harmless(&repo, "the end");
    }
    assert!(halves.len() > 4, "the half states were met: {halves:?}");
    println!("{} steps, {} states", steps.len(), halves.len());
}

/// Whatever is set up so far, git merges, both with our line in the checkout and without.
#[track_caller]
fn expect_harmless(repo: &Repo, when: &str) {
    for line in [None, Some(".agentsrc.lock merge=agentslock diff=agentslock text eol=lf\n")] {
        let attributes = repo.lab.join(".git/info/attributes");
        match line {
            Some(line) => fs::write(&attributes, line).unwrap(),
            None => drop(fs::remove_file(&attributes)),
        }
        let ended = repo.git(&["merge", "--no-edit", "--no-commit", "topic"]);
        assert!(!ended.stderr.contains("fatal"), "{when}: {ended:?}");
        let _ = fs::remove_file(&attributes);
        repo.git(&["reset", "--quiet", "--merge"]).exits(0);
    }
}

/// What is set up: the settings, our lines.
fn state(repo: &Repo) -> Vec<String> {
    let config = repo.git(&["config", "--local", "--get-regexp", "agentslock"]);
    let mut state: Vec<String> = config.out().lines().map(ToOwned::to_owned).collect();
    for file in [".gitattributes", ".git/info/exclude"] {
        let text = fs::read_to_string(repo.lab.join(file)).unwrap_or_default();
        let ours = text.lines().filter(|line| line.contains("lock"));
        state.extend(ours.map(|line| format!("{file}: {line}")));
    }
    state.sort_unstable();
    state
}

/// Without what the child processes do.
fn strace(repo: &Repo, options: &[&str], arguments: &[&str]) -> crate::support::Ended {
    let program =
        Program::new("strace").args(["-qq"]).args(options).args([PROGRAM]).args(arguments);
    isolated(program, &repo.lab).run()
}

/// Each call, and the how manieth of its name it is.
fn steps(log: &str) -> Vec<(String, u32)> {
    let mut counts = BTreeMap::<String, u32>::new();
    let calls =
        log.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name.to_owned());
    calls
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .map(|name| {
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            (name, *count)
        })
        .collect()
}

fn copy(repo: &Repo) -> Repo {
    let lab = Lab::new();
    let from: &Path = &repo.lab.join(".");
    Program::new("cp").args(["-a"]).args([from, lab.root()]).run().exits(0);
    Repo { lab }
}
