//! `append`: one record to an NDJSON log.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::input;
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print, print_envelope, push, push_raw};
use crate::lock_wait;
use crate::sys;

/// Append one record to an NDJSON log, under the log's lock.
///
/// The record is one JSON value, which may be spread over lines; it is written as one line. A torn line
/// that a killed writer left at the end is closed off first.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock append events.ndjson '{\"event\":\"started\"}'")]
pub(crate) struct Append {
    /// The log; created if there is none
    #[arg(value_name = "FILE")]
    log: PathBuf,
    /// The record; read from standard input if it is not given
    record: Option<OsString>,
    /// Write nothing, take no lock, and print the line that would be appended
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn append(arguments: &Append, common: &Common) -> Result<ExitCode, Failure> {
    let log = &arguments.log;
    if arguments.dry_run {
        return dry_run(arguments, common).map_err(|failure| failure.about(log));
    }
    let appended = write(arguments, common).map_err(|failure| failure.about(log))?;
    if common.verbose {
        let healed = if appended.closed_torn_tail { ", after closing off a torn line" } else { "" };
        say(&format!("appended to `{}`{healed}", log.display()));
    }
    if !common.json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut fields = envelope(log, true);
    push(&mut fields, "outcome", "appended");
    push(&mut fields, "closed_torn_tail", &appended.closed_torn_tail);
    print_envelope(&fields)
}

fn dry_run(arguments: &Append, common: &Common) -> Result<ExitCode, Failure> {
    let line = record(arguments, common)?;
    if !common.json {
        return print(&(line + "\n"));
    }
    let mut fields = envelope(&arguments.log, true);
    push(&mut fields, "outcome", "would-append");
    push_raw(&mut fields, "record", &line);
    print_envelope(&fields)
}

fn write(arguments: &Append, common: &Common) -> Result<fsops::Appended, Failure> {
    let log = &arguments.log;
    // What is wrong with the record is found before the lock is taken.
    let line = record(arguments, common)?;
    sys::wait_begins();
    let guard = lock_wait::options(common, log).acquire(log)?;
    lock_wait::tell_acquired(common, log, &guard);
    guard.verify()?;
    let appended = fsops::append_record(log, line.as_bytes())?;
    // The record is in the log. A lock that was lost by now, to a peer that goes by the clock, takes
    // nothing back.
    let _ = guard.release();
    Ok(appended)
}

/// The record, on one line.
fn record(arguments: &Append, common: &Common) -> Result<String, Failure> {
    let (source, record) = match &arguments.record {
        Some(record) => ("the record".to_owned(), record.as_encoded_bytes().to_owned()),
        None => input::read(None, common)?,
    };
    agentslock_core::compact(record)
        .map_err(|problem| Failure::input(format!("{source}, {problem}")))
}
