//! Verify: all programmes, one after the other, and what became of each.
//!
//! The short forms are those that `ci` runs, and those that it does not because they need root or time.
//! The long ones are run before a release; `docs/verification.md` has their results.

use std::process::Command;
use std::time::Instant;

use clap::Args;

use crate::Outcome;
use crate::workspace::cargo;

/// Run all programmes, with `--long` at the length that a release needs (hours).
#[derive(Args)]
pub(crate) struct Verify {
    /// At the length that a release needs
    #[arg(long)]
    long: bool,
    /// Only those whose name contains this
    #[arg(long)]
    only: Option<String>,
}

struct Check {
    name: &'static str,
    /// What cargo is called with in both forms.
    command: &'static [&'static str],
    /// What is added in the short form; `None`: it has none.
    short: Option<&'static [&'static str]>,
    /// What is added in the long form.
    long: &'static [&'static str],
    /// Set in the long form.
    environment: &'static [(&'static str, &'static str)],
}

/// A programme of ours.
const fn xtask(
    name: &'static str,
    command: &'static [&'static str],
    short: Option<&'static [&'static str]>,
    long: &'static [&'static str],
) -> Check {
    Check { name, command, short, long, environment: &[] }
}

const CHECKS: [Check; 16] = [
    xtask("ci", &["xtask", "ci"], Some(&[]), &["--require-all"]),
    Check {
        name: "model",
        command: &["test", "--quiet", "--release", "--package", "filelock", "--test", "model"],
        short: Some(&[]),
        long: &[],
        environment: &[("FILELOCK_MODEL_LONG", "1")],
    },
    xtask(
        "contention",
        &["xtask", "contention"],
        Some(&[]),
        &["--processes", "16", "--increments", "62500"],
    ),
    xtask("kill", &["xtask", "kill"], Some(&[]), &["--processes", "8", "--takeovers", "100000"]),
    xtask(
        "contention, mostly flushes",
        &["xtask", "contention", "--processes", "8"],
        None,
        &["--increments", "1250", "--flushes", "1250"],
    ),
    xtask(
        "kill, mostly flushes",
        &["xtask", "kill"],
        None,
        &["--takeovers", "1000", "--flushes", "10000"],
    ),
    xtask("stop", &["xtask", "stop"], Some(&[]), &["--holders", "1000"]),
    xtask("crash-sweep", &["xtask", "crash-sweep"], Some(&[]), &["--all"]),
    xtask("fault-sweep", &["xtask", "fault-sweep"], Some(&[]), &["--all"]),
    xtask("power-cut", &["xtask", "power-cut"], Some(&[]), &["--clones", "200"]),
    xtask(
        "power-cut without syncing",
        &["xtask", "power-cut", "--atomic"],
        None,
        &["--clones", "200"],
    ),
    xtask("interop", &["xtask", "interop"], Some(&[]), &["--increments", "1000"]),
    xtask(
        "filesystems",
        &["xtask", "filesystems"],
        Some(&["--increments", "50", "--takeovers", "20"]),
        &[],
    ),
    xtask("platforms", &["xtask", "platforms"], Some(&[]), &["--long"]),
    xtask("mutation", &["xtask", "mutation"], None, &[]),
    Check {
        name: "sections",
        command: &["test", "--quiet", "--package", "agentslock-adapters", "--test", "processes"],
        short: None,
        long: &["--", "--include-ignored"],
        environment: &[],
    },
];

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        let mut summary = Vec::new();
        let mut failed = 0;
        for check in &CHECKS {
            if self.only.as_ref().is_some_and(|only| !check.name.contains(only.as_str())) {
                continue;
            }
            let Some(added) = (if self.long { Some(check.long) } else { check.short }) else {
                summary.push(format!("not run    {}: only with --long", check.name));
                continue;
            };
            let mut command = cargo(check.command);
            command.args(added);
            if self.long {
                command.envs(check.environment.iter().copied());
            }
            println!("\n== {}: {}", check.name, shown(&command));
            let started = Instant::now();
            let passed = command.status()?.success();
            failed += u32::from(!passed);
            let word = if passed { "passed" } else { "FAILED" };
            let took = started.elapsed().as_secs();
            summary.push(format!("{word}     {} in {took} s: {}", check.name, shown(&command)));
        }
        println!("\n== summary");
        for line in summary {
            println!("{line}");
        }
        if failed == 0 { Ok(()) } else { Err(format!("{failed} programmes failed").into()) }
    }
}

/// A command line to type.
fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    format!("cargo {}", words.collect::<Vec<_>>().join(" "))
}
