//! The table of tasks: what `ci` runs of them, what `verify` does, and what each of them tests.

use std::process::Command;

use crate::outcome::Outcome;
use crate::release::{api, packages};
use crate::stress::{exchange, power_cut};
use crate::workspace::cargo;
use crate::{conformance, inject, platforms};

/// A task that others run.
pub(super) struct Task {
    pub(super) name: &'static str,
    /// What cargo is called with, in each form.
    command: &'static [&'static str],
    pub(super) short: Short,
    /// What the form adds that a release needs; `None`: there is no more to it than the short form.
    pub(super) long: Option<&'static [&'static str]>,
    /// Set in the long form.
    environment: &'static [(&'static str, &'static str)],
    /// Whether it can run on this machine; the error says what is missing.
    pub(super) check: fn() -> Outcome,
    /// A sentence for the page of results.
    pub(super) shows: &'static str,
    /// The files whose changes make a result old.
    pub(super) tests: &'static [&'static str],
}

const LOCK: &[&str] = &["crates/filelock/src"];
const DOCUMENT: &[&str] = &[
    "crates/filelock/src",
    "crates/fsops/src",
    "crates/lockedfile/src",
    "crates/agentslock-core/src",
];
const ALL: &[&str] = &["crates"];

/// What the short form adds, and which command runs it.
#[derive(Clone, Copy)]
pub(super) enum Short {
    /// `ci`, and so `verify` as well.
    Ci(&'static [&'static str]),
    /// Only `verify`: it needs root, or time.
    Verify(&'static [&'static str]),
    /// There is none.
    None,
}

pub(super) const TASKS: &[Task] = &[
    task("licences", &["xtask", "dependencies"]),
    task("dist", &["xtask", "dist"]).long(&["--static"])
        .shows(ALL, "The program is as small and quick as promised. The static one works in an empty root directory."),
    task("packages", &["xtask", "packages"]).check(packages::check),
    task("publish", &["publish", "--quiet", "--dry-run", "--no-verify", "--workspace", "--allow-dirty"]).check(packages::has_registry),
    task("circles", &["xtask", "circles"]),
    task("prose", &["xtask", "prose"]),
    task("demo", &["xtask", "demo"]),
    task("contention", &["xtask", "contention"]).long(&[
        "--processes",
        "16",
        "--increments",
        "62500",
    ])
        .shows(DOCUMENT, "Many processes increment one counter, append to one log and flush one document. Nothing is lost, nothing is torn, no two hold a lock at once."),
    task("contention, mostly flushes", &["xtask", "contention", "--processes", "8"])
        .short(Short::None)
        .long(&["--increments", "1250", "--flushes", "1250"])
        .shows(DOCUMENT, "The same, with as many flushes as increments."),
    task("kill", &["xtask", "kill"]).long(&["--processes", "8", "--takeovers", "100000"])
        .shows(DOCUMENT, "Holders and waiters die by SIGKILL wherever they are, also in what `lockedfile` does and with two locks. Nothing acknowledged is lost, and no chain of records breaks. The next process holds the lock in milliseconds."),
    task("kill, mostly flushes", &["xtask", "kill"]).short(Short::None).long(&[
        "--takeovers",
        "1000",
        "--flushes",
        "10000",
    ])
        .shows(DOCUMENT, "The same, with many more flushes."),
    task("stop", &["xtask", "stop"]).long(&["--holders", "1000"])
        .shows(LOCK, "Holders are stopped past the TTL. If the clock judges, each learns that it lost; if the kernel does, none loses its lock."),
    task("replaced", &["xtask", "replaced"]).check(has_git).long(&["--seconds", "1800"])
        .shows(DOCUMENT, "Git and an editor replace the document by removing it and creating it again. No section is lost, and each writer succeeds or is told to try later."),
    task("api", &["xtask", "api", "--quiet"]).check(api::check),
    task("crash-sweep", &["xtask", "crash-sweep"]).check(inject::check).long(&["--all"])
        .shows(DOCUMENT, "A death at each system call: the file is the old or the new one, and the next writer succeeds."),
    task("fault-sweep", &["xtask", "fault-sweep"]).check(inject::check).long(&["--all"])
        .shows(DOCUMENT, "An error from each system call: old or new file, an honest error, and nothing left that nobody clears."),
    task("exchange", &["xtask", "exchange"]).check(exchange::check).long(&["--rounds", "10000"])
        .shows(ALL, "Another user exchanges directories and links on the path while root writes: no file is replaced but the one that was read."),
    task("power-cut", &["xtask", "power-cut"]).check(power_cut::check).long(&["--clones", "200"])
        .shows(DOCUMENT, "The power is cut at random instants, also while logs are rotated and rewritten: nothing that was acknowledged as durable is lost."),
    task("power-cut without syncing", &["xtask", "power-cut", "--atomic"])
        .check(power_cut::check)
        .short(Short::None)
        .long(&["--clones", "200"])
        .shows(DOCUMENT, "The same without syncing. What is lost is counted."),
    task("platforms", &["xtask", "platforms"]).check(platforms::check).long(&["--long"])
        .shows(ALL, "Windows under Wine; type checks for Apple systems and FreeBSD; all but the tests of several processes on 32 bits, big-endian, and static."),
    // The long form takes every kind of volume that can be mounted here.
    task("probe", &["xtask", "probe"]).short(Short::Ci(&["target"])).long(&[])
        .shows(ALL, "What each kind of volume does, beside what the code assumes of it."),
    task("interop", &["xtask", "interop"]).check(has_python).long(&["--increments", "1000", "--counted"])
        .shows(LOCK, "Ours beside an older build of ours and the Go generations, each with its faults and without."),
    task("conformance", &["xtask", "conformance"]).check(conformance::check),
    task("fuzz targets", &["check", "--quiet", "--manifest-path", "fuzz/Cargo.toml"])
        .check(has_cpp_compiler),
    Task {
        environment: &[("FILELOCK_MODEL_LONG", "1")],
        ..task("model", &["test", "--quiet", "--release", "-p", "agentslock-filelock", "--test", "model"])
            .short(Short::Verify(&[]))
            .long(&[])
            .shows(LOCK, "The protocol as a model, explored exhaustively within larger bounds.")
    },
    task("filesystems", &["xtask", "filesystems"])
        .short(Short::Verify(&["--increments", "50", "--takeovers", "20"]))
        .long(&[])
        .shows(DOCUMENT, "Contention, kill and the sweeps on each kind of file system."),
    task("mutation", &["xtask", "mutation"]).short(Short::None).long(&[])
        .shows(LOCK, "The protocol is broken on purpose, in one way after the other: each time a test fails."),
    task("bench", &["xtask", "bench"]).check(inject::check).short(Short::None).long(&["--write"])
        .shows(ALL, "What all of it costs, beside others, in docs/benchmarks.md. The end is here."),
    task("sections", &["test", "--quiet", "-p", "agentslock-adapters", "--test", "processes"])
        .short(Short::None)
        .long(&["--", "--include-ignored", "--skip", "killed"])
        .shows(ALL, "Resolvers and adapters as processes on one document, at length."),
    task(
        "bumps",
        &["test", "--quiet", "-p", "agentslock-adapters", "--test", "processes", "killed"],
    )
    .short(Short::None)
    .long(&["--", "--include-ignored", "--nocapture"])
    .shows(ALL, "Adapters that are killed while they change one document: nothing is lost or mixed."),
];

