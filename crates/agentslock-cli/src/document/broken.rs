//! A file that is no document, in words. The two common causes, conflict markers and a file that is
//! cut off, have names of their own.

use std::path::Path;

use agentslock_core::LOCK_VERSION;
use agentslock_core::text::{SyntaxError, SyntaxProblem, canonical_difference};

use super::positions::Positions;

/// A word for programs, and a sentence that ends with what to do.
pub(crate) fn explain(path: &Path, wrong: &SyntaxError) -> (&'static str, String) {
    let name = path.display();
    let (line, column) = (wrong.line, wrong.column);
    // What cannot be read by now is told of as it was found.
    let bytes = fsops::read(path).ok().and_then(|contents| contents.bytes).unwrap_or_default();
    if let Some(marker) = first_marker(&bytes) {
        let message = format!(
            "`{name}`, line {marker}, column 1: the document has unresolved merge conflicts; run \
             `agentslock check` to see them"
        );
        return ("conflict-markers", message);
    }
    let restore = format!("restore it, with git: `git checkout -- {name}`");
    match &wrong.problem {
        problem if is_cut_off(&bytes, problem) => {
            let message = format!("`{name}`, line {line}, column {column}: {CUT_OFF}; {restore}");
            ("cut-off", message)
        }
        SyntaxProblem::Syntax(_) | SyntaxProblem::BrokenKey => {
            let message =
                format!("`{name}`, {wrong}: the document is not valid JSON; mend it, or {restore}");
            ("malformed", message)
        }
        SyntaxProblem::ByteOrderMark => {
            let next = if is_readable_behind_mark(&bytes) {
                "`agentslock check --fix` removes it".to_owned()
            } else {
                format!("for what else is wrong, `agentslock check`; or {restore}")
            };
            ("malformed", format!("`{name}`, {wrong}; {next}"))
        }
        _ => ("malformed", format!("`{name}`, {wrong}; {restore}")),
    }
}

/// A byte order mark, in UTF-8. Editors on Windows begin files with one.
pub(crate) const MARK: &[u8] = b"\xef\xbb\xbf";

/// What comes behind a byte order mark, if there is one.
pub(crate) fn without_mark(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(MARK)
}

/// Whether a document without the mark is one of ours: then `check --fix` removes the mark.
fn is_readable_behind_mark(bytes: &[u8]) -> bool {
    let Some(rest) = without_mark(bytes) else { return false };
    let is_ours = |places: Positions<'_>| match places.top_level("lock_version") {
        Some((version, _)) => version.parse::<u64>().is_ok_and(|version| version <= LOCK_VERSION),
        None => true,
    };
    match canonical_difference(rest) {
        Ok(_) => Positions::of(rest).is_some_and(is_ours),
        Err(error) => matches!(error.problem, SyntaxProblem::TooDeep { .. }),
    }
}

/// What a cut-off document is called, in all verbs.
pub(crate) const CUT_OFF: &str = "the document is cut off: it ends in the midst of a value";

pub(crate) fn is_cut_off(bytes: &[u8], problem: &SyntaxProblem) -> bool {
    !bytes.is_empty() && matches!(problem, SyntaxProblem::Syntax(what) if what.starts_with("EOF"))
}

/// The line of the first conflict marker, from 1.
fn first_marker(bytes: &[u8]) -> Option<usize> {
    let mut lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    lines.find(|(line, _)| line.starts_with(b"<<<<<<<")).map(|(_, number)| number)
}
