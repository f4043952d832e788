//! `diff`: what changed between two documents.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::merge::Difference;
use agentslock_core::text::{DuplicateKey, duplicate_keys};
use agentslock_core::{Fields, Lockfile, OpenError};
use clap::Args;

use crate::document::describe::{self, Detail};
use crate::document::find;
use crate::flags::Common;
use crate::io::failure::{Failure, NO, TROUBLE};
use crate::io::paint::Paint;
use crate::io::stderr::{one_line, say};
use crate::io::stdout::{envelope, print, print_bytes, print_envelope, push, push_raw};

/// Tell what changed between two documents, by section and entry. Takes no lock.
///
/// With one argument, what changed between A and the document. One of the two need not exist, and is an
/// empty document then.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock diff old.lock .agentsrc.lock\n  \
    git config diff.agentslock.textconv 'agentslock diff --textconv'\n\n\
    Exit status: 0 no difference; 1 differences; 2 trouble. With --textconv, 0 or 2.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Diff {
    /// The document before
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The document after [default: the nearest .agentsrc.lock upward, or --file]
    #[arg(value_name = "B", conflicts_with_all = ["textconv", "document"])]
    after: Option<PathBuf>,
    /// Print A with a line for each entry, to be compared by git; what is no document as it is
    #[arg(long, conflicts_with_all = ["document"])]
    textconv: bool,
}

pub(crate) fn diff(arguments: &Diff, common: &Common) -> Result<ExitCode, Failure> {
    if arguments.textconv {
        return textconv(&arguments.before);
    }
    let old = &arguments.before;
    let new = &match &arguments.after {
        Some(path) => path.clone(),
        // A "no" would say that they differ.
        None => find::to_read(common).map_err(Failure::into_trouble)?,
    };
    let (before, after) = (open(old)?, open(new)?);
    if before.was_missing() && after.was_missing() {
        let message = format!("neither `{}` nor `{}` exists", old.display(), new.display());
        return Err(Failure::new(TROUBLE, "absent", message).about(new));
    }
    let differences = agentslock_core::merge::diff(&before, &after);
    let code = if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO) };
    if common.json {
        let mut fields = envelope(after.path(), differences.is_empty());
        push(&mut fields, "before", &before.path().to_string_lossy());
        push(&mut fields, "differences", &as_json(&differences));
        print_envelope(&fields)?;
    } else if !common.quiet {
        let detail = if common.verbose { Detail::Whole } else { Detail::Short };
        say_what_is_twice(old, &before);
        say_what_is_twice(new, &after);
        print(&as_text(&differences, detail, Paint::on_stdout(common.color())))?;
    }
    Ok(code)
}

/// Why something is shown as a whole, of which a person expects an entry or a field.
fn say_what_is_twice(path: &Path, lockfile: &Lockfile) {
    if let Some(DuplicateKey { line, column, path: key, .. }) =
        duplicate_keys(&lockfile.text()).next()
    {
        let (path, key) = (path.display(), key.join("."));
        say(&format!(
            "`{path}`, line {line}, column {column}: {key} is there a second time; what it stands in is \
             compared as a whole"
        ));
    }
}

/// Prints a line for each entry; what is no document as it is: with conflict markers in it, say, when git
/// shows what is in conflict.
fn textconv(path: &Path) -> Result<ExitCode, Failure> {
    match Lockfile::open(path) {
        Ok(lockfile) if lockfile.was_missing() => {
            let message = format!("`{}` does not exist", path.display());
            Err(Failure::new(TROUBLE, "absent", message).about(path))
        }
        Ok(lockfile) => {
            let lines = describe::list(&lockfile);
            print(&lines.iter().map(|line| one_line(line) + "\n").collect::<String>())
        }
        Err(OpenError::Malformed { .. }) => {
            print_bytes(&fsops::read(path)?.bytes.unwrap_or_default())
        }
        Err(error) => Err(Failure::from(error).about(path)),
    }
}

/// A line for each thing that changed.
pub(crate) fn as_text(differences: &[Difference], detail: Detail, paint: Paint) -> String {
    let lines = differences.iter().flat_map(|difference| describe::describe(difference, detail));
    lines
        .map(|line| {
            let text = one_line(&format!("{} {}", line.kind.as_str(), line.text));
            paint.change(line.kind, &text) + "\n"
        })
        .collect()
}

/// An object for each difference, with what was and what is.
pub(crate) fn as_json(differences: &[Difference]) -> Vec<Fields> {
    let object = |difference: &Difference| {
        let mut fields = Fields::new();
        push(&mut fields, "section", &difference.section);
        if let Some(entry) = &difference.entry {
            push(&mut fields, "entry", entry);
        }
        for (name, value) in [("before", &difference.before), ("after", &difference.after)] {
            if let Some(value) = value {
                push_raw(&mut fields, name, value);
            }
        }
        fields
    };
    differences.iter().map(object).collect()
}

fn open(path: &Path) -> Result<Lockfile, Failure> {
    Lockfile::open(path).map_err(|error| Failure::from(error).about(path))
}
