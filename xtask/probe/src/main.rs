//! What a system and its volumes do, beside what agentslock assumes of them: one line per fact.
//!
//! ```text
//! platform-probe [--program AGENTSLOCK] DIRECTORY...
//! ```
//!
//! Each DIRECTORY lies on a volume to look at. The exit status is 1 if a fact differs from what the
//! code assumes. The names of the facts (M1, W1, F1 and so on) are those of `docs/platforms.md`.
//! The probe runs itself again for facts that need a second process.

mod contention;
mod fact;
mod peer;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fact::Report;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == peer::FLAG) {
        arguments.remove(0);
        return match peer::run(&arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("platform-probe, second process: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let program = take_program(&mut arguments);
    if arguments.is_empty() || arguments.iter().any(|argument| argument.starts_with('-')) {
        eprintln!("usage: platform-probe [--program AGENTSLOCK] DIRECTORY...");
        return ExitCode::from(2);
    }
    let mut report = Report::default();
    system(&mut report);
    for directory in &arguments {
        if let Err(error) = volume(Path::new(directory), program.as_deref(), &mut report) {
            report.failed(directory, &*error);
        }
    }
    report.finish()
}

/// Removes `--program PATH` from the arguments.
fn take_program(arguments: &mut Vec<String>) -> Option<PathBuf> {
    let at = arguments.iter().position(|argument| argument == "--program")?;
    if at + 1 >= arguments.len() {
        return None;
    }
    let program = arguments.remove(at + 1);
    arguments.remove(at);
    Some(PathBuf::from(program))
}

/// Facts of the system, whatever the volume.
fn system(report: &mut Report) {
    report.on("this system");
    #[cfg(unix)]
    unix::system(report);
    #[cfg(windows)]
    windows::system(report);
}

/// Facts of the volume that `directory` lies on. All files are made in a directory of the probe's
/// own below it, which is removed at the end.
fn volume(directory: &Path, program: Option<&Path>, report: &mut Report) -> Outcome {
    let place = std::path::absolute(directory)?.join(format!("probe-{}", std::process::id()));
    std::fs::create_dir(&place)
        .map_err(|error| format!("cannot make `{}`: {error}", place.display()))?;
    report.on(&directory.display().to_string());
    #[cfg(unix)]
    unix::volume(&place, report);
    #[cfg(windows)]
    windows::volume(&place, report);
    whole_program(&place, program, report);
    contention::volume(&place, report);
    std::fs::remove_dir_all(&place)
        .map_err(|error| format!("cannot remove `{}`: {error}", place.display()).into())
}

/// A whole flush by the library and, if it was named, by the program.
fn whole_program(place: &Path, program: Option<&Path>, report: &mut Report) {
    let document = place.join(".agentsrc.lock");
    let flushed = agentslock_core::Lockfile::open(&document)
        .map_err(|error| error.to_string())
        .and_then(|lockfile| {
            lockfile.set_section("probe", &1).map_err(|error| error.to_string())?;
            lockfile.flush().map_err(|error| error.to_string())
        });
    let found = flushed.map_or_else(|error| error, |_| "written".to_owned());
    report.expect("M5", "a durable flush of a new document", "written", &found);
    let Some(program) = program else { return };
    let status = std::process::Command::new(program)
        .args(["show", "probe", "--file"])
        .arg(&document)
        .output()
        .map_or_else(|error| error.to_string(), |output| output.status.to_string());
    let status = status.replace("exit code", "exit status");
    report.expect("M5", "`agentslock show` of it", "exit status: 0", &status);
}
