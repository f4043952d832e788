//! Running cargo on this workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outcome::Outcome;

/// The workspace's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("because xtask lies in the workspace")
}

/// The package in a folder of `crates`. They have the same name, but for one: the registry has
/// another crate of that name.
pub(crate) fn package(folder: &str) -> &str {
    if folder == "filelock" { "agentslock-filelock" } else { folder }
}

/// Cargo, as it was called to run us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs `command`; an exit status other than 0 is an error that names it.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| format!("failed to run {command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// This program again, as a worker of a task.
pub(crate) fn worker(kind: &str) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["worker", kind]);
    Ok(command)
}

/// Where cargo puts what it builds: the directory above that of this program.
pub(crate) fn target() -> Outcome<PathBuf> {
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).ok_or("this program lies in no target directory")?;
    Ok(target.to_owned())
}

/// Builds the program with a profile of cargo, and says where it is.
pub(crate) fn built(profile: &str) -> Outcome<PathBuf> {
    run(&mut cargo(&["build", "--quiet", "--profile", profile, "--package", "agentslock-cli"]))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(target()?.join(folder).join(format!("agentslock{}", std::env::consts::EXE_SUFFIX)))
}

/// Starts this task again, optimised, unless it is. `true`: that was done, and succeeded.
pub(crate) fn rerun_optimised() -> Outcome<bool> {
    if cfg!(debug_assertions) { rerun(&["--profile", "tasks"]) } else { Ok(false) }
}

/// Starts this task again, optimised and with what it is compared with.
pub(crate) fn rerun_with_peers() -> Outcome<bool> {
    if cfg!(all(feature = "peers", not(debug_assertions))) {
        return Ok(false);
    }
    rerun(&["--release", "--features", "peers"])
}

/// Starts this task again, unless it can read what rustdoc says about a crate.
pub(crate) fn rerun_with_public_api() -> Outcome<bool> {
    if cfg!(feature = "public-api") { Ok(false) } else { rerun(&["--features", "public-api"]) }
}

fn rerun(how: &[&str]) -> Outcome<bool> {
    let mut command = cargo(&["run", "--quiet"]);
    command.args(how).args(["--package", "xtask", "--"]);
    run(command.args(std::env::args_os().skip(1)))?;
    Ok(true)
}

/// The longest line of a page, less an indentation.
const WIDTH: usize = 98;

/// Breaks lines as the other pages have them.
pub(crate) fn wrap(prose: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    for word in prose.split_whitespace() {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > WIDTH {
            text.push('\n');
            length = 0;
        } else if length > 0 {
            text.push(' ');
            length += 1;
        }
        text.push_str(word);
        length += word_length;
    }
    text.push('\n');
    text
}
