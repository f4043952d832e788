//! All checks, in one command. What could not be run is said at the end.

use std::fmt::Write as _;
use std::process::Command;

use clap::Args;

use crate::Outcome;
use crate::cargo::{cargo, run};
use crate::{platforms, power_cut, sweep};

/// Run all checks: format, lints, tests, documentation, and the short forms of the programmes.
#[derive(Args)]
pub(crate) struct Ci {
    /// Fail if anything could not be run here
    #[arg(long)]
    require_all: bool,
    /// … but for this, which the machine does not allow
    #[arg(long, value_name = "PROGRAMME")]
    except: Vec<String>,
}

impl Ci {
    pub(crate) fn run(self) -> Outcome {
        let skipped = tempfile::NamedTempFile::new()?;
        step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
        step(
            "lints",
            &mut cargo(&[
                "clippy",
                "--quiet",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ]),
        )?;
        step(
            "tests and doctests",
            cargo(&["test", "--workspace"]).env("AGENTSLOCK_NOT_RUN", skipped.path()),
        )?;
        step(
            "documentation",
            cargo(&["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        )?;
        let xtask = |arguments: &[&str]| {
            let mut command = cargo(&["xtask"]);
            command.args(arguments);
            command
        };
        step("licences", &mut xtask(&["dependencies"]))?;
        step("what is handed out", &mut xtask(&["dist"]))?;
        step("the main job", &mut xtask(&["demo", "--quiet"]))?;
        for programme in ["contention", "kill", "stop"] {
            step(programme, &mut xtask(&[programme]))?;
        }

        let mut not_run = std::fs::read_to_string(skipped.path())?;
        for (programme, can_run) in [
            ("crash-sweep", sweep::check as fn() -> Outcome),
            ("fault-sweep", sweep::check),
            ("power-cut", power_cut::check),
            ("platforms", platforms::check),
        ] {
            match can_run() {
                Ok(()) => step(programme, &mut xtask(&[programme]))?,
                Err(why) => writeln!(not_run, "{programme}: {why}")?,
            }
        }
        if works("python3") {
            step("interop", &mut xtask(&["interop"]))?;
        } else {
            not_run.push_str("interop: no python3, which the foreign peers are written in\n");
        }
        if works(&std::env::var("CXX").unwrap_or_else(|_| "c++".into())) {
            let check = ["check", "--quiet", "--manifest-path", "fuzz/Cargo.toml"];
            step("fuzz targets compile", &mut cargo(&check))?;
        } else {
            not_run.push_str("fuzz targets: no C++ compiler, which libFuzzer is built with\n");
        }
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
        lines.retain(|line| !self.except.iter().any(|except| line.starts_with(except)));
        if self.require_all && !lines.is_empty() {
            return Err(format!("{} checks were not run that are required", lines.len()).into());
        }
        println!("all other checks passed");
        Ok(())
    }
}

fn step(name: &str, command: &mut Command) -> Outcome {
    println!("\n== {name}");
    run(command)
}

/// Whether there is such a program.
fn works(program: &str) -> bool {
    let version = Command::new(program).arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}
