//! Asking git.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::io::failure::Failure;

/// What git prints, without the line's end; `None` if it exits with a status other than 0.
pub(super) fn ask(arguments: &[&str]) -> Result<Option<String>, Failure> {
    let output = run(arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n']).to_owned();
    Ok(output.status.success().then_some(text))
}

/// Has git do something.
pub(super) fn tell(arguments: &[&str]) -> Result<(), Failure> {
    let output = run(arguments)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(
        crate::io::failure::TROUBLE,
        "git",
        format!("`git {}` failed: {}", arguments.join(" "), said.trim()),
    ))
}

/// The top of the repository's files, as the operating system spells it.
pub(super) fn top_level() -> Result<PathBuf, Failure> {
    let output = run(["rev-parse", "--show-toplevel"])?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().next().unwrap_or_default();
        let message = format!("there is no git repository with files here: {why}");
        return Err(Failure::new(crate::io::failure::TROUBLE, "git", message));
    }
    let mut path = output.stdout;
    while path.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        path.pop();
    }
    Ok(crate::sys::path_from_bytes(path))
}

/// By which driver `file` is merged, or `unspecified`, `set` or `unset`.
pub(super) fn merge_attribute(file: &Path) -> Result<String, Failure> {
    let options = ["check-attr", "-z", "merge", "--"].map(OsStr::new);
    let output = run(options.into_iter().chain([file.as_os_str()]))?;
    // The file, the attribute, its value, each ended by a zero byte.
    let value = output.stdout.split(|byte| *byte == 0).nth(2).unwrap_or_default();
    Ok(String::from_utf8_lossy(value).into_owned())
}

fn run(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Output, Failure> {
    Command::new("git")
        .args(arguments)
        .output()
        .map_err(|error| Failure::io("failed to run `git`", &error))
}
