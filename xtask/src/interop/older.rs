//! An older build of this crate, compiled from the history. It is the last one whose handles did
//! not move their locks, and whose records had four lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::outcome::Outcome;
use crate::workspace::{cargo, root, run, target};

/// The commit that it is built from.
const COMMIT: &str = "1ef5b13cd868f94339aafb405e76e050166cec92";

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// The program, if it was built.
pub(super) fn program() -> Option<&'static Path> {
    PROGRAM.get().map(PathBuf::as_path)
}

/// Builds it, if the history has that commit; else says that it is not run.
pub(super) fn build() -> Outcome {
    if !cfg!(unix) {
        println!("NOT RUN: beside an older build: its program is written for Unix");
        return Ok(());
    }
    let mut has = Command::new("git");
    has.args(["cat-file", "-e", COMMIT]).current_dir(root()).stderr(Stdio::null());
    if !has.status().is_ok_and(|status| status.success()) {
        println!("NOT RUN: beside an older build: the history has no commit {COMMIT} (shallow?)");
        return Ok(());
    }
    let peers = target()?.join("peers");
    let (sources, worker) = (peers.join("sources"), peers.join("worker"));
    for directory in [&sources, &worker] {
        std::fs::create_dir_all(directory)?;
    }
    let archive = peers.join("sources.tar");
    let mut git = Command::new("git");
    run(git.current_dir(root()).arg("archive").arg("-o").arg(&archive).arg(COMMIT))?;
    run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&sources))?;
    // A workspace of its own, with the versions that ours is built with.
    std::fs::write(
        worker.join("Cargo.toml"),
        format!(
            "[workspace]\n\n[package]\nname = \"older\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [[bin]]\nname = \"older\"\npath = '{}'\n\n[dependencies]\nfilelock = {{ path = '{}' }}\n",
            root().join("xtask/peers/older/main.rs").display(),
            sources.join("crates/filelock").display()
        ),
    )?;
    std::fs::copy(root().join("Cargo.lock"), worker.join("Cargo.lock"))?;
    let built = peers.join("target");
    run(cargo(&["build", "--release", "--quiet"])
        .arg("--manifest-path")
        .arg(worker.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&built))?;
    PROGRAM.get_or_init(|| built.join("release/older"));
    Ok(())
}
