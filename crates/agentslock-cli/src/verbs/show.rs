//! `show`: print the document or a part of it.

use std::process::ExitCode;

use agentslock_core::{Fields, Lockfile, is_reserved};
use clap::Args;

use crate::document::find;
use crate::flags::Common;
use crate::io::failure::{Failure, NO};
use crate::io::stdout::{envelope, print, print_envelope, push_raw};

/// Print the document, a section, or an entry of a section. Takes no lock.
///
/// Values are printed as they are spelled in the file.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock show units | jq 'keys'\n  \
    agentslock show units.git:acme/base@1.4.0")]
pub(crate) struct Show {
    /// SECTION, or SECTION.ENTRY, split at the first dot; `lock_version` and `inputs_digest` work too
    #[arg(value_name = "SECTION[.ENTRY]")]
    what: Option<String>,
}

pub(crate) fn show(arguments: &Show, common: &Common) -> Result<ExitCode, Failure> {
    let path = find::to_read(common)?;
    let shown = value(&path, arguments.what.as_deref()).map_err(|f| f.about(&path))?;
    if common.json {
        let mut fields = envelope(&path, true);
        push_raw(&mut fields, "value", &shown);
        return print_envelope(&fields);
    }
    // The document as it is, to the byte; a part of it as a line.
    print(&if arguments.what.is_none() { shown } else { shown + "\n" })
}

const INPUTS_DIGEST: &str = "inputs_digest";

fn value(path: &std::path::Path, what: Option<&str>) -> Result<String, Failure> {
    let lockfile = Lockfile::open(path)?;
    let absent = |what: String| Failure::new(NO, "absent", what);
    if lockfile.was_missing() {
        return Err(absent(format!("`{}` does not exist", path.display())));
    }
    let Some(what) = what else { return Ok(lockfile.text()) };
    // A section may have a dot in its name; then the whole name is meant. An empty digest is none.
    let is_there = |value: &String| what != INPUTS_DIGEST || value != "\"\"";
    if let Some(value) = lockfile.top_level_raw(what).filter(is_there) {
        return Ok(value);
    }
    if is_reserved(what) {
        return match what {
            INPUTS_DIGEST => Err(absent(format!("`{}` has no {what}", path.display()))),
            // What a document without one is read as.
            _ => Ok(lockfile.lock_version()?.to_string()),
        };
    }
    let no_section = |name: &str| absent(format!("`{}` has no section {name:?}", path.display()));
    let Some((section, entry)) = what.split_once('.') else { return Err(no_section(what)) };
    if is_reserved(section) {
        return Err(no_section(what));
    }
    let entries: Fields = lockfile.section(section)?.ok_or_else(|| no_section(section))?;
    // Of an entry that occurs twice the last one counts, as for those who decode it.
    let found = entries.iter().filter(|(name, _)| *name == entry).last();
    match found {
        Some((_, value)) => Ok(value.get().to_owned()),
        None => {
            Err(absent(format!("`{}`, section {section:?} has no entry {entry:?}", path.display())))
        }
    }
}
