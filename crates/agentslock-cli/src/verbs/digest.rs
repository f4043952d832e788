//! `digest`: what a resolve of the repository would be made from, as one number.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_config::{Digest, Inputs, InputsError, Slot, agents_home, inputs_digest};
use clap::Args;

use crate::document::find;
use crate::flags::Common;
use crate::io::failure::{Failure, chain};
use crate::io::stdout::{envelope, print, print_envelope, push};

/// Print the digest of the inputs: of the three files that a resolver resolves from.
///
/// They are .agentsrc.json of the person (in $`AGENTS_HOME`, else in ~/.agents),
/// .agentsrc.local.json and .agentsrc.json beside the document. A file that is missing counts as
/// missing. White space and the order of keys do not count.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock digest\n  \
    agentslock set --inputs-digest \"$(agentslock digest)\"\n\n\
    Exit status: 0 it was printed; 2 a file cannot be read, or is not JSON with distinct keys.")]
pub(crate) struct DigestOf {
    /// Print the text that is hashed, to find out why two programs do not agree
    #[arg(long)]
    payload: bool,
}

pub(crate) fn digest(arguments: &DigestOf, common: &Common) -> Result<ExitCode, Failure> {
    let document = find::to_go_with(common)?;
    let (inputs, digest) = of_document(&document)?;
    let payload = || inputs.payload().expect("because its digest was made from it");
    if common.json {
        let mut fields = envelope(&document, true);
        push(&mut fields, "digest", &digest);
        let there = Slot::ALL.into_iter().filter(|slot| inputs.slot(*slot).is_some());
        let paths: Vec<_> = there.filter_map(|slot| path(slot, &document)).collect();
        push(&mut fields, "inputs", &paths);
        if arguments.payload {
            push(&mut fields, "payload", &payload());
        }
        return print_envelope(&fields);
    }
    print(&if arguments.payload { payload() + "\n" } else { format!("{digest}\n") })
}

/// The inputs that lie beside the document, and their digest.
pub(super) fn of_document(document: &Path) -> Result<(Inputs, Digest), Failure> {
    let inputs = Inputs::read(directory_of(document)).map_err(|error| failure(&error, document))?;
    let digest = inputs_digest(&inputs).map_err(|error| failure(&error, document))?;
    Ok((inputs, digest))
}

fn failure(error: &InputsError, document: &Path) -> Failure {
    let path = match error {
        InputsError::Malformed { slot, .. } => path(*slot, document),
        _ => None,
    };
    Failure::input(match path {
        Some(path) => {
            let path = path.display();
            format!(
                "`{path}`: {error}; there is no digest; mend it, with git: `git diff -- {path}`"
            )
        }
        None => chain(error),
    })
}

fn path(slot: Slot, document: &Path) -> Option<PathBuf> {
    slot.path(directory_of(document), agents_home().as_deref())
}

fn directory_of(document: &Path) -> &Path {
    document.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
