//! The arguments of `check`.

use std::path::PathBuf;

use agentslock_config::Digest;
use clap::Args;

use super::{Color, Document, Wait};

/// Check the document, for CI and hooks: a line for each thing that is not as it should be.
///
/// It must be a JSON object without conflict markers, of a version that is known, and laid out as all
/// writers do. With --declared and --inputs-digest, what is locked must be what is declared now.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock check\n  \
    jq -r '.layers | keys[]' .agentsrc.json | agentslock check --declared - --kind layer\n  \
    agentslock check --fix\n\n\
    Exit status: 0 all is as it should be; 1 something is not; 2 it could not be told; 75 for --fix, the \
    lock was not to be had in time.")]
#[command(mut_arg("limit", |wait| wait.requires("fix")))]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Check {
    /// Compare the units with the references in LIST, one a line; `-` for standard input
    #[arg(long, value_name = "LIST")]
    pub(crate) declared: Option<PathBuf>,
    /// LIST declares units of this kind only (repeatable) [default: of all kinds]
    #[arg(long = "kind", value_name = "KIND", requires = "declared")]
    pub(crate) kinds: Vec<String>,
    /// What the document should have been resolved from
    #[arg(long, value_name = "DIGEST")]
    pub(crate) inputs_digest: Option<Digest>,
    /// Repair what is safe to repair, under the lock: the layout, commas, and conflicts that are none or
    /// of which one side was chosen
    #[arg(long)]
    pub(crate) fix: bool,
    /// With --fix, write nothing, take no lock, and tell what would be left
    #[arg(short = 'n', long, requires = "fix")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) document: Document,
    #[command(flatten)]
    pub(crate) wait: Wait,
    #[command(flatten)]
    pub(crate) color: Color,
    /// Print one JSON object that holds the findings, or the error
    #[arg(long)]
    pub(crate) json: bool,
}
