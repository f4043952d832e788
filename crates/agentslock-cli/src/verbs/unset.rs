//! `unset`: remove a section, an entry, or a value in it.

use std::process::ExitCode;

use clap::Args;

use crate::document::find;
use crate::document::path::ValuePath;
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::verbs::set::change::{Change, Expected, NewValue, refuse_reserved};

/// Remove a section, an entry, or a value in it.
///
/// All other sections stay byte for byte as they are.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock unset units.git:acme/base@1.4.0\n  \
    agentslock unset counters\n\n\
    Exit status: 0 removed; 1 it is not there, or not what --expect says; 2 bad input or I/O, and \
    nothing was written unless the message says so; 75 timed out waiting for the lock, or lost it, and wrote \
    nothing: try again.")]
pub(crate) struct Unset {
    /// SECTION, SECTION.ENTRY (split at the first dot), or a JSON pointer: SECTION/ENTRY/FIELD
    path: String,
    /// Remove only if the value has this digest, as `show --digest` prints it
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Expected>,
    /// Write nothing, take no lock, and print what would change, as `diff` does
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn unset(arguments: &Unset, common: &Common) -> Result<ExitCode, Failure> {
    let at = ValuePath::parse(&arguments.path)?;
    refuse_reserved(&at)?;
    let path = find::to_change(common)?;
    let change = Change {
        at: Some(at),
        value: NewValue::Removed,
        expected: arguments.expect.clone(),
        inputs_digest: None,
        must_exist: true,
    };
    change.perform(&path, arguments.dry_run, common).map_err(|failure| failure.about(&path))
}