/// One that `ci` runs just so, that needs nothing, and that has no long form.
const fn task(name: &'static str, command: &'static [&'static str]) -> Task {
    Task {
        name,
        command,
        short: Short::Ci(&[]),
        long: None,
        environment: &[],
        check: nothing_is_missing,
        shows: "",
        tests: ALL,
    }
}

impl Task {
    /// For tests: a long form that takes no time.
    #[cfg(test)]
    pub(super) const fn tiny(
        name: &'static str,
        command: &'static [&'static str],
        tests: &'static [&'static str],
    ) -> Self {
        task(name, command).short(Short::None).long(&[]).shows(tests, "It is there.")
    }

    const fn short(self, short: Short) -> Self {
        Self { short, ..self }
    }

    const fn long(self, long: &'static [&'static str]) -> Self {
        Self { long: Some(long), ..self }
    }

    const fn check(self, check: fn() -> Outcome) -> Self {
        Self { check, ..self }
    }

    /// What the long form shows, and of which files.
    const fn shows(self, tests: &'static [&'static str], shows: &'static str) -> Self {
        Self { shows, tests, ..self }
    }

    /// What `ci` runs of it, if it does.
    pub(super) fn in_ci(&self) -> Option<Command> {
        match self.short {
            Short::Ci(added) => Some(self.with(added)),
            Short::Verify(_) | Short::None => None,
        }
    }

    /// What `verify` runs of it besides what `ci` has run.
    pub(super) fn beside_ci(&self) -> Option<Command> {
        match self.short {
            Short::Verify(added) => Some(self.with(added)),
            Short::Ci(_) | Short::None => None,
        }
    }

    /// What a release needs of it besides what `ci` has run.
    pub(super) fn at_length(&self) -> Option<Command> {
        let mut command = self.with(self.long?);
        command.envs(self.environment.iter().copied());
        Some(command)
    }

    fn with(&self, added: &[&str]) -> Command {
        let mut command = cargo(self.command);
        command.args(added);
        command
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as the other checks")]
fn nothing_is_missing() -> Outcome {
    Ok(())
}

fn has_python() -> Outcome {
    works("python3", "which the foreign peers are written in")
}

fn has_git() -> Outcome {
    works("git", "which replaces the document")
}

fn has_cpp_compiler() -> Outcome {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    works(&compiler, "the C++ compiler that libFuzzer is built with")
}

fn works(program: &str, what: &str) -> Outcome {
    let probe = Command::new(program).arg("--version").output();
    if probe.is_ok_and(|output| output.status.success()) {
        Ok(())
    } else {
        Err(format!("no {program}, {what}").into())
    }
}
