//! File systems: contention, kill and the sweeps on each kind of mount, and which way of claiming
//! and of judging each of them got.
//!
//! Loop mounts need root. If a kind's tools are missing, the task says that this kind was not run,
//! and fails. Called by name, it must show all of them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use filelock::testing::Environment;

use crate::outcome::Outcome;
use crate::workload::mounts::{self, Kind, Mount};
use crate::workspace::worker;

/// Run contention, kill and the sweeps on ext4, xfs, btrfs, tmpfs, overlayfs and a FUSE mount.
/// Needs root.
#[derive(Args)]
pub(crate) struct Filesystems {
    /// How many increments each of 8 processes makes
    #[arg(long, default_value_t = 200)]
    increments: u32,
    /// How many takeovers are to be seen
    #[arg(long, default_value_t = 100)]
    takeovers: u64,
    /// How long each of the two sweeps lasts, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
}

/// Which kinds of mount, and whether claims are to be published whole there, and vouched for by the
/// kernel.
const KINDS: [(Kind, bool); 6] = [
    (mounts::EXT4, true),
    (mounts::XFS, true),
    (mounts::BTRFS, true),
    (mounts::TMPFS, true),
    (mounts::OVERLAY, true),
    (mounts::FUSE, false),
];

impl Filesystems {
    pub(crate) fn run(self) -> Outcome {
        if crate::workspace::rerun_optimised()? {
            return Ok(());
        }
        let scratch = tempfile::tempdir()?;
        let mut not_run = Vec::new();
        let mut wrong = 0;
        for (kind, local) in KINDS {
            match Mount::new(&kind, scratch.path()) {
                Ok(mount) => wrong += u32::from(!self.run_on(&kind, local, &mount.point)?),
                Err(error) => not_run.push(format!("{}: {error}", kind.name)),
            }
        }
        for line in &not_run {
            println!("NOT RUN: {line}");
        }
        match (wrong, not_run.len()) {
            (0, 0) => Ok(()),
            (0, missing) => Err(format!("{missing} file systems were not run").into()),
            (wrong, _) => Err(format!("the lock did not do as it should on {wrong}").into()),
        }
    }

    fn run_on(&self, kind: &Kind, local: bool, point: &Path) -> Outcome<bool> {
        let guard = filelock::acquire(point.join("probe"))?;
        let mode = guard.lock_path().symlink_metadata()?.permissions().mode();
        let published = mode & 0o1000 != 0;
        let backed = guard.is_kernel_backed();
        guard.release()?;
        println!(
            "{}: claimed by {}, judged by {}",
            kind.name,
            if published { "publishing" } else { "mkdir in place" },
            if backed { "the kernel" } else { "time" },
        );
        let mut right = (published, backed) == (local, local);
        let processes = ["--processes", "8"];
        let increments = self.increments.to_string();
        right &= task("contention", point)
            .args(processes)
            .args(["--increments", &increments])
            .status()?
            .success();
        if backed {
            let takeovers = self.takeovers.to_string();
            right &= task("kill", point)
                .args(processes)
                .args(["--takeovers", &takeovers])
                .status()?
                .success();
            for sweep in ["crash-sweep", "fault-sweep"] {
                let seconds = self.seconds.to_string();
                let mut sweep = task(sweep, point);
                right &= sweep.args(["--seconds", &seconds]).status()?.success();
            }
        } else {
            println!(
                "  kill, sweeps: not where time decides, each takeover waits for the TTL of 30 s"
            );
            right &= one_expiry(point)?;
        }
        Ok(right)
    }
}

/// Where time decides: a holder that was killed is replaced once its record is older than the TTL,
/// and not before.
fn one_expiry(point: &Path) -> Outcome<bool> {
    let path = point.join("expiring");
    let mut holder = worker("hold")?.arg(&path).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    let output = holder.stdout.take().expect("because it was piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said)?;
    holder.kill()?;
    holder.wait()?;
    let early = filelock::try_acquire(&path)?.acquired().is_some();
    let later = Environment { clock_offset: 31_000_000_000, ..Environment::default() };
    let late = filelock::LockOptions::new().environment(later).try_acquire(&path)?.acquired();
    let replaced = late.is_some();
    println!("  killed holder: replaced at once {early}, replaced after the TTL {replaced}");
    if let Some(guard) = late {
        guard.release()?;
    }
    Ok(!early && replaced)
}

/// Takes a lock and holds it until this process is killed.
#[derive(Args)]
pub(crate) struct Hold {
    path: PathBuf,
}

impl Hold {
    pub(crate) fn run(self) -> Outcome {
        let _guard = filelock::acquire(&self.path)?.unbind();
        println!("held");
        loop {
            std::thread::park();
        }
    }
}

fn task(name: &str, directory: &Path) -> Command {
    let here = std::env::current_exe().expect("because this program is running");
    let mut command = Command::new(here);
    command.arg(name).arg("--directory").arg(directory);
    command
}
