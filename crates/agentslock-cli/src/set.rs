//! `set`: replace or remove a section, from a file, a stream or a command.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use agentslock_core::{Flushed, Lockfile, LockfileOptions, StageError, is_reserved};

use crate::arguments::Set;
use crate::diff;
use crate::failure::Failure;
use crate::filter::filter;
use crate::find;
use crate::input;
use crate::output::{envelope, print, print_envelope, push, say};
use crate::sys;
use crate::terminal::{self, Paint};
use crate::waiting;
use crate::words::Detail;

pub(crate) fn set(arguments: &Set) -> Result<ExitCode, Failure> {
    let path = find::to_write(&arguments.document)?;
    refuse_reserved(arguments)?;
    if arguments.dry_run {
        return dry_run(arguments, &path).map_err(|failure| failure.about(&path));
    }
    let flushed = write(arguments, &path).map_err(|failure| failure.about(&path))?;
    let outcome = match flushed {
        Flushed::Written => "written",
        Flushed::Unchanged => "unchanged",
    };
    if arguments.wait.talk.verbose {
        say(&format!("`{}`: {outcome}", path.display()));
    }
    if !arguments.json {
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
fn dry_run(arguments: &Set, path: &Path) -> Result<ExitCode, Failure> {
    let (before, after) = (Lockfile::open(path)?, Lockfile::open(path)?);
    match (&arguments.section, arguments.command.as_slice()) {
        (Some(section), [_, ..]) => {
            stage_digest(arguments, &after);
            stage_filtered(&after, section, &arguments.command)?;
        }
        _ => stage_all(arguments, &after)?,
    }
    let differences = agentslock_core::diff(&before, &after);
    if !arguments.json {
        let detail = if arguments.wait.talk.verbose { Detail::Whole } else { Detail::Short };
        return print(&diff::as_text(&differences, detail, Paint::NONE));
    }
    let mut fields = envelope(path, true);
    let is_same = before.text() == after.text();
    push(&mut fields, "outcome", if is_same { "unchanged" } else { "would-write" });
    push(&mut fields, "differences", &diff::as_json(&differences));
    print_envelope(&fields)
}

fn write(arguments: &Set, path: &Path) -> Result<Flushed, Failure> {
    let options = LockfileOptions::new().lock(waiting::options(&arguments.wait, path));
    if let (Some(section), [_, ..]) = (&arguments.section, arguments.command.as_slice()) {
        sys::wait_begins();
        let updated = options.update(path, |lockfile| {
            terminal::end_progress();
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
