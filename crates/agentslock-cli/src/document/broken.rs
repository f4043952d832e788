//! A file that is no document, in words. The two common causes, conflict markers and a file that is
//! cut off, have names of their own.

use std::path::Path;

use agentslock_core::text::{SyntaxError, SyntaxProblem};

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
        SyntaxProblem::Syntax(what) if what.starts_with("EOF") && !bytes.is_empty() => {
            let message = format!(
                "`{name}`, line {line}, column {column}: the document is cut off: it ends in the midst of \
                 a value; {restore}"
            );
            ("cut-off", message)
        }
        SyntaxProblem::Syntax(_) | SyntaxProblem::BrokenKey => {
            let message =
                format!("`{name}`, {wrong}: the document is not valid JSON; mend it, or {restore}");
            ("malformed", message)
        }
        SyntaxProblem::ByteOrderMark => {
            let message = format!("`{name}`, {wrong}; `agentslock check --fix` removes it");
            ("malformed", message)
        }
        _ => ("malformed", format!("`{name}`, {wrong}; {restore}")),
    }
}

/// The line of the first conflict marker, from 1.
fn first_marker(bytes: &[u8]) -> Option<usize> {
    let mut lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    lines.find(|(line, _)| line.starts_with(b"<<<<<<<")).map(|(_, number)| number)
}
