//! What git leaves out of commits once it is told to.

use std::fs;

use serde_json::json;

use super::repo::{Repo, isolated};
use crate::support::{DOCUMENT, Program};

/// Lock files of other tools, which belong into commits.
const TO_COMMIT: [&str; 8] = [
    "Cargo.lock",
    "yarn.lock",
    "poetry.lock",
    "deep/er/flake.lock",
    "Gemfile.lock",
    "notes.tmp",
    "report.tmp-1",
    DOCUMENT,
];

/// What `git add -A` would stage, beside what is tracked already.
fn staged(repo: &Repo) -> Vec<String> {
    let status = repo.git(&["status", "--porcelain", "--untracked-files=all"]).exits(0);
    let files = status.out().lines().map(|line| line[3..].to_owned());
    files.filter(|name| !name.starts_with(".git")).collect()
}

#[test]
fn a_held_lock_of_any_file_is_left_out_and_lock_files_of_other_tools_are_not() {
    for place in ["--ignore", "--ignore=gitignore", "--ignore=exclude"] {
        let Some(repo) = Repo::without_driver(&json!({})) else { return };
        fs::create_dir_all(repo.lab.join("deep/er")).unwrap();
        for name in TO_COMMIT {
            repo.lab.write(name, "{}\n");
        }
        repo.lab.write(DOCUMENT, "{\"changed\": true}\n");
        let holders =
            [DOCUMENT, "events.ndjson", "deep/er/log"].map(|target| repo.lab.hold(target));
        assert!(staged(&repo).iter().any(|name| name.ends_with("events.ndjson.lock/holder")));
        repo.agentslock(&["merge", "--install", place]).exits(0);
        let mut expected: Vec<_> = TO_COMMIT.iter().filter(|name| **name != DOCUMENT).collect();
        expected.sort_unstable();
        // The document is tracked and was changed.
        let mut staged = staged(&repo);
        staged.retain(|name| name != DOCUMENT);
        staged.sort_unstable();
        assert_eq!(staged.iter().collect::<Vec<_>>(), expected, "{place}");
        let changed = repo.git(&["status", "--porcelain", DOCUMENT]).exits(0);
        assert_eq!(changed.out(), format!(" M {DOCUMENT}\n"));
        for holder in holders {
            holder.finish().exits(0);
        }
        let in_commit = place != "--ignore=exclude";
        assert_eq!(repo.lab.join(".gitignore").exists(), in_commit, "{place}");
        repo.agentslock(&["merge", "--uninstall"]).exits(0);
        assert!(!repo.lab.join(".gitignore").exists());
        assert!(!repo.lab.read(".git/info/exclude").contains("lock"));
    }
}

/// What is left when a process is killed at the last moment, as it really is: a preparation, a
/// lock, a temporary.
#[test]
fn what_killed_processes_leave_is_left_out() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    repo.commit("installed");
    let mut seen = String::new();
    // The lock is published by the first; the temporary, or the log, is synced by the second.
    for call in ["renameat2", "fsync,fdatasync"] {
        let (trace, inject) =
            (format!("trace={call}"), format!("inject={call}:signal=KILL:when=1"));
        let strace = match testkit::strace(&["-e", &trace, "-e", &inject]) {
            Ok(strace) => strace,
            Err(why) => return testkit::skip(&why),
        };
        for arguments in [&["set", "s"][..], &["append", "events.ndjson", "{}"]] {
            let program =
                Program::new(&strace[0]).args(&strace[1..]).args([crate::support::PROGRAM]);
            let program = isolated(program.args(arguments), &repo.lab).input("2");
            let _ = program.run();
            seen += &repo.lab.names().join(" ");
            let untracked = staged(&repo);
            assert!(
                untracked.iter().all(|name| name == DOCUMENT || name == "events.ndjson"),
                "{untracked:?}"
            );
        }
    }
    for kind in [".lock.prep-", ".tmp-", ".lock.lock"] {
        assert!(seen.contains(kind), "no {kind} was left: {seen}");
    }
    // What other implementations leave.
    fs::create_dir(repo.lab.join("x.lock.stale-17-1")).unwrap();
    for name in
        ["x.lock.stale-17-1/holder", ".fsops-1234.tmp", ".agentsrc.lock.lock.prep-0123456789abcdef"]
    {
        repo.lab.write(name, "x");
    }
    let untracked = staged(&repo);
    assert!(
        untracked.iter().all(|name| name == DOCUMENT || name == "events.ndjson"),
        "{untracked:?}"
    );
}

#[test]
fn a_line_that_has_it_back_is_an_error() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.lab.write(".gitignore", "!*.lock\n");
    let ended = repo.agentslock(&["merge", "--install", "--ignore=exclude"]).exits(2);
    for part in ["git would commit", "git check-ignore -v"] {
        assert!(ended.complaint().contains(part), "{ended:?}");
    }
    // At the end of the same file, ours count more.
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
}

#[test]
fn lines_of_a_person_stay_and_half_of_ours_are_completed() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.lab.write(".gitignore", "*.lock/\n/build/");
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    let installed = repo.lab.read(".gitignore");
    assert!(installed.starts_with("*.lock/\n/build/\n#"), "{installed}");
    assert_eq!(
        repo.agentslock(&["merge", "--install", "--ignore"]).exits(0).out(),
        "nothing to do\n"
    );
    // A person deletes one of them, and has them again when they ask for them.
    repo.lab.write(".gitignore", installed.replace("*.lock.prep-*\n", ""));
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    assert_eq!(repo.lab.read(".gitignore"), installed);
    repo.agentslock(&["merge", "--uninstall"]).exits(0);
    assert_eq!(repo.lab.read(".gitignore"), "*.lock/\n/build/\n");
}

#[test]
fn it_is_asked_for_with_install_alone() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    for wrong in
        [&["merge", "--ignore", "a", "b", "c"][..], &["merge", "--install", "--ignore=here"]]
    {
        repo.agentslock(wrong).exits(129);
    }
}
