//! `edit`: the whole document, or any file, goes through a command, under its lock.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::text::{canonical_text, compact, duplicate_keys};
use agentslock_core::{Flushed, Lockfile, is_reserved};
use clap::Args;

use crate::document::commit::rewrite;
use crate::document::describe::Detail;
use crate::document::find;
use crate::document::update::{By, may_lock, stage_inputs_digest, update};
use crate::filter::{UnderLock, filter};
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::paint::Paint;
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print_bytes, print_envelope, push};
use crate::verbs::diff;

/// Change the document, or any file, by a command, while its lock is held.
///
/// COMMAND gets the text on its standard input, and prints the new one. Without FILE, that is the
/// document (`{}` if there is none): several sections can be changed at once. Sections that COMMAND
/// leaves as they are stay byte for byte as they are. With FILE, it is that file, whatever it
/// contains.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  agentslock edit -- jq 'del(.counters) | .install.project = \"demo\"'\n  \
    agentslock edit TASKS.yaml -- sed 's/todo/done/'\n\n\
    COMMAND runs again, on fresh input, up to five times in all, if another program changes the file \
    without its lock meanwhile. If there is no right to write, it runs without the lock; that is an error \
    only if it would change something.\n\n\
    Exit status: 0 written, or nothing changed; 2 COMMAND failed, or what it printed is no document, and \
    nothing was written unless the message says so; 75 timed out waiting for the lock, or lost it, \
    and wrote nothing: try again."
)]
pub(crate) struct Edit {
    /// The file; without it, the document
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) target: Option<PathBuf>,
    /// A command that turns the current text into the new one
    #[arg(last = true, required = true, value_name = "COMMAND",
        value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
    /// Let COMMAND print nothing, which makes FILE empty
    #[arg(long, requires = "target")]
    allow_empty: bool,
    /// Write nothing, take no lock, and print what would be written. COMMAND is run
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn edit(arguments: &Edit, common: &Common) -> Result<ExitCode, Failure> {
    let (path, edited) = if let Some(target) = &arguments.target {
        (target.clone(), edit_file(arguments, target, common))
    } else {
        let path = find::to_write(common)?;
        let edited = edit_document(arguments, &path, common);
        (path, edited)
    };
    let Edited { outcome, shown } = edited.map_err(|failure| failure.about(&path))?;
    if common.verbose {
        say(&format!("`{}`: {outcome}", path.display()));
    }
    if !common.json {
        return shown.map_or(Ok(ExitCode::SUCCESS), |text| print_bytes(&text));
    }
    let mut fields = envelope(&path, true);
    push(&mut fields, "outcome", outcome);
    print_envelope(&fields)
}

struct Edited {
    outcome: &'static str,
    /// In a dry run: what would be written.
    shown: Option<Vec<u8>>,
}

impl From<Flushed> for Edited {
    fn from(flushed: Flushed) -> Self {
        let outcome = match flushed {
            Flushed::Written => "written",
            Flushed::Unchanged => "unchanged",
        };
        Self { outcome, shown: None }
    }
}

fn edit_document(arguments: &Edit, path: &Path, common: &Common) -> Result<Edited, Failure> {
    if arguments.dry_run {
        let (before, after) = (Lockfile::open(path)?, Lockfile::open(path)?);
        stage_edited(&after, UnderLock::none(), &arguments.command)?;
        let differences = agentslock_core::merge::diff(&before, &after);
        let detail = if common.verbose { Detail::Whole } else { Detail::Short };
        let shown = diff::as_text(&differences, detail, Paint::NONE).into_bytes();
        let changed = after.changed_text()?;
        let outcome = if changed.is_none() { "unchanged" } else { "would-write" };
        return Ok(Edited { outcome, shown: Some(shown) });
    }
    let command = &arguments.command;
    let stage = |lockfile: &_, lock: UnderLock<'_>| stage_edited(lockfile, lock, command);
    Ok(update(path, common, By::Command, stage)?.into())
}

