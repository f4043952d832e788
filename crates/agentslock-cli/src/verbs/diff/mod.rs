//! `diff`: what changed between two documents.

mod revision;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::merge::Difference;
use agentslock_core::text::{DuplicateKey, duplicate_keys};
use agentslock_core::{Fields, Lockfile, OpenError};
use clap::Args;

use crate::document::describe::{self, Detail};
use crate::document::find;
use crate::document::in_git::InGit;
use crate::document::path::ValuePath;
use crate::document::value;
use crate::flags::Common;
use crate::io::failure::{Failure, NO, TROUBLE};
use crate::io::paint::Paint;
use crate::io::stderr::{one_line, say};
use crate::io::stdout::{envelope, print, print_bytes, print_envelope, push, push_raw};
use revision::{Side, open};

/// Show what changed between two documents, by section and entry. Takes no lock.
///
/// A and B are files, `-` for standard input, or git revisions. Without B, A is compared with the
/// document; without A, the last commit is.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock diff\n  agentslock diff HEAD~1 -- units\n  \
    agentslock diff main..topic\n  agentslock diff old.lock .agentsrc.lock\n\n\
    Exit status: 0 no difference; 1 differences; 2 trouble, nothing was compared. With --textconv, 0 or 2.")]
pub(crate) struct Diff {
    /// The document before: a file, a revision, or two as A..B [default: HEAD]
    #[arg(value_name = "A", value_hint = clap::ValueHint::FilePath)]
    before: Option<PathBuf>,
    /// The document after: a file or a revision [default: the document]
    #[arg(value_name = "B", conflicts_with_all = ["textconv", "document"],
        value_hint = clap::ValueHint::FilePath)]
    after: Option<PathBuf>,
    /// Only these sections, entries and values
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
    /// Print A with one line per entry, for `git diff`; print A unchanged if it is not a document
    #[arg(long, conflicts_with_all = ["document"])]
    textconv: bool,
}

pub(crate) fn diff(arguments: &Diff, common: &Common) -> Result<ExitCode, Failure> {
    if arguments.textconv {
        // Git's configuration has `--textconv -- FILE`, so that no name is taken for a flag.
        return match (&arguments.before, &*arguments.paths) {
            (Some(before), []) => textconv(before),
            (None, [before]) => textconv(Path::new(before)),
            _ => Err(Failure::input("--textconv takes one document; nothing was printed")),
        };
    }
    let parse = |path: &OsString| ValuePath::parse(&path.to_string_lossy());
    let paths: Vec<ValuePath> = arguments.paths.iter().map(parse).collect::<Result<_, _>>()?;
    let (before, after) = sides(arguments, common)?;
    let differences = agentslock_core::merge::diff(&before.lockfile, &after.lockfile);
    let differences: Vec<_> =
        differences.into_iter().filter(|it| is_asked_for(it, &paths)).collect();
    let code = if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO) };
    if common.json {
        let mut fields = envelope(Path::new(&after.name), differences.is_empty());
        push(&mut fields, "before", &before.name);
        push(&mut fields, "differences", &as_json(&differences));
        print_envelope(&fields)?;
    } else if !common.quiet {
        let detail = if common.verbose { Detail::Whole } else { Detail::Short };
        say_what_is_twice(&before);
        say_what_is_twice(&after);
        print(&as_text(&differences, detail, Paint::on_stdout(common.color())))?;
    }
    Ok(code)
}

fn sides(arguments: &Diff, common: &Common) -> Result<(Side, Side), Failure> {
    let before = arguments.before.clone().unwrap_or_else(|| PathBuf::from("HEAD"));
    let both = before.to_str().and_then(|name| name.split_once("..")).filter(|_| !before.exists());
    let (old, new) = match (both, &arguments.after) {
        (Some((old, new)), None) => (or_head(old), Some(or_head(new))),
        (_, after) => (before, after.clone()),
    };
    // A "no" would say that they differ.
    let document = || find::to_read(common).map_err(Failure::into_trouble);
    match new {
        Some(new) => {
            // Two files need no document.
            let document = document().unwrap_or_else(|_| PathBuf::from(".agentsrc.lock"));
            Ok((revision::read(&old, &document)?, revision::read(&new, &document)?))
        }
        None => {
            let document = document()?;
            let after = open(&document)?;
            if after.was_missing() {
                let message = format!("`{}` does not exist", document.display());
                let failure = InGit::of(&document).map_or_else(
                    || Failure::trouble("absent", message),
                    |in_git| in_git.into_failure(&document).into_trouble(),
                );
                return Err(failure.undone("compared").about(document));
            }
            let name = after.path().display().to_string();
            let typed = document.display().to_string();
            Ok((revision::read(&old, &document)?, Side { typed, name, lockfile: after }))
        }
    }
}

fn or_head(revision: &str) -> PathBuf {
    if revision.is_empty() { "HEAD".into() } else { revision.into() }
}

/// Whether a difference is at, above or below one of the paths: then that says, by what it has
/// there, whether the value itself differs.
fn is_asked_for(difference: &Difference, paths: &[ValuePath]) -> bool {
    paths.is_empty()
        || paths.iter().any(|path| {
            if path.section() != difference.section {
                return false;
            }
            let rest = match (&difference.entry, path.steps().split_first()) {
                (Some(entry), Some((first, rest))) if entry == first => rest,
                (Some(_), Some(_)) => return false,
                (None, _) => path.steps(),
                (Some(_), None) => return true,
            };
            let value = |json: &Option<String>| {
                json.as_deref().and_then(|json| value::find(json, rest).ok()).map(str::to_owned)
            };
            value(&difference.before) != value(&difference.after)
        })
}

/// Why something is shown as a whole, of which a person expects an entry or a field.
fn say_what_is_twice(side: &Side) {
    if let Some(DuplicateKey { line, column, path: key, .. }) =
        duplicate_keys(&side.lockfile.text()).next()
    {
        let (path, key) = (&side.typed, key.join("."));
        say(&format!(
            "`{path}`, line {line}, column {column}: {key} is there a second time; what it stands in is \
             compared as a whole"
        ));
    }
}

/// Prints a line for each entry. A file that is no document is printed unchanged, such as one with
/// conflict markers when git shows a conflict.
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
pub(super) fn as_text(differences: &[Difference], detail: Detail, paint: Paint) -> String {
    let lines = differences.iter().flat_map(|difference| describe::describe(difference, detail));
    lines
        .map(|line| {
            let text = one_line(&format!("{} {}", line.kind.as_str(), line.text));
            paint.change(line.kind, &text) + "\n"
        })
        .collect()
}

/// An object for each difference, with what was and what is.
pub(super) fn as_json(differences: &[Difference]) -> Vec<Fields> {
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
