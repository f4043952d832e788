//! Several installs at once, and other gits beside them.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::repo::{Repo, isolated};
use super::units;
use crate::support::{Program, Running};

const ATTRIBUTES: &str = ".agentsrc.lock merge=agentslock diff=agentslock text eol=lf\n";

/// Two branches whose merge takes the driver, or ends with status 1, if our line is in
/// `.gitattributes`.
#[track_caller]
fn forked() -> Option<Repo> {
    let repo = Repo::without_driver(&units(&[]))?;
    repo.lab.write(".gitattributes", ATTRIBUTES);
    repo.commit("a colleague has installed it");
    repo.fork(&units(&[("git:a/one@1", "1")]), &units(&[("git:a/two@1", "2")]));
    Some(repo)
}

/// Git merges, by our driver or by line. It ends with 128 if it has a driver without a command.
fn expect_git_merges(repo: &Repo) {
    let ended = repo.git(&["merge", "--no-edit", "--no-commit", "topic"]);
    assert!(!ended.stderr.contains("fatal"), "{ended:?}");
    repo.git(&["reset", "--quiet", "--merge"]).exits(0);
}

fn install(repo: &Repo, from: &str) -> Program {
    isolated(repo.lab.cli(["merge", "--install", "--ignore=exclude"]), &repo.lab)
        .in_directory(&repo.lab.join(from))
}

/// Nothing is there twice, and all is there.
fn expect_installed(repo: &Repo) {
    repo.agentslock(&["merge", "--install", "--ignore=exclude"]).exits(0);
    for setting in ["merge.agentslock.driver", "merge.agentslock.name", "diff.agentslock.textconv"]
    {
        let values = repo.git(&["config", "--get-all", setting]).exits(0);
        assert_eq!(values.out().lines().count(), 1, "{setting}: {}", values.out());
    }
    let exclude = repo.lab.read(".git/info/exclude");
    assert_eq!(exclude.matches("*.lock/\n").count(), 1, "{exclude}");
    let attributes = repo.lab.read(".gitattributes");
    assert_eq!(attributes.matches(ATTRIBUTES).count(), 1, "{attributes}");
}

#[test]
fn eight_worktrees_can_install_at_once() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    let worktrees: Vec<String> =
        (0..8).map(|number| format!(".claude/worktrees/{number}")).collect();
    for worktree in &worktrees {
        repo.git(&["worktree", "add", "--quiet", "--detach", worktree]).exits(0);
    }
    let all: Vec<Running> = worktrees.iter().map(|at| install(&repo, at).start()).collect();
    for running in all {
        running.finish().exits(0);
    }
    expect_installed(&repo);
    for worktree in &worktrees {
        assert!(repo.lab.read(format!("{worktree}/.gitattributes")).ends_with(ATTRIBUTES));
    }
    // And take it back, all at once.
    let undo = |at: &String| {
        let program = isolated(repo.lab.cli(["merge", "--uninstall"]), &repo.lab);
        program.in_directory(&repo.lab.join(at)).start()
    };
    for running in worktrees.iter().map(undo).collect::<Vec<_>>() {
        running.finish().exits(0);
    }
    let config = repo.lab.read(".git/config");
    assert!(!config.contains("agentslock"), "{config}");
    assert!(!repo.lab.read(".git/info/exclude").contains("*.lock/"));
}

#[test]
fn eight_installs_in_one_checkout_lose_no_line_of_each_other_nor_of_a_person() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.lab.write(".gitattributes", "*.png binary");
    let all: Vec<Running> = (0..8).map(|_| install(&repo, "").start()).collect();
    for running in all {
        running.finish().exits(0);
    }
    expect_installed(&repo);
    assert!(repo.lab.read(".gitattributes").starts_with("*.png binary\n#"));
    assert_eq!(repo.git(&["status", "--porcelain"]).exits(0).out(), "?? .gitattributes\n");
}

#[test]
fn an_install_beside_a_busy_git_config_waits_for_it() {
    let Some(repo) = forked() else { return };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                // It gives up at once when ours has the configuration locked, as each git does.
                let number = written.to_string();
                let ended =
                    isolated(Program::new("git").args(["config", "foo.bar", &number]), &repo.lab);
                written += u32::from(!ended.run().stderr.contains("could not lock"));
            }
            written
        });
        for _ in 0..8 {
            install(&repo, "").run().exits(0);
            expect_git_merges(&repo);
            repo.agentslock(&["merge", "--uninstall"]).exits(0);
            repo.git(&["checkout", "--quiet", ".gitattributes"]).exits(0);
            expect_git_merges(&repo);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(busy.join().unwrap() > 0);
    });
}

#[test]
fn a_configuration_that_stays_locked_is_told_with_what_to_do() {
    let Some(repo) = forked() else { return };
    repo.lab.write(".git/config.lock", "");
    let ended = repo.agentslock(&["merge", "--install", "--wait", "0.3"]).exits(75);
    for part in [".git/config.lock", "remove", "If no git is running"] {
        assert!(ended.complaint().contains(part), "{ended:?}");
    }
    let told = repo.agentslock(&["merge", "--install", "--json", "--wait", "0"]).exits(75).json();
    assert_eq!(told["error"]["kind"], "locked");
    expect_git_merges(&repo);
    // What waits goes on as soon as it may.
    let waiting = install(&repo, "").start();
    assert!(repo.lab.join(".git/config.lock").exists());
    fs::remove_file(repo.lab.join(".git/config.lock")).unwrap();
    waiting.finish().exits(0);
    expect_installed(&repo);
}

#[test]
fn a_configuration_that_may_not_be_written_is_not_waited_for() {
    let Some(other) = crate::support::OtherUser::for_test() else { return };
    let Some(repo) = forked() else { return };
    crate::support::set_mode(repo.lab.root(), 0o755);
    let program = isolated(other.agentslock(["merge", "--install"]), &repo.lab)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*");
    let ended = program.run().exits(2);
    assert!(ended.complaint().contains("Permission denied"), "{ended:?}");
}

/// A checkout takes a file away before it writes another version of it.
#[test]
fn an_install_waits_for_a_checkout_that_is_half_way() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.lab.write(".gitattributes", "*.png binary\n");
    repo.commit("one");
    repo.git(&["checkout", "--quiet", "-b", "topic"]).exits(0);
    repo.lab.write(".gitattributes", "*.png binary\n*.jpg binary\n");
    repo.commit("two");
    let delay = [
        "-P",
        ".gitattributes",
        "-e",
        "trace=unlink,unlinkat",
        "-e",
        "inject=unlink,unlinkat:delay_exit=1500000",
    ];
    let strace = match testkit::strace(&delay) {
        Ok(strace) => strace,
        Err(why) => return testkit::skip(&why),
    };
    let checkout =
        Program::new(&strace[0]).args(&strace[1..]).args(["git", "checkout", "-q", "main"]);
    let checkout = isolated(checkout, &repo.lab).start();
    testkit::wait_until(crate::support::WATCHDOG, || !repo.lab.join(".gitattributes").exists());
    install(&repo, "").run().exits(0);
    let ended = checkout.finish().exits(0);
    assert!(!ended.stderr.contains("File exists"), "{ended:?}");
    assert!(repo.lab.read(".gitattributes").starts_with("*.png binary\n#"));
    let status = repo.git(&["status", "--porcelain", "--branch"]).exits(0);
    assert_eq!(status.out(), "## main\n M .gitattributes\n");
}
