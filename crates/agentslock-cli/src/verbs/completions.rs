//! `completions`: a script by which a shell completes the command line.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use crate::io::failure::Failure;
use crate::io::stdout::print_bytes;

/// Print the completions for a shell.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  agentslock completions bash > ~/.local/share/bash-completion/completions/agentslock\n  \
    agentslock completions zsh > ~/.zfunc/_agentslock\n  \
    agentslock completions fish > ~/.config/fish/completions/agentslock.fish"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn completions(
    arguments: &Completions,
    mut command: clap::Command,
) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "agentslock", &mut script);
    print_bytes(&script)
}
