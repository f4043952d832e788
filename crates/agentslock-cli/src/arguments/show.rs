//! The arguments of `show`.

use clap::Args;

use super::Document;

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
