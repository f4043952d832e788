//! `set`: replace a section, an entry or a value in it; or remove it.

pub(super) mod change;

use std::ffi::OsString;
use std::process::ExitCode;

use agentslock_core::Digest;
use clap::Args;

use crate::document::find;
use crate::document::path::ValuePath;
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::input;
use change::{Change, Expected, NewValue, refuse_reserved};

/// Replace a section, an entry, or a value in it; or remove it.
///
/// The new value is VALUE, or is read from standard input, from a file, or from a COMMAND. COMMAND
/// gets the current value (`null` if there is none) on its standard input while the lock is held.
/// All other sections stay byte for byte as they are. Objects that are missing on the way to a
/// value are made. The schema is not looked at: `check --schema` does that.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  echo '{\"project\":\"demo\"}' | agentslock set install\n  \
    agentslock set counters.runs 1\n  \
    agentslock set counters -- jq '.runs += 1'\n\n\
    COMMAND runs again, on fresh input, if another program meanwhile changes the document without its \
    lock, or removes the lock. It runs up to five times in all. If there is no right to write, it runs \
    without the lock; that is an error only if it would change something.\n\n\
    Exit status: 0 written, or already so; 1 the value is not what --expect says; 2 bad input or I/O, \
    and nothing was written unless the message says so; 75 timed out waiting for the lock, or lost it, and \
    wrote nothing: try again.")]
pub(crate) struct Set {
    /// SECTION, SECTION.ENTRY (split at the first dot), or a JSON pointer: SECTION/ENTRY/FIELD
    #[arg(required_unless_present = "inputs_digest")]
    path: Option<String>,
    /// The new value as JSON; `@FILE` for a file, `-` or nothing for standard input
    #[arg(conflicts_with_all = ["remove", "command"])]
    value: Option<OsString>,
    /// A command that turns the current value into the new one
    #[arg(last = true, requires = "path", conflicts_with = "remove", value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
    /// Remove the value; no error if there is none
    #[arg(long, requires = "path")]
    remove: bool,
    /// Write only if the current value has this digest, as `show --digest` prints it; `none`: only
    /// if there is none
    #[arg(long, value_name = "DIGEST", requires = "path")]
    expect: Option<Expected>,
    /// Also set the digest of the inputs; an empty one removes it
    #[arg(long, value_name = "DIGEST", value_parser = digest_or_empty)]
    inputs_digest: Option<String>,
    /// Write nothing, take no lock, and print what would change, as `diff` does. COMMAND is run
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn set(arguments: &Set, common: &Common) -> Result<ExitCode, Failure> {
    let at = arguments.path.as_deref().map(ValuePath::parse).transpose()?;
    let path = find::to_write(common)?;
    change(arguments, at, common)
        .and_then(|change| change.perform(&path, arguments.dry_run, common))
        .map_err(|failure| failure.about(&path))
}

fn change<'a>(
    arguments: &'a Set,
    at: Option<ValuePath>,
    common: &Common,
) -> Result<Change<'a>, Failure> {
    if let Some(at) = &at {
        refuse_reserved(at)?;
    }
    let value = if arguments.remove || at.is_none() {
        NewValue::Removed
    } else if arguments.command.is_empty() {
        let (source, json) = input::value(arguments.value.as_deref(), common)?;
        NewValue::Json { source, json }
    } else {
        NewValue::Filtered(&arguments.command)
    };
    Ok(Change {
        at,
        value,
        expected: arguments.expect.clone(),
        inputs_digest: arguments.inputs_digest.as_deref(),
        must_exist: false,
    })
}

/// A digest that `check` can compare, or nothing.
fn digest_or_empty(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    text.parse::<Digest>()
        .map(|digest| digest.as_str().to_owned())
        .map_err(|error| error.to_string())
}
