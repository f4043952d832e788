//! The arguments of `run`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Wait;

/// Hold the lock of FILE while COMMAND runs.
///
/// FILE itself is not touched and need not exist. The lock is renewed while COMMAND runs, and
/// COMMAND inherits it: if only this program is killed, the lock lives as long as COMMAND. SIGHUP,
/// SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1 and SIGUSR2 are passed on to COMMAND. If the lock is lost,
/// COMMAND is stopped: SIGTERM, and SIGKILL 10 s later.
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
