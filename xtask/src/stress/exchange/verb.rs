//! What root runs while the attacker is at work.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::ValueEnum;

/// In the attacker's own `.gitattributes`.
pub(super) const ATTACKERS: &str = "# of the attacker\n";

/// How long root waits for a lock, in seconds: longer than for a file that is missing.
const WAIT: &str = "0.5";

/// What root runs.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Verb {
    Set,
    CheckFix,
    MergeInstall,
    Append,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::CheckFix => "check --fix",
            Self::MergeInstall => "merge --install",
            Self::Append => "append",
        }
    }

    /// The file that root writes.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Set | Self::CheckFix => ".agentsrc.lock",
            Self::MergeInstall => ".gitattributes",
            Self::Append => "events.ndjson",
        }
    }

    /// What the attacker's own file says before each round; `None`: it is not there. It is long, so
    /// that root is busy with it for a while.
    pub(super) fn bait(self) -> Option<String> {
        const LENGTH: usize = 50_000;
        let long = "x".repeat(LENGTH);
        match self {
            Self::Set => Some(format!("{{\n  \"of the attacker\": \"{long}\"\n}}\n")),
            // Not laid out as `--fix` lays it out.
            Self::CheckFix => Some(format!("{{\"units\":{{}},\"of the attacker\":\"{long}\"}}")),
            Self::MergeInstall => Some(format!("{ATTACKERS}# {long}\n")),
            Self::Append => None,
        }
    }

    /// What root runs in round `round`. `own` is the attacker's own directory, whatever it is
    /// called by then; `path` is the path of the file.
    pub(super) fn command(self, binary: &Path, (own, path): (&Path, &Path), round: u32) -> Command {
        let mut command = Command::new(binary);
        match self {
            Self::Set => {
                command.args(["set", "number", "--wait", WAIT, "--file"]).arg(path);
                command.args(["--", "echo", &round.to_string()]);
            }
            Self::CheckFix => {
                command.args(["check", "--fix", "--wait", WAIT, "--file"]).arg(path);
            }
            // It asks git for the path of the checkout, and git has what it is called right now.
            Self::MergeInstall => {
                command.args(["merge", "--install", "--wait", WAIT]).current_dir(own);
            }
            Self::Append => {
                command.args(["append", "--wait", WAIT]).arg(path).arg("{\"n\":1}");
            }
        }
        // The attacker's checkout is not root's.
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
        command.env("GIT_CONFIG_VALUE_0", "*");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}
