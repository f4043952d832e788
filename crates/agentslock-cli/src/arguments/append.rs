//! The arguments of `append`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Wait;

/// Append one record to an NDJSON log, under the log's lock.
///
/// The record is one JSON value, which may be spread over lines; it is written as one line. A torn line
/// that a killed writer left at the end is closed off first.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock append events.ndjson '{\"event\":\"started\"}'")]
pub(crate) struct Append {
    /// The log; created if there is none
    #[arg(value_name = "FILE")]
    pub(crate) log: PathBuf,
    /// The record; read from standard input if it is not given
    pub(crate) record: Option<OsString>,
    /// Write nothing, take no lock, and print the line that would be appended
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print one JSON object that says what was done, or the error
    #[arg(long)]
    pub(crate) json: bool,
}
