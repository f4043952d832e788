//! A file that is to be removed, and that another program replaces at the last moment. The process
//! is held by strace(1) between its last look and the call that takes the file's name away.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;
use testkit::wait_until;

use super::repo::{Repo, isolated};
use crate::support::{DOCUMENT, PROGRAM, Program, Running, WATCHDOG};

/// How long a process is held at the most, in microseconds. The end of its tracer lets it go on.
const HELD: u32 = 120_000_000;
const TEAM: &str = "*.png filter=lfs diff=lfs merge=lfs -text\n";

/// `arguments`, held at the call that takes its name from `file`. It prints its exit status.
fn before_it_is_removed(repo: &Repo, file: &Path, arguments: &str) -> Running {
    let log = repo.lab.join(".git/calls");
    let script = format!("{PROGRAM} {arguments} --wait 100 > .git/said; echo $?");
    let inject = format!("inject=?unlink,unlinkat,?rename,renameat,renameat2:delay_enter={HELD}");
    // By its path, or in its directory.
    let (file, name) = (file.to_str().unwrap(), file.file_name().unwrap().to_str().unwrap());
    let options = ["-o", log.to_str().unwrap(), "-e", &inject, "-P", file, "-P", name];
    let strace = testkit::strace(&options).unwrap();
    let held = Program::new(&strace[0]).args(&strace[1..]).args(["sh", "-c", &script]);
    let held = isolated(held, &repo.lab).start();
    let is_held = |log: String| log.contains("unlink") || log.contains("rename");
    wait_until(WATCHDOG, || fs::read_to_string(&log).is_ok_and(is_held));
    held
}

/// As an editor, or a tool without the lock, replaces a file.
fn replace(repo: &Repo, file: &str, text: &str) {
    repo.lab.write(".git/new", text);
    fs::rename(repo.lab.join(".git/new"), repo.lab.join(file)).unwrap();
}

#[track_caller]
fn repository() -> Option<Repo> {
    if let Err(why) = testkit::strace(&[]) {
        testkit::skip(&why);
        return None;
    }
    Repo::without_driver(&json!({}))
}

#[test]
fn lines_that_another_program_writes_before_the_file_goes_stay() {
    let Some(repo) = repository() else { return };
    repo.agentslock(&["merge", "--install"]).exits(0);
    let ours = repo.lab.read(".gitattributes");
    let path = Path::new(".gitattributes");
    let held = before_it_is_removed(&repo, path, "merge --uninstall");
    replace(&repo, ".gitattributes", &format!("{TEAM}{ours}"));
    held.signal(Signal::KILL);
    assert_eq!(held.finish().out(), "0\n");
    assert_eq!(repo.lab.read(".gitattributes"), TEAM);
    assert!(!repo.lab.names().iter().any(|name| name.contains(".tmp-")), "{:?}", repo.lab.names());
}

#[test]
fn a_file_that_another_program_removes_first_is_removed() {
    let Some(repo) = repository() else { return };
    repo.agentslock(&["merge", "--install"]).exits(0);
    let path = Path::new(".gitattributes");
    let held = before_it_is_removed(&repo, path, "merge --uninstall");
    fs::remove_file(repo.lab.join(path)).unwrap();
    held.signal(Signal::KILL);
    assert_eq!(held.finish().out(), "0\n");
    assert_eq!(repo.lab.names(), [DOCUMENT, ".git"]);
}

/// What `init` made and what has nothing of others in it is removed, by the same steps.
#[test]
fn a_document_or_a_hook_that_another_program_writes_before_it_goes_stays() {
    for (what, file) in [("--document", DOCUMENT), ("--hook", ".git/hooks/pre-commit")] {
        let Some(repo) = repository() else { return };
        fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
        repo.agentslock(&["init", what]).exits(0);
        let named = if what == "--hook" { repo.lab.join(file) } else { file.into() };
        let held = before_it_is_removed(&repo, &named, &format!("init --undo {what}"));
        replace(&repo, file, "of another program\n");
        held.signal(Signal::KILL);
        assert_eq!(held.finish().out(), "0\n", "{what}");
        assert_eq!(repo.lab.read(file), "of another program\n", "{what}");
    }
}

#[test]
fn a_document_that_is_locked_is_not_removed() {
    let Some(repo) = repository() else { return };
    fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
    repo.agentslock(&["init", "--document"]).exits(0);
    let _held = filelock::acquire(repo.lab.join(DOCUMENT)).unwrap();
    repo.agentslock(&["init", "--undo", "--document", "--wait", "0"]).exits(75);
    assert!(repo.lab.join(DOCUMENT).exists());
}
