//! `append`: one record to an NDJSON log.

use std::io::Read;
use std::process::ExitCode;

use crate::arguments::Append;
use crate::failure::Failure;
use crate::output::{envelope, print_envelope, push};
use crate::sys;
use crate::waiting;

pub(crate) fn append(arguments: &Append) -> Result<ExitCode, Failure> {
    let log = &arguments.log;
    let appended = write(arguments).map_err(|failure| failure.about(log))?;
    if !arguments.json {
        return Ok(ExitCode::SUCCESS);
    }
    let mut fields = envelope(log);
    push(&mut fields, "outcome", "appended");
    push(&mut fields, "closed_torn_tail", &appended.closed_torn_tail);
    print_envelope(&fields)
}

fn write(arguments: &Append) -> Result<fsops::Appended, Failure> {
    let log = &arguments.log;
    let (source, record) = match &arguments.record {
        Some(record) => ("the record", record.as_encoded_bytes().to_owned()),
        None => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| Failure::io("failed to read standard input", &error))?;
            ("standard input", bytes)
        }
    };
    // Found before the lock is taken.
    let line = agentslock_core::compact(record)
        .map_err(|problem| Failure::input(format!("{source}, {problem}")))?;
    sys::wait_begins();
    let guard = waiting::options(&arguments.wait, log).acquire(log)?;
    sys::wait_is_over();
    guard.verify()?;
    let appended = fsops::append_record(log, line.as_bytes())?;
    // The record is in the log. A lock that was lost by now, to a peer that goes by the clock, takes
    // nothing back.
    let _ = guard.release();
    Ok(appended)
}
