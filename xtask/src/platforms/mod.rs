//! Other systems: Windows for real, under Wine; Apple systems and FreeBSD as far as the compiler
//! sees; and other processors.
//!
//! Where the compiler comes with no standard library for a system, that is built from its sources.
//! What is missing is said, with the packages that bring it.

mod architectures;
mod counted;
mod probe;
mod probe_page;
pub(crate) mod tools;
mod wine;

use std::time::{Duration, Instant};

use clap::Args;

use crate::outcome::Outcome;
use architectures::ARCHITECTURES;
use counted::Counted;
pub(crate) use probe::Probe;
use tools::Tools;
use wine::Wine;

/// Build and test for Windows under Wine; type-check for Apple systems and FreeBSD.
#[derive(Args)]
pub(crate) struct Platforms {
    /// All tests and all targets, not only what `ci` runs
    #[arg(long)]
    long: bool,
    /// End the tests under Wine after so many seconds
    #[arg(long, default_value_t = 1800)]
    limit: u64,
    /// Only those whose name has this in it, such as `s390x`
    #[arg(long, default_value = "")]
    only: String,
}

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const FREEBSD: &str = "x86_64-unknown-freebsd";
const APPLE: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// What `ci` runs under Wine: the lock and the files, where the systems differ, in one process
/// each.
const SHORT: [&str; 7] = [
    "--package",
    "agentslock-filelock",
    "--package",
    "fsops",
    "--lib",
    "--test=it",
    "--no-fail-fast",
];
/// All that has tests for Windows. The model is the same everywhere.
const LONG: [&str; 8] = [
    "--workspace",
    "--exclude=xtask",
    "--lib",
    "--bins",
    "--test=it",
    "--test=processes",
    "--test=windows",
    "--no-fail-fast",
];

/// Fails unless all that this needs is here.
pub(crate) fn check() -> Outcome {
    Tools::find().map(|_| ())
}

impl Platforms {
    pub(crate) fn run(self) -> Outcome {
        let is_meant = |target: &str| target.contains(&self.only);
        let mut summary = Vec::new();
        let checked: &[&str] = if self.long { &[FREEBSD, APPLE[0], APPLE[1]] } else { &[APPLE[0]] };
        let mut checked = checked.iter().filter(|target| is_meant(target)).peekable();
        if is_meant(WINDOWS) || checked.peek().is_some() {
            let tools = Tools::find()?;
            if is_meant(WINDOWS) {
                summary.push(self.windows(&tools)?);
            }
            for target in checked {
                summary.push(Self::type_check(&tools, target)?);
            }
        }
        let architectures = ARCHITECTURES.iter().filter(|it| self.long || it.is_in_ci);
        for architecture in architectures.filter(|it| is_meant(it.target)) {
            summary.push(match architecture.check() {
                Ok(()) => architecture.run(self.long)?,
                Err(missing) => format!("{}: NOT RUN: {missing}", architecture.target),
            });
        }
        println!("\n== summary");
        for line in summary {
            println!("{line}");
        }
        Ok(())
    }

    fn type_check(tools: &Tools, target: &str) -> Outcome<String> {
        println!("\n== {target}: type check");
        let started = Instant::now();
        let mut check = tools.cargo("check", target);
        check.args(["--quiet", "--workspace", "--exclude=xtask", "--keep-going"]);
        // Not the tests: one of their dependencies takes a C compiler for the target.
        crate::workspace::run(&mut check)?;
        Ok(format!("{target}: libraries and programs type-checked, in {:.0?}", started.elapsed()))
    }

    fn windows(&self, tools: &Tools) -> Outcome<String> {
        println!("\n== {WINDOWS}: build");
        let tests: &[&str] = if self.long { &LONG } else { &SHORT };
        let started = Instant::now();
        crate::workspace::run(
            tools.cargo("test", WINDOWS).args(["--quiet", "--no-run"]).args(tests),
        )?;
        let built = started.elapsed();

        println!("\n== {WINDOWS}: tests under Wine");
        let not_run = tempfile::NamedTempFile::new()?;
        let wine = Wine::start(tools)?;
        let started = Instant::now();
        let mut command = tools.cargo("test", WINDOWS);
        command.args(tests).args(["--", "--test-threads=4"]);
        // Found by the programs as a file of Windows, on the drive that is the whole of this
        // system.
        command.env("AGENTSLOCK_NOT_RUN", wine::windows_path(not_run.path()));
        let output = wine.run(&mut command, Duration::from_secs(self.limit))?;
        let tests = Counted::of(&output.text);
        if !output.succeeded || tests.passed == 0 {
            println!("{}", output.text);
            return Err(format!("{WINDOWS}: {tests}, and the rest did not end well").into());
        }
        let skipped = std::fs::read_to_string(not_run.path())?;
        for line in skipped.lines() {
            println!("under Wine, {line}");
        }
        let took = started.elapsed();
        Ok(format!("{WINDOWS}: built in {built:.0?}; under Wine {tests}, in {took:.0?}"))
    }
}
