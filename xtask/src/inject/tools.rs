//! What the runs of a sweep have in common: the program, and what it is given.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::scenario::{VALUE, from_file};
use super::strace::check;
use crate::outcome::Outcome;
use crate::workspace::{cargo, run, target};

pub(super) struct Tools {
    scratch: TempDir,
    pub(super) binary: PathBuf,
}

impl Tools {
    pub(super) fn new() -> Outcome<Self> {
        check()?;
        run(&mut cargo(&["build", "--quiet", "--package", "agentslock-cli"]))?;
        let scratch = tempfile::tempdir()?;
        std::fs::write(scratch.path().join("value"), VALUE)?;
        std::fs::write(scratch.path().join("next"), "true")?;
        // Built without optimisation, whatever this program was built with: then std asks, before
        // it closes a file, whether it is open. All other calls are the same.
        Ok(Self { scratch, binary: target()?.join("debug/agentslock") })
    }

    pub(super) fn log(&self) -> PathBuf {
        self.scratch.path().join("calls")
    }

    pub(super) fn value(&self) -> PathBuf {
        self.scratch.path().join("value")
    }

    /// A command that writes `true` to the section `next`.
    pub(super) fn set_next(&self, target: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["set", "next"]).arg(from_file(&self.scratch.path().join("next")));
        command.arg("--file").arg(target);
        command
    }
}
