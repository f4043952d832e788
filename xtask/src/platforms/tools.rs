//! What the task needs, and where it is.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outcome::Outcome;

/// Where cargo puts what it builds for other systems, apart from the rest: by another compiler.
pub(super) const TARGET: &str = "target/platforms";

/// The linker for Windows, and the compiler for the one library that old Wines lack.
pub(super) const MINGW: &str = "x86_64-w64-mingw32-gcc";

pub(super) struct Tools {
    rustc: PathBuf,
    cargo: PathBuf,
    pub(super) wine: &'static str,
}

impl Tools {
    /// What is missing, if anything is: what for, and how to get it.
    pub(super) fn find() -> Outcome<Self> {
        let mut missing = Vec::new();
        let compiler = compiler_with_sources();
        if compiler.is_none() {
            missing.push(
                "no Rust compiler has its library's sources (rustup component add rust-src, or \
                 apt-get install rustc-web cargo-web rust-web-src)"
                    .to_owned(),
            );
        }
        if !exists(MINGW) {
            missing.push(format!("no {MINGW} (apt-get install gcc-mingw-w64-x86-64)"));
        }
        let wine = ["wine", "wine64"].into_iter().find(|wine| exists(wine));
        if wine.is_none() {
            missing.push("no Wine (apt-get install wine wine64)".to_owned());
        }
        match (compiler, wine) {
            (Some((rustc, cargo)), Some(wine)) if missing.is_empty() => {
                Ok(Self { rustc, cargo, wine })
            }
            _ => Err(missing.join("; ").into()),
        }
    }

    /// Cargo, to build for `target`: together with the standard library, unless the compiler comes
    /// with one for it.
    pub(super) fn cargo(&self, verb: &str, target: &str) -> Command {
        let mut command = Command::new(&self.cargo);
        command.arg(verb).args(["--target", target]).current_dir(crate::workspace::root());
        if !has_library(&self.rustc, target) {
            command.arg("-Zbuild-std");
        }
        command.env("RUSTC", &self.rustc).env("RUSTC_BOOTSTRAP", "1");
        command.env("CARGO_TARGET_DIR", crate::workspace::root().join(TARGET));
        // Without these it builds and links in half the time.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        // Our own compiler's libraries, and its rustup, are not this one's.
        for variable in ["LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO"] {
            command.env_remove(variable);
        }
        command
    }
}

/// The compiler that we were built with, or the system's, and the cargo beside it.
fn compiler_with_sources() -> Option<(PathBuf, PathBuf)> {
    let own = std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from);
    let system = Path::new("/usr/bin");
    let candidates =
        [(own.with_file_name("rustc"), own), (system.join("rustc"), system.join("cargo"))];
    candidates.into_iter().find(|(rustc, cargo)| has_sources(rustc) && cargo.exists())
}

fn has_sources(rustc: &Path) -> bool {
    has(rustc, "src/rust/library/std/Cargo.toml")
}

/// Whether the compiler comes with a standard library for `target`.
pub(crate) fn has_library(rustc: &Path, target: &str) -> bool {
    has(rustc, &format!("{target}/lib"))
}

fn has(rustc: &Path, path: &str) -> bool {
    let asked =
        Command::new(rustc).args(["--print", "sysroot"]).env_remove("LD_LIBRARY_PATH").output();
    asked.is_ok_and(|output| {
        let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        sysroot.join("lib/rustlib").join(path).exists()
    })
}

/// Whether there is such a program.
pub(super) fn exists(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}
