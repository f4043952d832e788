//! The probe on each kind of volume that this machine can make, and under Wine.
//!
//! The program is `xtask/probe`, which also compiles where this one does not: on a runner with
//! another system it is called by itself.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;

use super::tools::Tools;
use super::wine::{Output, Wine, windows_path};
use super::{WINDOWS, probe_page};
use crate::outcome::Outcome;
use crate::workload::mounts::{self, Kind, Mount};
use crate::workspace;

/// Compare what this system and its volumes do with what the code assumes of them
///
/// Without a directory: on each kind of file system that can be mounted here (needs root), and, if
/// Wine is installed, as a Windows program. What cannot be run is printed as NOT RUN.
#[derive(Args)]
pub(crate) struct Probe {
    /// Directories on the volumes to look at
    directories: Vec<PathBuf>,
    /// Write what was found into docs/platforms.md (without a directory only)
    #[arg(long, conflicts_with = "directories")]
    write: bool,
}

const KINDS: [Kind; 6] =
    [mounts::EXT4, mounts::XFS, mounts::BTRFS, mounts::TMPFS, mounts::OVERLAY, mounts::FUSE];

/// A run takes about half a minute a volume on a quiet machine.
const LIMIT: Duration = Duration::from_secs(600);

impl Probe {
    pub(crate) fn run(self) -> Outcome {
        workspace::run(&mut workspace::cargo(&[
            "build",
            "--quiet",
            "--package=platform-probe",
            "--package=agentslock-cli",
        ]))?;
        if !self.directories.is_empty() {
            return workspace::run(native()?.args(&self.directories));
        }
        let scratch = tempfile::tempdir()?;
        let (mut mounted, mut not_run) = (Vec::new(), Vec::new());
        for kind in KINDS {
            match Mount::new(&kind, scratch.path()) {
                Ok(mount) => mounted.push(mount),
                Err(error) => not_run.push(format!("{}: {error}", kind.name)),
            }
        }
        let mut volumes = native()?;
        let output = volumes
            .args(mounted.iter().map(|mount| &mount.point))
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("{text}");
        let mut reports = vec![("Linux", Output { text, succeeded: output.status.success() })];
        match Tools::find() {
            Ok(tools) => reports.push(("Windows, under Wine", under_wine(&tools)?)),
            Err(error) => not_run.push(format!("Windows under Wine: {error}")),
        }
        for line in &not_run {
            println!("NOT RUN: {line}");
        }
        let bad = reports.iter().find(|(_, output)| !output.succeeded).map(|(system, _)| *system);
        if self.write {
            let reports: Vec<_> = reports.into_iter().map(|(title, it)| (title, it.text)).collect();
            probe_page::write(&reports, &not_run)?;
        }
        match bad {
            Some(system) => {
                Err(format!("{system}: a fact differs, or the probe did not end well").into())
            }
            None => Ok(()),
        }
    }
}

/// The probe for this system, which also calls the program that lies beside it.
fn native() -> Result<Command, Box<dyn std::error::Error>> {
    let built = workspace::target()?.join("debug");
    let mut command = Command::new(built.join("platform-probe"));
    command.arg("--program").arg(built.join("agentslock"));
    Ok(command)
}

fn under_wine(tools: &Tools) -> Outcome<Output> {
    println!("\n== Windows, under Wine");
    let place = tempfile::tempdir()?;
    let wine = Wine::start(tools)?;
    // That takes minutes on a busy machine, and is not part of the limit.
    workspace::run(tools.cargo("build", WINDOWS).args(["--quiet", "--package=platform-probe"]))?;
    let mut command = tools.cargo("run", WINDOWS);
    command.args(["--quiet", "--package=platform-probe", "--"]).arg(windows_path(place.path()));
    let output = wine.run(&mut command, LIMIT)?;
    println!("{}", output.text);
    Ok(output)
}