/// Stages what the command made of the document, section by section, so that the others keep their
/// bytes.
fn stage_edited(
    lockfile: &Lockfile,
    lock: UnderLock<'_>,
    command: &[OsString],
) -> Result<(), Failure> {
    let text = if lockfile.was_missing() { "{}\n".to_owned() } else { lockfile.text() };
    let output = filter(lock, text.into_bytes(), command)?;
    let source = format!("the output of `{}`", command[0].to_string_lossy());
    let refuse = |why: String| Failure::input(format!("{source} {why}; nothing was written"));
    if let Err(error) = canonical_text(output.clone()) {
        return Err(refuse(format!("is no document: {error}")));
    }
    let output = String::from_utf8(output).expect("because it is a document");
    if let Some(twice) = duplicate_keys(&output).next() {
        let (line, column, key) = (twice.line, twice.column, twice.path.join("."));
        return Err(refuse(format!("has {key} twice: line {line}, column {column}")));
    }
    let new: BTreeMap<String, Box<serde_json::value::RawValue>> =
        serde_json::from_str(&output).expect("because it is a document");
    let same = |name: &str, value: &str| {
        lockfile.top_level_raw(name).is_some_and(|old| compact(old).ok() == compact(value).ok())
    };
    for (name, value) in &new {
        let value = value.get();
        if same(name, value) {
            continue;
        }
        match name.as_str() {
            "inputs_digest" => match serde_json::from_str::<String>(value) {
                Ok(digest) => stage_inputs_digest(lockfile, &digest),
                Err(_) => return Err(refuse("has an inputs_digest that is no text".to_owned())),
            },
            // A document without one is of version 1.
            "lock_version" if lockfile.lock_version().is_ok_and(|is| is.to_string() == value) => {}
            name if is_reserved(name) => {
                return Err(refuse(format!("changes {name}, which is the format's version")));
            }
            name => lockfile.set_section_raw(name, value)?,
        }
    }
    for name in lockfile.section_names() {
        if !new.contains_key(&name) {
            lockfile.remove_section(&name)?;
        }
    }
    if !new.contains_key("inputs_digest") && lockfile.inputs_digest().is_some() {
        lockfile.remove_inputs_digest();
    }
    Ok(())
}

fn edit_file(arguments: &Edit, path: &Path, common: &Common) -> Result<Edited, Failure> {
    find::refuse_missing_parent(path)?;
    if arguments.dry_run {
        let before = fsops::read(path)?.bytes;
        let after = edited(arguments, before.as_deref(), UnderLock::none())?;
        let outcome = if before.as_ref() == Some(&after) { "unchanged" } else { "would-write" };
        return Ok(Edited { outcome, shown: Some(after) });
    }
    if !may_lock(path) {
        let before = fsops::read(path)?.bytes;
        if before.is_some()
            && edited(arguments, before.as_deref(), UnderLock::none()).ok() == before
        {
            return Ok(Flushed::Unchanged.into());
        }
    }
    let flushed = rewrite(path, common, |before, hold| {
        let lock = UnderLock::of(hold.guard().path(), hold.guard().token(), || hold.renew());
        edited(arguments, before, lock).map(Some)
    })?;
    Ok(flushed.into())
}

/// What the command makes of the text.
fn edited(
    arguments: &Edit,
    before: Option<&[u8]>,
    lock: UnderLock<'_>,
) -> Result<Vec<u8>, Failure> {
    let command = &arguments.command;
    let after = filter(lock, before.unwrap_or_default().to_vec(), command)?;
    let was_empty = before.is_some_and(<[u8]>::is_empty);
    if after.is_empty() && !arguments.allow_empty && !was_empty {
        let name = command[0].to_string_lossy();
        return Err(Failure::input(format!(
            "`{name}` printed nothing; nothing was written; to make the file empty, add --allow-empty"
        )));
    }
    Ok(after)
}
