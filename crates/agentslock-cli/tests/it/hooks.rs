//! `examples/hooks`: what people copy works, also if ten agents of each language do it at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::merge::repo::{has_git, isolated};
use crate::support::{DOCUMENT, Lab, PROGRAM, Program};

fn hooks() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("because this crate lies in the workspace's crates").join("examples/hooks")
}

/// With the program on the path.
fn program(lab: &Lab, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Program {
    let directory = Path::new(PROGRAM).parent().expect("because it lies in one");
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    Program::new(program).args(arguments).env("PATH", path).in_directory(lab.root())
}

/// With all that is on the path but the program.
fn without_agentslock(lab: &Lab, program: impl AsRef<std::ffi::OsStr>, rest: &[&str]) -> Program {
    let path = std::env::var_os("PATH").unwrap();
    let directories = std::env::split_paths(&path).filter(|it| !it.join("agentslock").exists());
    let path = std::env::join_paths(directories).unwrap();
    Program::new(program).args(rest).env("PATH", path).in_directory(lab.root())
}

/// Whether this machine has what runs a hook. If not, says so.
#[track_caller]
fn has(tool: &str) -> bool {
    let is_here = Command::new(tool).arg("--version").output().is_ok_and(|it| it.status.success());
    if !is_here {
        testkit::skip(&format!("there is no {tool}"));
    }
    is_here
}

#[test]
fn ten_agents_of_each_language_lose_nothing_and_tear_no_line() {
    const AGENTS: usize = 10;
    let languages: Vec<&str> = [("agent.sh", "sh"), ("agent.py", "python3"), ("agent.js", "node")]
        .into_iter()
        .filter(|(_, tool)| *tool == "sh" || has(tool))
        .map(|(hook, _)| hook)
        .collect();
    let lab = Lab::with("{\n  \"lock_version\": 1\n}\n");
    fs::create_dir(lab.join(".agents")).unwrap();
    // Longer than the hooks wait by themselves: this machine may be busy.
    let hook = |hook: &str, event: &str, agent: &str| {
        let input = format!("{{\"agent\": \"{agent}\",\n \"event\": \"{event}\"}}");
        let hook = program(&lab, hooks().join(hook), &[event, agent]);
        let ended = hook.env("AGENTSLOCK_WAIT", "100").input(input).run().exits(0);
        ended.says_nothing();
    };
    std::thread::scope(|scope| {
        for language in &languages {
            for number in 0..AGENTS {
                scope.spawn(move || {
                    let agent = format!("{language}-{number}");
                    for event in ["start", "tool", "end"] {
                        hook(language, event, &agent);
                    }
                });
            }
        }
    });
    let all = languages.len() * AGENTS;
    let log = lab.read(".agents/events.ndjson");
    let events: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("a whole line")).collect();
    assert_eq!(events.len(), 3 * all);
    for event in ["start", "tool", "end"] {
        assert_eq!(events.iter().filter(|it| it["event"] == event).count(), all, "{event}");
    }
    let document: Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(document["counters"]["runs"], all, "{document}");
    assert_eq!(document["agents"].as_object().unwrap().len(), all, "{document}");
    lab.cli(["check"]).run().exits(0);
    lab.expect_free(DOCUMENT);
}

#[test]
fn an_agent_is_not_failed_by_its_hook() {
    let lab = Lab::with("{}\n");
    fs::create_dir(lab.join(".agents")).unwrap();
    let holders = [lab.hold(DOCUMENT), lab.hold(".agents/events.ndjson")];
    for (hook, tool) in [("agent.sh", "sh"), ("agent.py", "python3"), ("agent.js", "node")] {
        if tool != "sh" && !has(tool) {
            continue;
        }
        let hook = program(&lab, hooks().join(hook), &["start", "a"]).env("AGENTSLOCK_WAIT", "0");
        let ended = hook.input("{}").run().exits(0);
        assert!(ended.stderr.contains("recorded"), "{ended:?}");
    }
    for holder in holders {
        holder.finish().exits(0);
    }
}

#[test]
fn an_agent_is_not_failed_if_the_program_is_not_installed() {
    let lab = Lab::with("{}\n");
    for (hook, tool) in [("agent.sh", "sh"), ("agent.py", "python3"), ("agent.js", "node")] {
        if tool != "sh" && !has(tool) {
            continue;
        }
        for event in ["start", "tool", "end"] {
            let hook = without_agentslock(&lab, hooks().join(hook), &[event, "a"]);
            let ended = hook.input("{}").run().exits(0);
            assert!(ended.stderr.contains("not recorded"), "{ended:?}");
            assert!(!ended.stderr.contains("undefined"), "{ended:?}");
        }
    }
    assert_eq!((lab.names(), lab.document()), (vec![DOCUMENT.to_owned()], "{}\n".to_owned()));
}

