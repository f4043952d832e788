//! The arguments of `diff`.

use std::path::PathBuf;

use clap::Args;

use super::{Color, Document};

/// Tell what changed between two documents, by section and entry. Takes no lock.
///
/// With one argument, what changed between A and the document. One of the two need not exist, and is an
/// empty document then.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock diff old.lock .agentsrc.lock\n  \
    git config diff.agentslock.textconv 'agentslock diff --textconv'\n\n\
    Exit status: 0 no difference; 1 differences; 2 trouble. With --textconv, 0 or 2.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Diff {
    /// The document before
    #[arg(value_name = "A")]
    pub(crate) before: PathBuf,
    /// The document after [default: the nearest .agentsrc.lock upward, or --file]
    #[arg(value_name = "B", conflicts_with_all = ["textconv", "path"])]
    pub(crate) after: Option<PathBuf>,
    /// Print A with a line for each entry, to be compared by git; what is no document as it is
    #[arg(long, conflicts_with_all = ["path", "json", "quiet", "verbose", "when"])]
    pub(crate) textconv: bool,
    #[command(flatten)]
    pub(crate) document: Document,
    /// Print nothing; the exit status tells
    #[arg(short, long, conflicts_with_all = ["verbose", "json"])]
    pub(crate) quiet: bool,
    /// Print values and digests whole
    #[arg(short, long)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) color: Color,
    /// Print one JSON object that holds the result, or the error
    #[arg(long)]
    pub(crate) json: bool,
}
