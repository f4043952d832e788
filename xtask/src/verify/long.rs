//! Verify: all tasks, one after the other, and what became of each.
//!
//! The short form is `ci`, and the short forms of what it leaves out because they need root or
//! time. The long ones are run before a release; `docs/verification.md` has their results.

use std::process::Command;
use std::time::Instant;

use clap::Args;

use super::tasks::TASKS;
use crate::outcome::Outcome;
use crate::workspace::cargo;

/// Run all tasks, with `--long` at the length that a release needs (hours).
#[derive(Args)]
pub(crate) struct Verify {
    /// At the length that a release needs
    #[arg(long)]
    long: bool,
    /// Only those whose name contains this
    #[arg(long)]
    only: Option<String>,
}

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        let mut ci = cargo(&["xtask", "ci"]);
        ci.args(self.long.then_some("--require-all"));
        let tasks = TASKS.iter().filter_map(|task| {
            let command = if self.long { task.at_length() } else { task.beside_ci() };
            command.map(|command| (task.name, command))
        });
        let mut summary = Vec::new();
        let mut failed = 0;
        for (name, mut command) in [("ci", ci)].into_iter().chain(tasks) {
            if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            println!("\n== {name}: {}", shown(&command));
            let started = Instant::now();
            let passed = command.status()?.success();
            failed += u32::from(!passed);
            let word = if passed { "passed" } else { "FAILED" };
            let took = started.elapsed().as_secs();
            summary.push(format!("{word}     {name} in {took} s: {}", shown(&command)));
        }
        println!("\n== summary");
        for line in summary {
            println!("{line}");
        }
        if failed == 0 { Ok(()) } else { Err(format!("{failed} tasks failed").into()) }
    }
}

/// A command line to type.
fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    format!("cargo {}", words.collect::<Vec<_>>().join(" "))
}
