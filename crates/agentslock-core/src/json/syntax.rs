//! What is wrong with a text that should be a document or another JSON text, and where.

use std::fmt;

use crate::document::reserved::LOCK_VERSION;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: SyntaxProblem,
}

/// What is wrong with a document, or, if it says so, with any JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxProblem {
    /// There is nothing in it.
    Empty,
    /// It begins with a byte order mark, which JSON does not allow (RFC 8259, section 8.1).
    ByteOrderMark,
    /// It is not UTF-8. Of any text.
    NotUtf8,
    /// It is JSON, but not an object.
    NotAnObject(&'static str),
    /// A top-level key occurs twice.
    DuplicateKey(String),
    /// A top-level key contains half of a surrogate pair and so names nothing.
    BrokenKey,
    /// It is of a later format, which is not merged. A version that is larger than `u64::MAX`
    /// counts as that.
    LaterVersion(u64),
    /// Git left both sides of a merge in it, between conflict markers.
    ConflictMarkers,
    /// The value of a top-level key is nested too deeply to be written indented. The document can
    /// be read, but has no canonical form.
    TooDeep {
        /// The key.
        key: String,
        /// The limit, in levels.
        limit: usize,
    },
    /// It is not JSON. Of any text.
    Syntax(String),
}

impl fmt::Display for SyntaxProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the document is empty; expected a JSON object"),
            Self::ByteOrderMark => f.write_str("the document begins with a byte order mark"),
            Self::NotUtf8 => f.write_str("not UTF-8"),
            Self::NotAnObject(found) => write!(f, "expected a JSON object, found {found}"),
            Self::DuplicateKey(key) => write!(f, "the top-level key {key:?} occurs a second time"),
            Self::BrokenKey => f.write_str("a top-level key contains half of a surrogate pair"),
            Self::LaterVersion(found) => write!(
                f,
                "format version {found}; this program writes version {LOCK_VERSION} only: update it"
            ),
            Self::ConflictMarkers => f.write_str(
                "git's conflict markers; choose a side, or let `agentslock check --fix` merge by entry",
            ),
            Self::TooDeep { key, limit } => write!(
                f,
                "{key:?} is nested too deeply to be indented: {limit} levels at most, \
                 and fewer if it is large"
            ),
            Self::Syntax(problem) => f.write_str(problem),
        }
    }
}

impl SyntaxError {
    /// Right after `before`, the part of the text that comes before it.
    pub(crate) fn after(before: &[u8], problem: SyntaxProblem) -> Self {
        let (line, column) = place_after(before);
        Self { line, column, problem }
    }

    /// What is wrong with a document that is not JSON: conflict markers, if there are any.
    pub(crate) fn of_document(text: &str, error: &serde_json::Error) -> Self {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if line.starts_with("<<<<<<< ") {
                return Self::after(&text.as_bytes()[..start], SyntaxProblem::ConflictMarkers);
            }
            start += line.len();
        }
        Self::syntax(error)
    }

    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let problem = SyntaxProblem::Syntax(text.strip_suffix(&place).unwrap_or(&text).to_owned());
        // The parser counts the bytes of the line that it has read, so that at the start of a line
        // it says 0.
        Self { line: error.line().max(1), column: error.column().max(1), problem }
    }
}

/// The line and the column, both from 1 and the column in bytes, of what comes after `before`, the
/// beginning of a text.
pub fn place_after(before: &[u8]) -> (usize, usize) {
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, before.len() - line_start + 1)
}
