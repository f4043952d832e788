//! File systems, made and mounted for a task. Loop mounts need root.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::outcome::Outcome;

/// A kind of file system.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The package that brings its tool, and the tool.
    tool: Option<(&'static str, &'static str)>,
}

pub(crate) const EXT4: Kind = kind("ext4", Some(("e2fsprogs", "mkfs.ext4")));
pub(crate) const XFS: Kind = kind("xfs", Some(("xfsprogs", "mkfs.xfs")));
pub(crate) const BTRFS: Kind = kind("btrfs", Some(("btrfs-progs", "mkfs.btrfs")));
pub(crate) const TMPFS: Kind = kind("tmpfs", None);
pub(crate) const OVERLAY: Kind = kind("overlay", None);
pub(crate) const FUSE: Kind = kind("fuse", Some(("bindfs", "bindfs")));

const fn kind(name: &'static str, tool: Option<(&'static str, &'static str)>) -> Kind {
    Kind { name, tool }
}

/// Large enough for every mkfs: xfs wants 300 MB. Sparse.
const IMAGE_SIZE: u64 = 512 * 1024 * 1024;

impl Kind {
    /// # Errors
    ///
    /// What to install.
    pub(crate) fn check(&self) -> Outcome {
        match self.tool {
            Some((package, tool)) if !exists(tool) => {
                Err(format!("no {tool}; install {package}").into())
            }
            _ => Ok(()),
        }
    }

    /// Makes an image, sparse, with a file system of this kind.
    pub(crate) fn make_image(&self, image: &Path, size: u64) -> Outcome {
        self.check()?;
        std::fs::File::create(image)?.set_len(size)?;
        let quiet = if self.name == "ext4" { "-qF" } else { "-qf" };
        run(Command::new(format!("mkfs.{}", self.name)).arg(quiet).arg(image))
    }
}

fn exists(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
        || Path::new("/usr/sbin").join(tool).exists()
}

/// How often a mount is tried that was refused, and how far apart.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// A mounted file system, unmounted when it is dropped.
pub(crate) struct Mount {
    pub(crate) point: PathBuf,
}

impl Mount {
    /// A fresh one, mounted in the directory `scratch`.
    pub(crate) fn new(kind: &Kind, scratch: &Path) -> Outcome<Self> {
        kind.check()?;
        let point = scratch.join(kind.name);
        let side = |name: &str| scratch.join(format!("{}-{name}", kind.name));
        let mut command;
        match kind.name {
            "tmpfs" => {
                command = Command::new("mount");
                command.args(["-t", "tmpfs", "none"]);
            }
            "overlay" => {
                // Not below the scratch directory's own file system, which can be an overlay
                // itself.
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
            _ => {
                kind.make_image(&side("image"), IMAGE_SIZE)?;
                return Self::of_image(&side("image"), point);
            }
        }
        std::fs::create_dir(&point)?;
        run(command.arg(&point))?;
        Ok(Self { point })
    }

    /// What is in `image`, mounted at `point`, which is created if it is not there.
    ///
    /// xfs and btrfs refuse a clone while the file system that it was cloned from is mounted. A
    /// mount namespace of another process can keep that one for a moment.
    pub(crate) fn of_image(image: &Path, point: PathBuf) -> Outcome<Self> {
        std::fs::create_dir_all(&point)?;
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).arg(image).arg(&point);
        for _ in 0..TRIES {
            if mount.output()?.status.success() {
                return Ok(Self { point });
            }
            std::thread::sleep(PAUSE);
        }
        run(&mut mount)?;
        Ok(Self { point })
    }
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

/// Runs `command` in silence; if it fails, the error has what it said.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.trim()).into())
}
