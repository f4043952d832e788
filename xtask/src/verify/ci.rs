//! All checks, in one command. What could not be run is said at the end.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;

use super::tasks::TASKS;
use crate::outcome::Outcome;
use crate::workspace::{cargo, run};

/// Run all checks: format, lints, tests, documentation, and the short forms of the tasks.
#[derive(Args)]
pub(crate) struct Ci {
    /// Fail if anything could not be run here
    #[arg(long)]
    require_all: bool,
    /// … except for this one, which the machine does not allow: how the line begins, or its reason
    #[arg(long, value_name = "START")]
    except: Vec<String>,
}

impl Ci {
    pub(crate) fn run(self) -> Outcome {
        let skipped = tempfile::NamedTempFile::new()?;
        let mut steps = Steps::default();
        steps.run("format", &mut cargo(&["fmt", "--all", "--check"]));
        steps.run("lints", &mut lints(&["--workspace", "--all-targets"]));
        steps.run(
            "tests and doctests",
            cargo(&["test", "--workspace", "--no-fail-fast"])
                .env("AGENTSLOCK_NOT_RUN", skipped.path())
                .env("RUST_TEST_THREADS", threads().to_string()),
        );
        steps.run(
            "documentation",
            cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        );
        let mut not_run = with_tools(&mut steps)?;
        not_run += &std::fs::read_to_string(skipped.path())?;
        let concluded = self.conclude(&not_run);
        steps.conclude().and(concluded)
    }

    /// Says what was not run: a reason a line, some of them of several tests alike.
    fn conclude(&self, not_run: &str) -> Outcome {
        println!("\n== not run");
        if not_run.is_empty() {
            println!("nothing: all checks ran");
            return Ok(());
        }
        let mut lines: Vec<_> = not_run.lines().collect();
        lines.sort_unstable();
        lines.dedup();
        for line in &lines {
            println!("NOT RUN: {}", line.trim_start_matches("NOT RUN: "));
        }
        lines.retain(|line| {
            let line = line.trim_start_matches("NOT RUN: ");
            let why = line.split_once(": ").map_or("", |(_, why)| why);
            !self.except.iter().any(|it| line.starts_with(it) || why.starts_with(it))
        });
        if self.require_all && !lines.is_empty() {
            return Err(format!("{} checks were not run that are required", lines.len()).into());
        }
        Ok(())
    }
}

/// How many tests run at a time: more than there are cores, since many wait for a time to pass.
fn threads() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// The steps. Each one runs whatever became of the others: the reader wants to know all that is
/// wrong.
#[derive(Default)]
struct Steps {
    failed: Vec<String>,
    took: Vec<(Duration, String)>,
}

impl Steps {
    fn run(&mut self, name: &str, command: &mut Command) {
        println!("\n== {name}");
        let started = Instant::now();
        if let Err(error) = run(command) {
            eprintln!("{error}");
            self.failed.push(name.to_owned());
        }
        self.took.push((started.elapsed(), name.to_owned()));
    }

    fn conclude(mut self) -> Outcome {
        let all: Duration = self.took.iter().map(|(took, _)| *took).sum();
        println!("\n== seconds: {:.0}, of these", all.as_secs_f64());
        self.took.sort_unstable_by(|one, other| other.cmp(one));
        for (took, name) in &self.took {
            println!("{:6.1}  {name}", took.as_secs_f64());
        }
        if self.failed.is_empty() {
            println!("all that was run passed");
            return Ok(());
        }
        Err(format!("failed: {}", self.failed.join(", ")).into())
    }
}

/// Runs the tasks. Returns which were not run, and why, a line each.
fn with_tools(steps: &mut Steps) -> Outcome<String> {
    let mut not_run = String::new();
    let with_peers = ["--package", "xtask", "--features", "peers"];
    if cargo(&["tree"]).args(with_peers).output().is_ok_and(|output| output.status.success()) {
        steps.run("lints of what `bench` compares with", &mut lints(&with_peers));
    } else {
        not_run.push_str("lints of what `bench` compares with: cargo cannot get those crates\n");
    }
    for task in TASKS {
        let Some(mut command) = task.in_ci() else { continue };
        match (task.check)() {
            Ok(()) => steps.run(task.name, &mut command),
            Err(why) => writeln!(not_run, "{}: {why}", task.name)?,
        }
    }
    Ok(not_run)
}

fn lints(of: &[&str]) -> Command {
    let mut command = cargo(&["clippy", "--quiet"]);
    command.args(of).args(["--", "--deny", "warnings"]);
    command
}
