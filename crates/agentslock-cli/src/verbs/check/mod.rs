//! `check`: whether the document is as it should be, and repairing what is safe to repair.

mod declared;
mod finding;
mod fix;
mod text;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_config::{Digest, Kind, ParseKindError};
use agentslock_core::merge::Resolution;
use agentslock_core::text::place_after;
use clap::{Args, ValueEnum};

use super::{digest, schema};
use crate::document::find;
use crate::document::missing;
use crate::document::path::ValuePath;
use crate::flags::Common;
use crate::io::failure::{Failure, NO, TROUBLE};
use crate::io::paint::Paint;
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print, print_envelope, push};
#[cfg(test)]
pub(crate) use finding::CODES;
use finding::Finding;
use text::{Choice, Examined};

/// Check the document, for CI and hooks: a line for each thing that is not as it should be.
///
/// It must be a JSON object without conflict markers, of a version that is known, and laid out as
/// all writers do. With --schema, the sections that are known must be as their schema says. With
/// --declared, --inputs and --inputs-digest, what is locked must be what is declared now.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock check\n  \
    agentslock check --fix --take theirs --entry units.git:acme/base@1.4.0\n  \
    jq -r '.layers | keys[]' .agentsrc.json | agentslock check --declared - --kind layer\n  \
    agentslock check --inputs --schema\n  \
    agentslock check --fix\n\n\
    Exit status: 0 all is as it should be; 1 something is not; 2 it could not be told; 75 for --fix, the \
    lock was not to be had in time.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Check {
    /// Compare the units with the references in LIST, one a line; `-` for standard input
    #[arg(long, value_name = "LIST")]
    declared: Option<PathBuf>,
    /// LIST declares units of this kind only (repeatable); `other:NAME` for a kind that is not
    /// known here [default: layer and artifact]
    #[arg(long = "kind", value_name = "KIND", requires = "declared", value_parser = kind)]
    kinds: Vec<Kind>,
    /// What the document should have been resolved from
    #[arg(long, value_name = "DIGEST")]
    inputs_digest: Option<Digest>,
    /// The document should have been resolved from the inputs beside it, as `digest` finds them
    #[arg(long, conflicts_with = "inputs_digest")]
    inputs: bool,
    /// Compare the sections that are known with their JSON Schema, as `schema` prints it
    #[arg(long)]
    schema: bool,
    /// Repair what is safe to repair, under the lock: the layout, commas, and conflicts that are
    /// none or of which one side was chosen
    #[arg(long)]
    fix: bool,
    /// With --fix, settle conflicts by taking this side: all of them, or that of --entry
    #[arg(long, value_name = "SIDE", requires = "fix")]
    take: Option<Take>,
    /// With --take, only the conflict of this section or entry
    #[arg(long, value_name = "PATH", requires = "take")]
    entry: Option<String>,
    /// How to print findings: as compilers do, or as annotations of GitHub Actions
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "text",
        conflicts_with = "json"
    )]
    format: Format,
    /// With --fix, write nothing, take no lock, and tell what would be left
    #[arg(short = 'n', long, requires = "fix")]
    dry_run: bool,
}

/// Which side of a conflict to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Take {
    Ours,
    Theirs,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Github,
}

/// A mistyped kind would compare nothing, and find nothing.
fn kind(text: &str) -> Result<Kind, ParseKindError> {
    text.strip_prefix("other:").map_or_else(|| text.parse(), |name| Ok(Kind::other(name)))
}

pub(crate) fn check(arguments: &Check, common: &Common) -> Result<ExitCode, Failure> {
    // What is wrong with the arguments is found first.
    let inputs_digest = if arguments.inputs {
        Some(digest::of_document(&find::to_read(common)?)?.1)
    } else {
        arguments.inputs_digest.clone()
    };
    let asked = declared::Asked::of(
        arguments.declared.as_deref(),
        &arguments.kinds,
        inputs_digest,
        common,
    )?;
    let path = find::to_read(common)?;
    check_at(arguments, common, &path, asked.as_ref()).map_err(|failure| failure.about(&path))
}

