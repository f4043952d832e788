//! `set`: replace or remove a section, from a file, a stream or a command.

mod filter;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::{Flushed, Lockfile, LockfileOptions, StageError, is_reserved};
use clap::Args;

use crate::document::describe::Detail;
use crate::document::find;
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::input;
use crate::io::paint::Paint;
use crate::io::stderr;
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::lock_wait;
use crate::sys;
use crate::verbs::diff;
use filter::filter;

/// Replace a section, or remove it.
///
/// The new value is read from FILE, from standard input, or from a COMMAND that gets the current value
/// (`null` if there is none) on its standard input while the lock is held. All other sections stay
/// byte for byte as they are.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  echo '{\"project\":\"demo\"}' | agentslock set install\n  \
    agentslock set counters -- jq '.runs += 1'\n\n\
    COMMAND runs again, on fresh input, up to five times in all, if somebody changes the document \
    without its lock, or removes the lock, meanwhile.")]
pub(crate) struct Set {
    /// The section to write
    #[arg(required_unless_present = "inputs_digest")]
    section: Option<String>,
    /// A JSON file with the new value; `-` or nothing for standard input
    #[arg(conflicts_with_all = ["remove", "command"])]
    file: Option<PathBuf>,
    /// A command that turns the current value into the new one
    #[arg(last = true, requires = "section", conflicts_with = "remove", value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Remove the section
    #[arg(long, requires = "section")]
    remove: bool,
    /// Also set the digest of the inputs; an empty one removes it
    #[arg(long, value_name = "DIGEST")]
    inputs_digest: Option<String>,
    /// Write nothing, take no lock, and print what would change, as `diff` does. COMMAND is run
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn set(arguments: &Set, common: &Common) -> Result<ExitCode, Failure> {
    let path = find::to_write(common)?;
    refuse_reserved(arguments)?;
    if arguments.dry_run {
        return dry_run(arguments, common, &path).map_err(|failure| failure.about(&path));
    }
    let flushed = write(arguments, common, &path).map_err(|failure| failure.about(&path))?;
    let outcome = match flushed {
        Flushed::Written => "written",
        Flushed::Unchanged => "unchanged",
    };
    if common.verbose {
        say(&format!("`{}`: {outcome}", path.display()));
    }
    if !common.json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut fields = envelope(&path, true);
    push(&mut fields, "outcome", outcome);
    print_envelope(&fields)
}

fn refuse_reserved(arguments: &Set) -> Result<(), Failure> {
    match arguments.section.as_deref().filter(|name| is_reserved(name)) {
        None => Ok(()),
        Some("inputs_digest") => {
            Err(Failure::input("inputs_digest is not a section; use --inputs-digest DIGEST"))
        }
        Some(_) => Err(Failure::input(
            "lock_version is not a section, and is not set: it is the format's version",
        )),
    }
}

/// Stages all on a handle that is never flushed, and shows what that changed.
fn dry_run(arguments: &Set, common: &Common, path: &Path) -> Result<ExitCode, Failure> {
    let (before, after) = (Lockfile::open(path)?, Lockfile::open(path)?);
    match (&arguments.section, arguments.command.as_slice()) {
        (Some(section), [_, ..]) => {
            stage_digest(arguments, &after);
            stage_filtered(&after, section, &arguments.command)?;
        }
        _ => stage_all(arguments, &after)?,
    }
    let differences = agentslock_core::diff(&before, &after);
    if !common.json {
        let detail = if common.verbose { Detail::Whole } else { Detail::Short };
        return print(&diff::as_text(&differences, detail, Paint::NONE));
    }
    let mut fields = envelope(path, true);
    let is_same = before.text() == after.text();
    push(&mut fields, "outcome", if is_same { "unchanged" } else { "would-write" });
    push(&mut fields, "differences", &diff::as_json(&differences));
    print_envelope(&fields)
}

fn write(arguments: &Set, common: &Common, path: &Path) -> Result<Flushed, Failure> {
    let options = LockfileOptions::new().lock(lock_wait::options(common, path));
    if let (Some(section), [_, ..]) = (&arguments.section, arguments.command.as_slice()) {
        sys::wait_begins();
        let updated = options.update(path, |lockfile| {
            stderr::end_progress();
            stage_digest(arguments, lockfile);
            stage_filtered(lockfile, section, &arguments.command)
        })?;
        return Ok(updated.flushed);
    }
    // All that can be wrong with the input is found before the lock is taken.
    let lockfile = options.open(path)?;
    stage_all(arguments, &lockfile)?;
    if arguments.remove && arguments.inputs_digest.is_none() && lockfile.was_missing() {
        // A document is not created for something to be removed from it.
        return Ok(Flushed::Unchanged);
    }
    sys::wait_begins();
    Ok(lockfile.flush()?)
}

/// Stages what is asked for, unless it comes from a command.
fn stage_all(arguments: &Set, lockfile: &Lockfile) -> Result<(), Failure> {
    stage_digest(arguments, lockfile);
    match &arguments.section {
        Some(section) if arguments.remove => Ok(lockfile.remove_section(section)?),
        Some(section) => {
            let (source, json) = input::read(arguments.file.as_deref())?;
            stage(lockfile, section, &source, json)
        }
        None => Ok(()),
    }
}

fn stage_digest(arguments: &Set, lockfile: &Lockfile) {
    if let Some(digest) = &arguments.inputs_digest {
        lockfile.set_inputs_digest(digest);
    }
}

fn stage_filtered(lockfile: &Lockfile, section: &str, command: &[OsString]) -> Result<(), Failure> {
    let output = filter(lockfile, section, command)?;
    stage(lockfile, section, &format!("the output of `{}`", command[0].to_string_lossy()), output)
}

fn stage(lockfile: &Lockfile, section: &str, source: &str, json: Vec<u8>) -> Result<(), Failure> {
    lockfile.set_section_raw(section, json).map_err(|error| match error {
        StageError::NotJson { flaw, .. } => Failure::input(format!("{source}, {flaw}")),
        error => Failure::from(error),
    })
}
