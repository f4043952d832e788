//! File systems: contention and kill on each kind of mount, and which way of claiming and of judging
//! each of them got.
//!
//! Loop mounts need root. A kind whose tools are missing is said to be not run, and the programme
//! fails: called by name, it is to show all of them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::Outcome;

/// Run contention and kill on ext4, xfs, btrfs, tmpfs, overlayfs and a FUSE mount. Needs root.
#[derive(Args)]
pub(crate) struct Filesystems {
    /// How many increments each of 8 processes makes
    #[arg(long, default_value_t = 200)]
    increments: u32,
    /// How many takeovers are to be seen
    #[arg(long, default_value_t = 100)]
    takeovers: u64,
}

/// A file system to be mounted, and what it needs.
struct Kind {
    name: &'static str,
    /// The package that brings its tool, and the tool.
    tool: Option<(&'static str, &'static str)>,
    /// Whether claims are to be published whole and vouched for by the kernel.
    local: bool,
}

const KINDS: [Kind; 6] = [
    Kind { name: "ext4", tool: Some(("e2fsprogs", "mkfs.ext4")), local: true },
    Kind { name: "xfs", tool: Some(("xfsprogs", "mkfs.xfs")), local: true },
    Kind { name: "btrfs", tool: Some(("btrfs-progs", "mkfs.btrfs")), local: true },
    Kind { name: "tmpfs", tool: None, local: true },
    Kind { name: "overlay", tool: None, local: true },
    Kind { name: "fuse", tool: Some(("bindfs", "bindfs")), local: false },
];

/// Large enough for every mkfs: xfs wants 300 MB. Sparse.
const IMAGE_SIZE: u64 = 512 * 1024 * 1024;

impl Filesystems {
    pub(crate) fn run(self) -> Outcome {
        if crate::cargo::rerun_optimised()? {
            return Ok(());
        }
        let scratch = tempfile::tempdir()?;
        let mut not_run = Vec::new();
        let mut wrong = 0;
        for kind in KINDS {
            if let Some((package, tool)) = kind.tool
                && !exists(tool)
            {
                not_run.push(format!("{}: no {tool}; install {package}", kind.name));
                continue;
            }
            match Mount::new(&kind, scratch.path()) {
                Ok(mount) => wrong += u32::from(!self.run_on(&kind, &mount.point)?),
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

    fn run_on(&self, kind: &Kind, point: &Path) -> Result<bool, Box<dyn std::error::Error>> {
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
        let mut right = (published, backed) == (kind.local, kind.local);
        let processes = ["--processes", "8"];
        let increments = self.increments.to_string();
        right &= programme("contention", point)
            .args(processes)
            .args(["--increments", &increments])
            .status()?
            .success();
        if backed {
            let takeovers = self.takeovers.to_string();
            right &= programme("kill", point)
                .args(processes)
                .args(["--takeovers", &takeovers])
                .status()?
                .success();
        } else {
            println!("  kill: not where time decides, each takeover waits for the TTL of 30 s");
            right &= one_expiry(point)?;
        }
        Ok(right)
    }
}

/// Where time decides: a holder that was killed is replaced once its record is older than the TTL,
/// and not before.
fn one_expiry(point: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let path = point.join("expiring");
    let mut holder = programme("hold", &path).stdout(Stdio::piped()).spawn()?;
    let mut said = String::new();
    let output = holder.stdout.take().expect("because it was piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said)?;
    holder.kill()?;
    holder.wait()?;
    let early = filelock::try_acquire(&path)?.is_some();
    let later =
        filelock::Environment { clock_offset: 31_000_000_000, ..filelock::Environment::default() };
    let late = filelock::LockOptions::new().environment(later).try_acquire(&path)?;
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
    #[arg(long)]
    directory: PathBuf,
}

impl Hold {
    pub(crate) fn run(self) -> Outcome {
        let _guard = filelock::acquire(&self.directory)?;
        println!("held");
        loop {
            std::thread::park();
        }
    }
}

fn programme(name: &str, directory: &Path) -> Command {
    let here = std::env::current_exe().expect("because this program is running");
    let mut command = Command::new(here);
    command.arg(name).arg("--directory").arg(directory);
    command
}

fn exists(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
        || Path::new("/usr/sbin").join(tool).exists()
}

/// A mounted file system, unmounted when it is dropped.
struct Mount {
    point: PathBuf,
}

impl Mount {
    fn new(kind: &Kind, scratch: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let point = scratch.join(kind.name);
        std::fs::create_dir(&point)?;
        let side = |name: &str| scratch.join(format!("{}-{name}", kind.name));
        let mut command;
        match kind.name {
            "tmpfs" => {
                command = Command::new("mount");
                command.args(["-t", "tmpfs", "none"]);
            }
            "overlay" => {
                // Not below the scratch directory's own file system, which can be an overlay itself.
                let layers = side("layers");
                std::fs::create_dir(&layers)?;
                run(Command::new("mount").args(["-t", "tmpfs", "none"]).arg(&layers))?;
                let mut options = Vec::new();
                for (name, layer) in
                    [("lowerdir", "lower"), ("upperdir", "upper"), ("workdir", "work")]
                {
                    std::fs::create_dir(layers.join(layer))?;
                    options.push(format!("{name}={}", layers.join(layer).display()));
                }
                command = Command::new("mount");
                command.args(["-t", "overlay", "none", "-o", &options.join(",")]);
            }
            "fuse" => {
                std::fs::create_dir(side("backing"))?;
                command = Command::new("bindfs");
                command.arg(side("backing"));
            }
            name => {
                let image = side("image");
                std::fs::File::create(&image)?.set_len(IMAGE_SIZE)?;
                let quiet = if name == "ext4" { "-qF" } else { "-qf" };
                run(Command::new(format!("mkfs.{name}")).arg(quiet).arg(&image))?;
                command = Command::new("mount");
                command.args(["-o", "loop"]).arg(&image);
            }
        }
        run(command.arg(&point))?;
        Ok(Self { point })
    }
}

fn run(command: &mut Command) -> Outcome {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.trim()).into())
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.point).status();
        let layers = self.point.with_file_name("overlay-layers");
        if self.point.ends_with("overlay") && layers.exists() {
            let _ = Command::new("umount").arg(layers).status();
        }
    }
}
