//! Links the unwinder into the program, if the C compiler that links it has one to link in. Else it
//! is a shared library, and loading it takes a twentieth of what `run` takes.

use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(unwinder) = unwinder() {
        println!("cargo::rustc-link-arg-bins=-Wl,--whole-archive");
        println!("cargo::rustc-link-arg-bins={}", unwinder.display());
        println!("cargo::rustc-link-arg-bins=-Wl,--no-whole-archive");
    }
}

/// GCC's unwinder as an archive. Nothing is lost without it.
fn unwinder() -> Option<PathBuf> {
    let variable = |name| std::env::var(name).ok();
    let is_glibc = variable("CARGO_CFG_TARGET_OS")? == "linux"
        && variable("CARGO_CFG_TARGET_ENV")? == "gnu"
        && variable("HOST")? == variable("TARGET")?;
    if !is_glibc || variable("RUSTC_LINKER").is_some() {
        return None;
    }
    let output = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok()?;
    // The name alone, if there is none.
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_absolute().then_some(path).filter(|path| path.exists())
}
