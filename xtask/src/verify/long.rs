//! Verify: all tasks, one after the other, and what became of each.
//!
//! The short form is `ci`, and the short forms of what it leaves out because they need root or
//! time. The long forms are run before a release; `--write` keeps what they showed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Args;

use super::results::{Results, Shown, commit};
use super::tasks::TASKS;
use crate::outcome::Outcome;
use crate::workspace::cargo;

/// Run all tasks, with `--long` at the length that a release needs (hours).
#[derive(Args)]
pub(crate) struct Verify {
    /// At the length that a release needs
    #[arg(long)]
    long: bool,
    /// Write what each part showed to docs/verification.md; leave out what this commit has passed
    #[arg(long, requires = "long")]
    write: bool,
    /// Only those whose name contains this
    #[arg(long)]
    only: Option<String>,
}

/// What is run.
struct Part {
    name: &'static str,
    command: Command,
}

impl Verify {
    pub(crate) fn run(self) -> Outcome {
        let parts = self.parts();
        let mut written = if self.write { Some((Results::read()?, commit()?)) } else { None };
        let mut summary = Vec::new();
        let mut failed = 0;
        let all = parts.len();
        for (number, Part { name, mut command }) in (1..).zip(parts) {
            let line = shown(&command);
            if written.as_ref().is_some_and(|(results, commit)| results.has(name, commit)) {
                summary.push(format!("before     {name}: passed on this commit"));
                continue;
            }
            println!("\n== {number} of {all}: {name}: {line}");
            let started = Instant::now();
            let (passed, output) = run_and_keep(&mut command)?;
            failed += u32::from(!passed);
            let word = if passed { "passed" } else { "FAILED" };
            let took = started.elapsed().as_secs();
            summary.push(format!("{word}     {name} in {took} s: {line}"));
            if let Some((results, commit)) = &mut written {
                results.keep(name, Shown::new(line, commit, took, passed, &output)?)?;
            }
        }
        println!("\n== summary");
        for line in summary {
            println!("{line}");
        }
        if failed == 0 { Ok(()) } else { Err(format!("{failed} tasks failed").into()) }
    }

    fn parts(&self) -> Vec<Part> {
        let mut ci = cargo(&["xtask", "ci"]);
        ci.args(self.long.then_some("--require-all"));
        // What `ci` shows is one commit's affair, and stands on no page.
        let ci = (!self.write).then_some(Part { name: "ci", command: ci });
        let tasks = TASKS.iter().filter_map(|task| {
            let command = if self.long { task.at_length() } else { task.beside_ci() };
            command.map(|command| Part { name: task.name, command })
        });
        let is_wanted =
            |part: &Part| self.only.as_ref().is_none_or(|only| part.name.contains(only.as_str()));
        ci.into_iter().chain(tasks).filter(is_wanted).collect()
    }
}

/// Runs `command`, and shows what it prints as it comes. Returns whether it succeeded, and what it
/// printed.
fn run_and_keep(command: &mut Command) -> Outcome<(bool, String)> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = String::new();
    for line in BufReader::new(child.stdout.take().expect("because it was piped")).lines() {
        let line = line?;
        println!("{line}");
        output.push_str(&line);
        output.push('\n');
    }
    Ok((child.wait()?.success(), output))
}

/// A command line to type.
fn shown(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        Some(format!("{}={} ", name.to_string_lossy(), value?.to_string_lossy()))
    });
    let set = set.collect::<String>();
    let words = command.get_args().map(|word| word.to_string_lossy());
    format!("{set}cargo {}", words.collect::<Vec<_>>().join(" "))
}
