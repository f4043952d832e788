//! The arguments of `set`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::{Document, Wait};

/// Replace a section, or remove it.
///
/// The new value is read from FILE, from standard input, or from a COMMAND that gets the current value
/// (`null` if there is none) on its standard input while the lock is held. All other sections stay
/// byte for byte as they are.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  echo '{\"project\":\"demo\"}' | agentslock set install\n  \
    agentslock set counters -- jq '.runs += 1'\n\n\
    COMMAND runs again, on fresh input, up to five times in all, if somebody changes the document \
    without its lock, or removes the lock, meanwhile.")]
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
    /// Write nothing, take no lock, and print what would change, as `diff` does. COMMAND is run
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// Print one JSON object that says what was done, or the error
    #[arg(long)]
    pub(crate) json: bool,
}
