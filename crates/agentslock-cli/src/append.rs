//! `append`: one record to an NDJSON log.

use std::process::ExitCode;

use crate::arguments::Append;
use crate::failure::Failure;
use crate::input;
use crate::output::{envelope, print, print_envelope, push, push_raw, say};
use crate::sys;
use crate::waiting;

pub(crate) fn append(arguments: &Append) -> Result<ExitCode, Failure> {
    let log = &arguments.log;
    if arguments.dry_run {
        return dry_run(arguments).map_err(|failure| failure.about(log));
    }
    let appended = write(arguments).map_err(|failure| failure.about(log))?;
    if arguments.wait.talk.verbose {
        let healed = if appended.closed_torn_tail { ", after closing off a torn line" } else { "" };
        say(&format!("appended to `{}`{healed}", log.display()));
    }
    if !arguments.json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut fields = envelope(log, true);
    push(&mut fields, "outcome", "appended");
    push(&mut fields, "closed_torn_tail", &appended.closed_torn_tail);
    print_envelope(&fields)
}

fn dry_run(arguments: &Append) -> Result<ExitCode, Failure> {
    let line = record(arguments)?;
    if !arguments.json {
        return print(&(line + "\n"));
    }
    let mut fields = envelope(&arguments.log, true);
    push(&mut fields, "outcome", "would-append");
    push_raw(&mut fields, "record", &line);
    print_envelope(&fields)
}

fn write(arguments: &Append) -> Result<fsops::Appended, Failure> {
    let log = &arguments.log;
    // What is wrong with the record is found before the lock is taken.
    let line = record(arguments)?;
    sys::wait_begins();
    let guard = waiting::options(&arguments.wait, log).acquire(log)?;
    waiting::tell_acquired(&arguments.wait, log, &guard);
    guard.verify()?;
    let appended = fsops::append_record(log, line.as_bytes())?;
    // The record is in the log. A lock that was lost by now, to a peer that goes by the clock, takes
    // nothing back.
    let _ = guard.release();
    Ok(appended)
}

/// The record, on one line.
fn record(arguments: &Append) -> Result<String, Failure> {
    let (source, record) = match &arguments.record {
        Some(record) => ("the record".to_owned(), record.as_encoded_bytes().to_owned()),
        None => input::read(None)?,
    };
    agentslock_core::compact(record)
        .map_err(|problem| Failure::input(format!("{source}, {problem}")))
}
