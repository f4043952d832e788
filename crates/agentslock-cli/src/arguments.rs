//! The command line: verbs, flags, and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Reads and writes .agentsrc.lock, which many programs share, and locks any file around a command.
///
/// Exit status: 0 yes or done; 1 no, or absent; 2 usage, input or I/O; 75 the lock was not to be had
/// in time. `run` gives the command's own.
#[derive(Debug, Parser)]
#[command(name = "agentslock", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show(Show),
    Set(Set),
    Run(Run),
    Append(Append),
}

/// Print the document, a section, or an entry of a section. Takes no lock.
///
/// Values are printed as they are spelled in the file.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock show units | jq 'keys'\n  \
    agentslock show units.git:acme/base@1.4.0")]
pub(crate) struct Show {
    /// SECTION, or SECTION.ENTRY, split at the first dot; `lock_version` and `inputs_digest` work too
    #[arg(value_name = "SECTION[.ENTRY]")]
    pub(crate) what: Option<String>,
    #[command(flatten)]
    pub(crate) document: Document,
    /// Print one JSON object that holds the result, or the error
    #[arg(long)]
    pub(crate) json: bool,
}

/// Replace a section, or remove it.
///
/// The new value is read from FILE, from standard input, or from a COMMAND that gets the current value
/// (`null` if there is none) on its standard input while the lock is held. All other sections stay
/// byte for byte as they are.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  echo '{\"project\":\"demo\"}' | agentslock set install\n  \
    agentslock set counters -- jq '.runs += 1'\n\n\
    COMMAND can run a second time, on fresh input, if somebody changes the document without its lock.")]
pub(crate) struct Set {
    /// The section to write
    #[arg(required_unless_present = "inputs_digest")]
    pub(crate) section: Option<String>,
    /// A JSON file with the new value; `-` or nothing for standard input
    #[arg(conflicts_with_all = ["remove", "command"])]
    pub(crate) file: Option<PathBuf>,
    /// A command that turns the current value into the new one
    #[arg(last = true, requires = "section", conflicts_with = "remove", value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    /// Remove the section
    #[arg(long, requires = "section")]
    pub(crate) remove: bool,
    /// Also set the digest of the inputs; an empty one removes it
    #[arg(long, value_name = "DIGEST")]
    pub(crate) inputs_digest: Option<String>,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print one JSON object that says what was done, or the error
    #[arg(long)]
    pub(crate) json: bool,
}

/// Hold the lock of FILE while COMMAND runs.
///
/// FILE itself is not touched and need not exist. The lock is renewed while COMMAND runs, and
/// COMMAND inherits it: if only this program is killed, the lock lives as long as COMMAND.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock run build.log -- make\n\n\
    Exit status: COMMAND's own; 128+N if signal N ended it; 126 or 127 if it could not be run or \
    found; 75 if the lock was not to be had in time, or was lost.")]
pub(crate) struct Run {
    /// The file to lock
    #[arg(value_name = "FILE")]
    pub(crate) target: PathBuf,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
    /// Do not let COMMAND inherit the lock
    #[arg(long)]
    pub(crate) close: bool,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print errors as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

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
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print one JSON object that says what was done, or the error
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Document {
    /// The document [default: the nearest .agentsrc.lock upward]
    #[arg(long = "file", value_name = "PATH")]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// How long to wait for the lock; 0 for one try
    #[arg(long = "wait", value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) limit: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| "expected a number of seconds, 0 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
