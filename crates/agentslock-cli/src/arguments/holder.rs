//! The arguments of `holder`.

use std::path::PathBuf;

use clap::Args;

/// Tell who holds the lock of FILE, since when, and what will become of it; or free it.
///
/// Takes no lock, and changes nothing unless --break is given. That frees the lock only if it still is
/// held as HANDLE says, which this verb prints: not if it has changed hands meanwhile. A holder that is
/// alive goes on working, and learns of it when it is about to write.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock holder .agentsrc.lock\n  \
    agentslock holder .agentsrc.lock --break 5a1c09d3\n\n\
    Exit status: 0 the lock is held, or was freed; 1 it is free, or has changed hands; 2 it could not be \
    looked at or freed.")]
pub(crate) struct Holder {
    /// The file whose lock it is: `events.ndjson`, not `events.ndjson.lock`
    #[arg(value_name = "FILE")]
    pub(crate) target: PathBuf,
    /// Free the lock, if HANDLE still names its holder
    #[arg(long = "break", value_name = "HANDLE")]
    pub(crate) handle: Option<String>,
    /// Only say whether the lock would be freed
    #[arg(short = 'n', long, requires = "handle")]
    pub(crate) dry_run: bool,
    /// Print nothing but errors; the exit status tells
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Print one JSON object that holds the result, or the error
    #[arg(long)]
    pub(crate) json: bool,
}