#[test]
fn a_commit_is_not_failed_if_the_program_is_not_installed() {
    if !has_git() {
        return;
    }
    let lab = Lab::with("{}\n");
    let git = |arguments: &[&str]| {
        isolated(without_agentslock(&lab, "git", arguments), &lab).run().exits(0)
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    let hook = lab.join(".git/hooks/pre-commit");
    let copied = || _ = fs::copy(hooks().join("pre-commit"), &hook).unwrap();
    let made = || _ = isolated(lab.cli(["init", "--hook"]), &lab).run().exits(0);
    for (make, document) in [(&copied as &dyn Fn(), "{} "), (&made, "{}  ")] {
        make();
        lab.write(DOCUMENT, document);
        let ended = git(&["commit", "-qam", "not checked"]);
        assert!(ended.stderr.contains("agentslock is not installed"), "{ended:?}");
        let ended = git(&["commit", "-q", "--allow-empty", "-m", "without the document"]);
        ended.says_nothing();
        fs::remove_file(&hook).unwrap();
    }
}

/// As docs/cli.md has it. A writer opens the log under its lock, so that an archive does not grow.
#[test]
fn a_shell_rotates_a_log_while_others_append_to_it() {
    const WRITERS: usize = 4;
    const RECORDS: usize = 6;
    const ARCHIVES: usize = 3;
    let lab = Lab::new();
    let append = |who: usize, number: usize| {
        let record = format!("[{who},{number}]");
        let append = lab.cli(["append", "events.ndjson", &record]).env("AGENTSLOCK_WAIT", "100");
        append.run().exits(0).says_nothing();
    };
    let archives = std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || (0..RECORDS).for_each(|number| append(writer, number)));
        }
        let rotate = |number: usize| {
            append(WRITERS, number); // so that there is a log
            let archive = format!("events.{number}.ndjson");
            let run = ["run", "events.ndjson", "--", "mv", "-n", "events.ndjson", &archive];
            lab.cli(run).env("AGENTSLOCK_WAIT", "100").run().exits(0).says_nothing();
            (lab.read(&archive), archive)
        };
        (0..ARCHIVES).map(rotate).collect::<Vec<_>>()
    });
    append(WRITERS, ARCHIVES);
    let mut all = String::new();
    for (rotated, archive) in archives {
        assert_eq!(lab.read(&archive), rotated, "{archive} has grown");
        all.push_str(&rotated);
    }
    all.push_str(&lab.read("events.ndjson"));
    for who in 0..=WRITERS {
        let numbers = if who == WRITERS { ARCHIVES + 1 } else { RECORDS };
        let expected: Vec<String> =
            (0..numbers).map(|number| format!("[{who},{number}]")).collect();
        let its: Vec<&str> =
            all.lines().filter(|line| line.starts_with(&format!("[{who},"))).collect();
        assert_eq!(its, expected, "{all}");
    }
    lab.expect_free("events.ndjson");
}

#[test]
fn the_hook_of_git_refuses_what_check_refuses() {
    if !has_git() {
        return;
    }
    let lab = Lab::with("{}\n");
    let git = |arguments: &[&str]| isolated(program(&lab, "git", arguments), &lab).run();
    git(&["init", "-q", "-b", "main"]).exits(0);
    fs::copy(hooks().join("pre-commit"), lab.join(".git/hooks/pre-commit")).unwrap();
    git(&["add", "-A"]).exits(0);
    git(&["commit", "-qm", "first"]).exits(0);
    lab.write(DOCUMENT, "{}  ");
    let ended = git(&["commit", "-qam", "second"]).exits(1);
    let said = format!("{}{}", ended.out(), ended.stderr);
    assert!(said.contains("not-canonical"), "{said}");
    // What is not part of the commit does not matter.
    git(&["commit", "-q", "--allow-empty", "-m", "third"]).exits(0);
}

#[test]
fn a_cron_job_that_still_runs_is_not_started_again() {
    let lab = Lab::new();
    let nightly = || program(&lab, hooks().join("nightly"), &[]).env("NIGHTLY_WORK", "1.5");
    let first = nightly().start();
    testkit::wait_until(crate::support::WATCHDOG, || lab.join("nightly.log").exists());
    nightly().run().exits(0);
    first.finish().exits(0);
    assert_eq!(lab.read("nightly.log"), "begin\nend\n");
}

#[test]
fn two_makes_build_one_after_the_other() {
    if !has("make") {
        return;
    }
    let lab = Lab::with("{}\n");
    fs::copy(hooks().join("Makefile"), lab.join("Makefile")).unwrap();
    let running: Vec<_> = (0..4).map(|_| program(&lab, "make", &["-s", "build"]).start()).collect();
    for make in running {
        make.finish().exits(0);
    }
    assert_eq!(lab.read("build.log"), "begin\nend\n".repeat(4));
    program(&lab, "make", &["-s", "check"]).run().exits(0);
}
