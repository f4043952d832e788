//! `check`: whether the document is as it should be, and repairing what is safe to repair.

mod finding;
mod fix;
mod locked;
mod text;

use std::path::Path;
use std::process::ExitCode;

use crate::arguments::Check;
use crate::failure::{Failure, NO, TROUBLE};
use crate::find;
use crate::output::{envelope, print, print_envelope, push, say};
use crate::terminal::Paint;
use finding::Finding;
use text::Examined;

pub(crate) fn check(arguments: &Check) -> Result<ExitCode, Failure> {
    // What is wrong with the arguments is found first.
    let asked = locked::Asked::of(arguments)?;
    let path = find::to_read(&arguments.document)?;
    check_at(arguments, &path, asked.as_ref()).map_err(|failure| failure.about(&path))
}

fn check_at(
    arguments: &Check,
    path: &Path,
    asked: Option<&locked::Asked>,
) -> Result<ExitCode, Failure> {
    let bytes = read(path)?;
    if arguments.fix || asked.is_some() {
        refuse_pipe(path)?;
    }
    let mut examined = text::examine(&bytes);
    let mut fixed = Vec::new();
    if arguments.fix && examined.repaired.is_some() {
        if arguments.dry_run {
            (fixed, examined.findings) = examined.findings.into_iter().partition(|it| it.fixable);
        } else {
            fixed = fix::write(&arguments.wait, path)?;
            examined = text::examine(&read(path)?);
        }
    }
    let Examined { mut findings, readable, .. } = examined;
    if readable && let Some(asked) = asked {
        findings.extend(asked.examine(path));
    }
    tell(arguments, path, &findings, &fixed)?;
    Ok(match &*findings {
        [] => ExitCode::SUCCESS,
        findings if findings.iter().any(|finding| finding.unsure) => ExitCode::from(TROUBLE),
        _ => ExitCode::from(NO),
    })
}

/// What could be read is a file or an open pipe, and that is read once, and not written.
fn refuse_pipe(path: &Path) -> Result<(), Failure> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let path = path.display();
        let message =
            format!("`{path}` is a pipe; --fix, --declared and --inputs-digest take a file");
        return Err(Failure::input(message));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fsops::read(path)?
        .bytes
        .ok_or_else(|| Failure::new(NO, "absent", format!("`{}` does not exist", path.display())))
}

fn tell(
    arguments: &Check,
    path: &Path,
    findings: &[Finding],
    fixed: &[Finding],
) -> Result<(), Failure> {
    if arguments.json {
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
    if arguments.wait.talk.quiet {
        return Ok(());
    }
    let paint = Paint::on_stdout(arguments.color);
    let mut text = String::new();
    for finding in fixed {
        let done = if arguments.dry_run { "would be fixed" } else { "fixed" };
        text += &finding.line(path, done, paint);
    }
    for finding in findings {
        let hint = if finding.fixable { "check --fix repairs it" } else { "" };
        text += &finding.line(path, hint, paint);
    }
    if arguments.wait.talk.verbose && findings.is_empty() {
        say(&format!("`{}`: all is as it should be", path.display()));
    }
    print(&text).map(|_| ())
}
