//! `append`: records to an NDJSON log.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::text::compact;
use clap::Args;
use lockedfile::{Options, TornTail};
use serde_json::value::RawValue;

use crate::flags::Common;
use crate::hold::Hold;
use crate::io::failure::Failure;
use crate::io::input;
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print, print_envelope, push, push_raw};
use crate::lock_wait;
use crate::sys;

/// Append records to an NDJSON log, under the log's lock.
///
/// A record is one JSON value, which may be spread over lines; it is written as one line. Standard
/// input can have many of them: they are all appended under one hold of the lock, so that no other
/// writer's come in between. A torn line that a killed writer left at the end is closed off first.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock append events.ndjson '{\"event\":\"started\"}'\n  \
    jq -c '.events[]' report.json | agentslock append events.ndjson\n\n\
    Exit status: 0 appended; 2 bad input or I/O; 75 timed out waiting for the lock, or lost it, \
    and wrote nothing: try again.")]
pub(crate) struct Append {
    /// The log; it and its directories are created if there are none
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    log: PathBuf,
    /// The record; `@FILE` for a file, `-` or nothing for standard input
    record: Option<OsString>,
    /// Write nothing, take no lock, and print the lines that would be appended
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn append(arguments: &Append, common: &Common) -> Result<ExitCode, Failure> {
    let log = &arguments.log;
    let about = |failure: Failure| failure.about(log);
    // What is wrong with the records is found before the lock is taken.
    let lines = records(arguments, common).map_err(about)?;
    if arguments.dry_run {
        return dry_run(log, &lines, common);
    }
    let closed_torn_tail = write(log, &lines, common).map_err(about)?;
    if common.verbose {
        let healed = if closed_torn_tail { ", after closing off a torn line" } else { "" };
        say(&format!("appended to `{}`{healed}", log.display()));
    }
    if !common.json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut fields = envelope(log, true);
    push(&mut fields, "outcome", "appended");
    push(&mut fields, "records", &lines.len());
    push(&mut fields, "closed_torn_tail", &closed_torn_tail);
    print_envelope(&fields)
}

fn dry_run(log: &Path, lines: &[String], common: &Common) -> Result<ExitCode, Failure> {
    if !common.json {
        return print(&(lines.join("\n") + "\n"));
    }
    let mut fields = envelope(log, true);
    push(&mut fields, "outcome", "would-append");
    match lines {
        [line] => push_raw(&mut fields, "record", line),
        lines => push_raw(&mut fields, "records", &format!("[{}]", lines.join(","))),
    }
    print_envelope(&fields)
}

/// Returns whether a torn line was closed off.
fn write(log: &Path, lines: &[String], common: &Common) -> Result<bool, Failure> {
    sys::wait_begins();
    let options = Options::new().lock(lock_wait::options(common, log));
    let mut rounds = options.rounds(log)?;
    let hold = Hold::acquire(common, log)?;
    lock_wait::tell_acquired(common, log, hold.guard());
    let (guard, outer) = hold.into_parts();
    outer.map_or(Ok(()), |outer| outer.verify())?;
    let round = rounds.adopt(guard);
    // All of them by one write: after an error, none of them is in the log.
    let appended = round.append(&mut rounds, lines, TornTail::CloseOff)?;
    round.keep();
    Ok(appended.closed_torn_tail)
}

/// What a record is called that was typed.
const ARGUMENT: &str = "the record";

/// The records, each on one line.
fn records(arguments: &Append, common: &Common) -> Result<Vec<String>, Failure> {
    let (source, bytes) = match &arguments.record {
        Some(record) if !is_reference(record) => {
            (ARGUMENT.to_owned(), record.as_encoded_bytes().to_owned())
        }
        reference => input::value(reference.as_deref(), common)?,
    };
    let flaw = match compact(&bytes) {
        Ok(line) => return Ok(vec![line]),
        Err(flaw) => flaw,
    };
    let refuse = || {
        let (line, column) = (flaw.line, flaw.column);
        let what = if bytes.iter().all(u8::is_ascii_whitespace) {
            format!("line {line}, column {column}: it is empty")
        } else {
            flaw.to_string()
        };
        Failure::input(format!("{source}, {what}; nothing was written"))
    };
    if source == ARGUMENT {
        // Two values there are a mistake in quoting.
        return Err(refuse());
    }
    let mut lines = Vec::new();
    let values = serde_json::Deserializer::from_slice(&bytes).into_iter::<&RawValue>();
    for value in values {
        match value {
            Ok(value) => lines.push(compact(value.get()).expect("because it is JSON")),
            Err(_) if lines.is_empty() => return Err(refuse()),
            Err(error) => {
                let (number, line, column) = (lines.len() + 1, error.line(), error.column());
                return Err(Failure::input(format!(
                    "{source}, line {line}, column {column}: record {number} is not JSON; nothing was written"
                )));
            }
        }
    }
    if lines.is_empty() { Err(refuse()) } else { Ok(lines) }
}

fn is_reference(record: &OsStr) -> bool {
    record == "-" || record.as_encoded_bytes().starts_with(b"@")
}