fn check_at(
    arguments: &Check,
    common: &Common,
    path: &Path,
    asked: Option<&declared::Asked>,
) -> Result<ExitCode, Failure> {
    let mut bytes = read(path)?;
    if arguments.fix || asked.is_some() {
        refuse_pipe(path)?;
    }
    let choice = choice(arguments)?;
    let mut examined = text::examine(&bytes, choice.as_ref(), arguments.fix);
    if let Some(entry) = &arguments.entry
        && !examined.findings.iter().any(|finding| finding.code == "conflict" && finding.fixable)
    {
        let path = path.display();
        let message = format!(
            "`{path}` has no conflict at `{entry}`; nothing was written; see `agentslock check`"
        );
        return Err(Failure::new(NO, "absent", message));
    }
    let mut fixed = Vec::new();
    if arguments.fix && examined.repaired.is_some() {
        if arguments.dry_run {
            (fixed, examined.findings) = examined.findings.into_iter().partition(|it| it.fixable);
        } else {
            fixed = fix::write(common, path, choice.as_ref())?;
            bytes = read(path)?;
            examined = text::examine(&bytes, None, false);
        }
    }
    let Examined { mut findings, readable, .. } = examined;
    if readable && arguments.schema {
        findings.extend(schema_findings(&bytes));
    }
    if readable && let Some(asked) = asked {
        findings.extend(asked.examine(path));
    }
    tell(arguments, common, path, &findings, &fixed)?;
    Ok(match &*findings {
        [] => ExitCode::SUCCESS,
        findings if findings.iter().any(|finding| finding.unsure) => ExitCode::from(TROUBLE),
        _ => ExitCode::from(NO),
    })
}

fn schema_findings(bytes: &[u8]) -> Vec<Finding> {
    let violations = std::str::from_utf8(bytes).map(schema::violations).unwrap_or_default();
    let finding = |(at, what)| Finding::new("schema", place_after(&bytes[..at]), what);
    violations.into_iter().map(finding).collect()
}

/// What is wrong with a text: a code, line and column, a message, and whether `--fix` repairs it.
pub(super) fn examine(bytes: &[u8]) -> Vec<(&'static str, (usize, usize), String, bool)> {
    let findings = text::examine(bytes, None, false).findings;
    findings.into_iter().map(|it| (it.code, it.place, it.message, it.fixable)).collect()
}

/// What is chosen of conflicts.
fn choice(arguments: &Check) -> Result<Option<Choice>, Failure> {
    let Some(take) = arguments.take else { return Ok(None) };
    let side = match take {
        Take::Ours => Resolution::Ours,
        Take::Theirs => Resolution::Theirs,
    };
    let at = arguments.entry.as_deref().map(ValuePath::parse).transpose()?;
    Ok(Some(Choice { side, at }))
}

/// What could be read is a file or an open pipe, and that is read once, and not written.
fn refuse_pipe(path: &Path) -> Result<(), Failure> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let path = path.display();
        let message = format!(
            "`{path}` is a pipe; --fix, --declared, --inputs and --inputs-digest take a file"
        );
        return Err(Failure::input(message));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fsops::read(path)?.bytes.ok_or_else(|| missing::no_document(path))
}

fn tell(
    arguments: &Check,
    common: &Common,
    path: &Path,
    findings: &[Finding],
    fixed: &[Finding],
) -> Result<(), Failure> {
    if common.json {
        let mut fields = envelope(path, findings.is_empty());
        let as_json =
            |findings: &[Finding]| findings.iter().map(Finding::as_json).collect::<Vec<_>>();
        push(&mut fields, "findings", &as_json(findings));
        if arguments.fix {
            push(
                &mut fields,
                if arguments.dry_run { "would_fix" } else { "fixed" },
                &as_json(fixed),
            );
        }
        return print_envelope(&fields).map(|_| ());
    }
    if common.quiet {
        return Ok(());
    }
    let paint = Paint::on_stdout(common.color());
    let mut text = String::new();
    for finding in fixed {
        let done = if arguments.dry_run { "would be fixed" } else { "fixed" };
        text += &finding.line(path, done, paint);
    }
    for finding in findings {
        let hint = if finding.fixable { "check --fix repairs it" } else { "" };
        text += &match arguments.format {
            Format::Text => finding.line(path, hint, paint),
            Format::Github => finding.annotation(path, hint),
        };
    }
    if common.verbose && findings.is_empty() {
        say(&format!("`{}`: all is as it should be", path.display()));
    }
    print(&text).map(|_| ())
}
