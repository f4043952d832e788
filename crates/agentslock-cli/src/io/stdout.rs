//! What is printed: values, the JSON envelope, errors.

use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use agentslock_core::Fields;

use crate::flags::{json_in_environment, verb};
use crate::io::failure::{Failure, KINDS, MERGE_FAILED, TROUBLE};
pub(crate) use crate::io::fields::{push, push_raw};
use crate::io::stderr::{end_progress, say};

/// The version of the envelope that `--json` prints. Fields may be added to it; a change of one
/// that is there gets a new number.
const ENVELOPE: u32 = 1;

/// Writes `text` to standard output. Whoever reads may stop reading at any time: no error.
///
/// A verb prints last, so that a failure to print is the only one.
pub(crate) fn print(text: &str) -> Result<ExitCode, Failure> {
    print_bytes(text.as_bytes())
}

/// As [`print()`], for what may be no text.
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<ExitCode, Failure> {
    end_progress();
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("failed to write to standard output: {error}; all else was done");
            let failure = Failure::new(TROUBLE, "output", message);
            Err(Failure { errno: error.raw_os_error(), ..failure })
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The envelope of a verb that has an answer; `ok` says whether it is yes, as the exit status does.
pub(crate) fn envelope(path: &Path, ok: bool) -> Fields {
    let mut fields = Fields::new();
    push(&mut fields, "agentslock", &ENVELOPE);
    push(&mut fields, "ok", &ok);
    push(&mut fields, "path", &path.to_string_lossy());
    fields
}

pub(crate) fn print_envelope(fields: &Fields) -> Result<ExitCode, Failure> {
    let mut line = serde_json::to_string(fields).expect("because the fields are JSON");
    line.push('\n');
    print(&line)
}

/// Reports a failure by a line on standard error. With `--json` it is an envelope on standard
/// output, so that a program reads one stream only.
pub(crate) fn report(failure: &Failure, json: bool) -> ExitCode {
    debug_assert!(KINDS.contains(&failure.kind), "{} is in no list", failure.kind);
    if json {
        let mut error = Fields::new();
        push(&mut error, "kind", failure.kind);
        push(&mut error, "message", &failure.message);
        if let Some(errno) = failure.errno {
            push(&mut error, "errno", &errno);
        }
        if let Some(holder) = &failure.holder {
            push(&mut error, "holder", &**holder);
        }
        if let Some(status) = failure.command_status {
            push(&mut error, "command_status", &status);
        }
        let mut fields = Fields::new();
        push(&mut fields, "agentslock", &ENVELOPE);
        push(&mut fields, "ok", &false);
        if let Some(path) = &failure.path {
            push(&mut fields, "path", &path.to_string_lossy());
        }
        push(&mut fields, "error", &error);
        // What cannot be told there is told here.
        if let Err(unwritten) = print_envelope(&fields) {
            say(&failure.message);
            if unwritten.message != failure.message {
                say(&unwritten.message);
            }
        }
    } else {
        say(&failure.message);
    }
    ExitCode::from(failure.status)
}

/// What the command line got wrong; or the help that it asked for, which is no failure.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    // Not parsed, so not known for certain: but what comes before `--` is ours.
    let arguments: Vec<_> =
        std::env::args_os().skip(1).take_while(|argument| argument != "--").collect();
    // Git must not take it for a merge with conflicts.
    let is_merge = verb(&arguments).is_some_and(|verb| verb == "merge");
    let status = if is_merge { MERGE_FAILED } else { TROUBLE };
    let json = json_in_environment() || arguments.iter().any(|argument| argument == "--json");
    if error.use_stderr() && json {
        return report(&Failure::new(status, "usage", error.to_string().trim()), true);
    }
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(status) } else { ExitCode::SUCCESS }
}
