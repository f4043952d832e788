//! `set`: replace or remove a section, from a file, a stream or a command.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};

use agentslock_core::{
    Flushed, Lockfile, LockfileOptions, RenewLockError, StageError, is_reserved,
};

use crate::arguments::Set;
use crate::diff;
use crate::failure::Failure;
use crate::find;
use crate::input;
use crate::output::{envelope, print, print_envelope, push, say};
use crate::sys;
use crate::terminal::{self, Paint};
use crate::waiting::{self, RENEW_EVERY};
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
            filter(&after, section, &arguments.command)?;
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
            // The command may take its time, and a signal is to end it and us.
            sys::wait_is_over();
            terminal::end_progress();
            stage_digest(arguments, lockfile);
            filter(lockfile, section, &arguments.command)
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

fn stage(lockfile: &Lockfile, section: &str, source: &str, json: Vec<u8>) -> Result<(), Failure> {
    lockfile.set_section_raw(section, json).map_err(|error| match error {
        StageError::NotJson { problem, .. } => Failure::input(format!("{source}, {problem}")),
        error => Failure::from(error),
    })
}

/// Sends the section through a command, under the lock.
fn filter(lockfile: &Lockfile, section: &str, command: &[OsString]) -> Result<(), Failure> {
    let current = lockfile.section_raw(section)?.unwrap_or_else(|| "null".to_owned());
    let name = command[0].to_string_lossy();
    let failed = |what: &str, error| Failure::io(&format!("failed to {what} `{name}`"), &error);
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed("run", error))?;
    let mut stdin = child.stdin.take().expect("because it was piped");
    let mut stdout = child.stdout.take().expect("because it was piped");
    let output = std::thread::scope(|scope| {
        // Writing and reading at once: a command may answer before it has read all.
        scope.spawn(move || {
            // A command that does not want all of its input is no error.
            let _ = stdin.write_all(current.as_bytes());
        });
        let (sender, receiver) = channel();
        scope.spawn(move || {
            let mut output = Vec::new();
            let read = stdout.read_to_end(&mut output).map(|_| output);
            let _ = sender.send(read);
        });
        loop {
            match receiver.recv_timeout(RENEW_EVERY) {
                Ok(read) => return read.map_err(|error| failed("read from", error)),
                Err(RecvTimeoutError::Timeout) => match lockfile.renew_lock() {
                    // In a dry run there is none.
                    Ok(()) | Err(RenewLockError::NotHeld) => {}
                    Err(error) => {
                        // What it makes could not be written any more.
                        let _ = child.kill();
                        return Err(error.into());
                    }
                },
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::input(format!("lost the output of `{name}`")));
                }
            }
        }
    });
    let status = child.wait().map_err(|error| failed("wait for", error))?;
    let output = output?;
    if !status.success() {
        return Err(Failure::input(format!("`{name}` failed ({status}); nothing was written")));
    }
    stage(lockfile, section, &format!("the output of `{name}`"), output)
}

impl From<RenewLockError> for Failure {
    fn from(error: RenewLockError) -> Self {
        Self::new(crate::failure::LOCKED, "lock-lost", error.to_string())
    }
}
