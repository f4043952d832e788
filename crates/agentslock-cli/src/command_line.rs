//! The command line: all verbs. The flags of each stand in its own file.

use clap::{Parser, Subcommand};

use crate::flags::Common;
use crate::verbs::append::Append;
use crate::verbs::check::Check;
use crate::verbs::completions::Completions;
use crate::verbs::diff::Diff;
use crate::verbs::digest::DigestOf;
use crate::verbs::doctor::Doctor;
use crate::verbs::edit::Edit;
use crate::verbs::holder::Holder;
use crate::verbs::init::Init;
use crate::verbs::man::ManPage;
use crate::verbs::merge::Merge;
use crate::verbs::run::Run;
use crate::verbs::set::Set;
use crate::verbs::show::Show;
use crate::verbs::unset::Unset;

/// Reads and writes .agentsrc.lock, which many programs share, and locks any file around a command.
#[derive(Debug, Parser)]
#[command(
    name = "agentslock",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 success, or the \
    answer is yes; 1 the answer is no, or not found; 2 usage, input or I/O; 75 timed out waiting for the lock, or \
    lost it: try again; others the command's own, of run.\n\n\
    If something is wrong, `agentslock doctor` says what to type."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show(Show),
    Set(Set),
    Unset(Unset),
    Edit(Edit),
    Check(Check),
    Diff(Diff),
    Digest(DigestOf),
    Merge(Merge),
    Run(Run),
    Holder(Holder),
    Append(Append),
    Doctor(Doctor),
    Init(Init),
    Completions(Completions),
    Man(ManPage),
}

impl Verb {
    /// What a verb takes that acts on no document, or on one that is an argument.
    pub(crate) fn takes_instead_of_document(&self) -> Option<&'static str> {
        match self {
            Self::Run(_) => Some("`run` takes FILE as its argument"),
            Self::Holder(_) => Some("`holder` takes FILE as its argument"),
            Self::Edit(edit) if edit.target.is_some() => Some("`edit` takes FILE as its argument"),
            Self::Append(_) => Some("`append` takes FILE as its argument"),
            Self::Merge(_) => Some("`merge` takes BASE OURS THEIRS as its arguments"),
            _ => None,
        }
    }
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
