//! `show`: print the document or a part of it.

use std::path::Path;
use std::process::ExitCode;

use agentslock_core::{Lockfile, is_reserved};
use clap::Args;

use crate::document::find;
use crate::document::missing;
use crate::document::path::ValuePath;
use crate::document::value::{self, digest};
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::stderr::one_line;
use crate::io::stdout::{envelope, print, print_envelope, push, push_raw};

/// Print the document, a section, an entry, or a value in it. Takes no lock.
///
/// Values are printed as they are spelled in the file.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock show units | jq 'keys'\n  \
    agentslock show units.git:acme/base@1.4.0\n  \
    agentslock show -r units/git:acme~1base@1.4.0/digest\n\n\
    Exit status: 0 printed; 1 there is no such document or value; 2 the document cannot be read; 75 \
    git is replacing it, and was waited for in vain.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Show {
    /// SECTION, SECTION.ENTRY (split at the first dot), or a JSON pointer: SECTION/ENTRY/FIELD;
    /// `lock_version` and `inputs_digest` work too
    path: Option<String>,
    /// Print a text without its quotes and escapes
    #[arg(short, long, conflicts_with_all = ["keys", "digest"])]
    raw: bool,
    /// Print the keys: of the sections, or of the object at PATH
    #[arg(short, long, conflicts_with = "digest")]
    keys: bool,
    /// Print the digest of the value, for `set --expect`
    #[arg(long, requires = "path")]
    digest: bool,
}

pub(crate) fn show(arguments: &Show, common: &Common) -> Result<ExitCode, Failure> {
    let at = arguments.path.as_deref().map(ValuePath::parse).transpose()?;
    let path = find::to_read(common)?;
    let lockfile = Lockfile::open(&path).map_err(|error| Failure::from(error).about(&path))?;
    if lockfile.was_missing() {
        return Err(missing::no_document(&path).about(path));
    }
    print_part(arguments, at.as_ref(), (&path, &lockfile), common)
        .map_err(|failure| failure.about(&path))
}

fn print_part(
    arguments: &Show,
    at: Option<&ValuePath>,
    (path, lockfile): (&Path, &Lockfile),
    common: &Common,
) -> Result<ExitCode, Failure> {
    let value = match at {
        Some(at) => value_at(lockfile, at)?,
        None => lockfile.text(),
    };
    let mut fields = envelope(path, true);
    if arguments.keys {
        let keys = keys(lockfile, at, &value)?;
        if common.json {
            push(&mut fields, "keys", &keys);
            return print_envelope(&fields);
        }
        return print(&keys.iter().map(|key| one_line(key) + "\n").collect::<String>());
    }
    if arguments.digest {
        let digest = digest(&value);
        if common.json {
            push(&mut fields, "digest", digest.as_str());
            return print_envelope(&fields);
        }
        return print(&format!("{digest}\n"));
    }
    if common.json {
        push_raw(&mut fields, "value", &value);
        return print_envelope(&fields);
    }
    if at.is_none() {
        // As it is, to the byte.
        return print(&value);
    }
    let text = arguments.raw.then(|| serde_json::from_str::<String>(&value).ok()).flatten();
    print(&(text.unwrap_or_else(|| outdented(&value)) + "\n"))
}

const INPUTS_DIGEST: &str = "inputs_digest";

fn value_at(lockfile: &Lockfile, at: &ValuePath) -> Result<String, Failure> {
    if is_reserved(at.section()) && !at.is_section() {
        return Err(missing::absent(lockfile, at));
    }
    // An empty digest is none.
    let is_there = |value: &String| at.section() != INPUTS_DIGEST || value != "\"\"";
    let Some(section) = lockfile.top_level_raw(at.section()).filter(is_there) else {
        if is_reserved(at.section()) && at.section() != INPUTS_DIGEST {
            // What a document without one is read as.
            return Ok(lockfile.lock_version()?.to_string());
        }
        return Err(missing::absent(lockfile, at));
    };
    match value::find(&section, at.steps()) {
        Ok(value) => Ok(value.to_owned()),
        Err(_) => Err(missing::absent(lockfile, at)),
    }
}

fn keys(lockfile: &Lockfile, at: Option<&ValuePath>, value: &str) -> Result<Vec<String>, Failure> {
    let Some(at) = at else { return Ok(lockfile.section_names()) };
    value::keys(value).ok_or_else(|| {
        let path = lockfile.path().display();
        Failure::input(format!("`{path}`: `{at}` is not an object, and has no keys"))
    })
}

/// Without the indentation that the value has because of where it stands in the file.
fn outdented(value: &str) -> String {
    let last = value.rsplit('\n').next().unwrap_or_default();
    let indent = &last[..last.len() - last.trim_start_matches([' ', '\t']).len()];
    let inner = || value.lines().skip(1);
    // Not of a value that is laid out in another way. A text has no line ends in it.
    if indent.is_empty() || !inner().all(|line| line.starts_with(indent)) {
        return value.to_owned();
    }
    value.replace(&format!("\n{indent}"), "\n")
}
