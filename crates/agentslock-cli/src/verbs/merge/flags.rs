//! The flags of `merge`.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Merge two documents that began as one, by section and entry; or set this up for git.
///
/// OURS is replaced by the result. Entries that both sides changed differently get conflict
/// markers. Exceptions: `inputs_digest` is dropped, so that it is resolved again; of `install` and
/// `refresh`, the later stamp is taken, whole.
///
/// With --install, git merges every `.agentsrc.lock` of this repository so, and `git diff` shows
/// them as `diff` does. That takes a line in `.gitattributes`, which must be committed. It also
/// takes configuration of this clone, which each other clone needs, too. With --global, all
/// repositories of this user do so, and nothing is committed.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock merge --install\n  \
    agentslock merge --install --ignore\n  \
    agentslock merge --check || agentslock merge --install --global\n  \
    agentslock merge base.lock ours.lock theirs.lock\n\n\
    Exit status: 0 merged; 1 merged with conflicts; 129 failed, OURS is as it was (set up by --install, git \
    then merges line by line). --check: 0 installed; 1 not installed.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Merge {
    /// What both began with (git's %O); an empty file if they did not
    #[arg(required_unless_present_any = ["install", "uninstall", "check"])]
    pub(super) base: Option<PathBuf>,
    /// Our version (%A), which is replaced
    #[arg(required_unless_present_any = ["install", "uninstall", "check"])]
    pub(super) ours: Option<PathBuf>,
    /// Their version (%B)
    #[arg(required_unless_present_any = ["install", "uninstall", "check"])]
    pub(super) theirs: Option<PathBuf>,
    /// How many characters a conflict marker has (%L)
    #[arg(long, value_name = "N", default_value = "7")]
    pub(super) marker_size: NonZero<u16>,
    /// What to call the document in messages (%P)
    #[arg(long, value_name = "PATH")]
    pub(super) path: Option<PathBuf>,
    /// What to call the three in conflict markers (%S %X %Y)
    #[arg(long, num_args = 3, value_names = ["BASE", "OURS", "THEIRS"], allow_hyphen_values = true)]
    pub(super) labels: Vec<String>,
    /// OURS and THEIRS are what two branches both merged before: leave `null` where they conflict,
    /// which neither of the branches has
    #[arg(long)]
    pub(super) ancestors: bool,
    /// Let git use this program to merge and to show documents in this repository
    #[arg(long, conflicts_with_all = ["base", "uninstall", "marker_size", "path", "labels", "ancestors"])]
    pub(super) install: bool,
    /// With --install: let git also leave locks and temporaries out of commits, in all clones
    /// (`gitignore`) or in this one (`exclude`)
    #[arg(long, value_name = "FILE", value_enum, requires = "install", num_args = 0..=1,
        require_equals = true, default_missing_value = "gitignore")]
    pub(super) ignore: Option<IgnoreFile>,
    /// Undo what --install did
    #[arg(long, conflicts_with_all = ["base", "marker_size", "path", "labels", "ancestors"])]
    pub(super) uninstall: bool,
    /// With --install or --uninstall: for all repositories of this user, not for this clone
    #[arg(long, conflicts_with_all = ["base", "ignore", "check"])]
    pub(super) global: bool,
    /// Only say whether git uses this program here
    #[arg(long, conflicts_with_all = ["base", "install", "uninstall", "dry_run"])]
    pub(super) check: bool,
    /// Write nothing; print what would be written
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
}

/// Where git is told what to ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IgnoreFile {
    /// `.gitignore` at the top of the checkout, to be committed
    Gitignore,
    /// `.git/info/exclude`: this clone and its worktrees alone
    Exclude,
}
