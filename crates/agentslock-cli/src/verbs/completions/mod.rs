//! `completions`: a script by which a shell completes the command line.
//!
//! What never changes is in the script: verbs, flags and their values. What is in the document the
//! script asks for: sections and entries, by `completions --paths`. An engine that answers for the
//! whole command line would be a second description of it in the program, and slower for each key.

mod paths;

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::stdout::{print, print_bytes};

/// Print the completions for a shell.
///
/// In bash, zsh and fish, sections and entries of the document are completed, too.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  agentslock completions bash > ~/.local/share/bash-completion/completions/agentslock\n  \
    agentslock completions zsh > ~/.zfunc/_agentslock\n  \
    agentslock completions fish > ~/.config/fish/completions/agentslock.fish\n\n\
    Exit status: 0 printed; 2 it could not be printed."
)]
pub(crate) struct Completions {
    /// The shell
    #[arg(required_unless_present = "paths")]
    shell: Option<Shell>,
    /// What the scripts ask for: print the paths in the document that begin with PREFIX
    #[arg(long, value_name = "PREFIX", conflicts_with = "shell")]
    paths: Option<String>,
}

/// Sections and entries for bash, which breaks words at `:` and `=`, and wants what comes after.
const BASH: &str = include_str!("paths.bash");
const ZSH: &str = include_str!("paths.zsh");
const FISH: &str = include_str!("paths.fish");

pub(crate) fn completions(
    arguments: &Completions,
    common: &Common,
    mut command: clap::Command,
) -> Result<ExitCode, Failure> {
    let Some(shell) = arguments.shell else {
        let prefix = arguments.paths.as_deref().unwrap_or_default();
        let lines = paths::beginning_with(prefix, common).into_iter().map(|path| path + "\n");
        return print(&lines.collect::<String>());
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "agentslock", &mut script);
    match shell {
        Shell::Bash => script.extend_from_slice(BASH.as_bytes()),
        Shell::Fish => script.extend_from_slice(FISH.as_bytes()),
        Shell::Zsh => script = with_paths_in_zsh(&String::from_utf8_lossy(&script)).into_bytes(),
        _ => {}
    }
    print_bytes(&script)
}

/// Arguments that are paths are completed by our function, which stands before the others.
fn with_paths_in_zsh(script: &str) -> String {
    let (first, rest) = script.split_once('\n').unwrap_or((script, ""));
    let mut all = format!("{first}\n\n{ZSH}\n");
    for line in rest.lines() {
        let is_path = ["'::path ", "':path ", "'*::paths ", "'--entry="]
            .iter()
            .any(|argument| line.starts_with(argument));
        let line =
            if is_path { line.replace(":_default'", ":_agentslock_paths'") } else { line.into() };
        all.extend([&line, "\n"]);
    }
    all
}
