//! The program without a C library to link to: one file for any Linux, the emptiest container
//! included.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outcome::Outcome;
use crate::platforms::tools::has_library;
use crate::workspace::{cargo, run, target};

const TARGET: &str = "x86_64-unknown-linux-musl";

/// Builds it beside the other one, and runs it where there is no other file. If the compiler has no
/// library for it, says so, and that is all.
pub(super) fn make(directory: &Path) -> Outcome {
    if !has_library(Path::new("rustc"), TARGET) {
        println!("no static program: no Rust for {TARGET} (rustup target add {TARGET})");
        return Ok(());
    }
    let mut build =
        cargo(&["build", "--quiet", "--profile", "dist", "--package", "agentslock-cli"]);
    run(build.args(["--target", TARGET]))?;
    let program = directory.join("agentslock-static");
    std::fs::copy(target()?.join(TARGET).join("dist/agentslock"), &program)?;
    let size = program.metadata()?.len();
    if let Some(interpreter) = interpreter(&std::fs::read(&program)?) {
        return Err(format!("the static program asks for `{interpreter}`").into());
    }
    println!("static program: {size} bytes, and it asks for no library");
    try_alone(&program)
}

/// The dynamic linker that a program asks for (elf(5): 64 bits, little-endian).
fn interpreter(program: &[u8]) -> Option<String> {
    const PT_INTERP: u64 = 3;
    let number = |at: usize, length: usize| {
        let bytes = program.get(at..at + length)?;
        Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let index = |at, length| number(at, length).and_then(|number| usize::try_from(number).ok());
    let (table, size, count) = (index(32, 8)?, index(54, 2)?, index(56, 2)?);
    let mut headers = (0..count).map(|header| table + header * size);
    let header = headers.find(|&header| number(header, 4) == Some(PT_INTERP))?;
    let (start, length) = (index(header + 8, 8)?, index(header + 32, 8)?);
    let path = program.get(start..start + length)?;
    Some(String::from_utf8_lossy(path).trim_end_matches('\0').to_owned())
}

/// Writes, changes, reads and checks a document, and holds a lock for a command, in a root
/// directory with nothing in it but the program.
fn try_alone(program: &Path) -> Outcome {
    let root = tempfile::tempdir()?;
    std::fs::copy(program, root.path().join("agentslock"))?;
    let alone = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--root"]).arg(root.path()).arg("/agentslock");
        command
    };
    if !alone().arg("--version").output().is_ok_and(|output| output.status.success()) {
        println!("the static program was not run alone: `unshare --root` does not work here");
        return Ok(());
    }
    let steps: [(&[&str], &str); 5] = [
        (&["set", "probe", "1", "--file", "/doc"], ""),
        (&["set", "units.x", "{\"kind\": \"layer\"}", "--file", "/doc"], ""),
        (&["show", "probe", "--file", "/doc"], "1\n"),
        (&["append", "/log", "{\"a\": 1}"], ""),
        (&["run", "/log", "--", "/agentslock", "show", "probe", "--file", "/doc"], "1\n"),
    ];
    for (arguments, expected) in steps {
        let output = alone().args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !said.ends_with(expected) {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(
                format!("static program, {arguments:?}: {}: {said}{error}", output.status).into()
            );
        }
    }
    let mut names: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root.path())? {
        names.push(entry?.file_name().into());
    }
    names.sort();
    if names != ["agentslock", "doc", "log"].map(PathBuf::from) {
        return Err(format!("the static program left {names:?}").into());
    }
    println!(
        "static program: {} commands in an empty root directory, as they should be",
        steps.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_linker_is_told_from_one_that_does_not() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let is_static = cfg!(target_feature = "crt-static");
        assert_eq!(interpreter(&own).is_none(), is_static);
        for broken in [&own[..40], &own[..60], b""] {
            assert_eq!(interpreter(broken), None);
        }
    }
}
