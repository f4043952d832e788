//! What is not as it should be, and where.

use std::path::Path;

use agentslock_core::Fields;

use crate::io::paint::Paint;
use crate::io::stderr::one_line;
use crate::io::stdout::push;

/// The words for programs. The manual lists them.
pub(crate) const CODES: [&str; 13] = [
    "malformed",
    "cut-off",
    "conflict",
    "conflict-markers",
    "version",
    "later-version",
    "duplicate-key",
    "not-canonical",
    "schema",
    "inputs-digest-mismatch",
    "missing-from-lock",
    "extra-in-lock",
    "unreadable",
];

/// One thing that is not as it should be.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// A word for programs.
    pub(super) code: &'static str,
    /// Line and column, from 1, the column in bytes.
    pub(super) place: (usize, usize),
    /// What is wrong, for people.
    pub(super) message: String,
    /// Whether `--fix` repairs it.
    pub(super) fixable: bool,
    /// Whether it means that something could not be told.
    pub(super) unsure: bool,
}

impl Finding {
    pub(super) fn new(
        code: &'static str,
        place: (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        debug_assert!(CODES.contains(&code), "{code} is in no list");
        Self { code, place, message: message.into(), fixable: false, unsure: false }
    }

    pub(super) fn fixable(self) -> Self {
        Self { fixable: true, ..self }
    }

    pub(super) fn unsure(self) -> Self {
        Self { unsure: true, ..self }
    }

    /// As compilers print it, so that editors find the place.
    pub(super) fn line(&self, path: &Path, remark: &str, paint: Paint) -> String {
        let (line, column) = self.place;
        let place = one_line(&format!("{}:{line}:{column}:", path.display()));
        let remark = if remark.is_empty() { String::new() } else { format!(" ({remark})") };
        let message = one_line(&self.message);
        format!("{} {}: {message}{remark}\n", paint.bold(&place), paint.problem(self.code))
    }

    /// As GitHub Actions reads it from the output of a step (workflow commands).
    pub(super) fn annotation(&self, path: &Path, remark: &str) -> String {
        let (line, column) = self.place;
        let message = if remark.is_empty() {
            self.message.clone()
        } else {
            format!("{} ({remark})", self.message)
        };
        let value = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
        format!(
            "::error file={},line={line},col={column},title={}::{}\n",
            value(&path.display().to_string()),
            value(self.code),
            escaped(&message)
        )
    }

    pub(super) fn as_json(&self) -> Fields {
        let mut fields = Fields::new();
        push(&mut fields, "code", self.code);
        push(&mut fields, "line", &self.place.0);
        push(&mut fields, "column", &self.place.1);
        push(&mut fields, "message", &self.message);
        push(&mut fields, "fixable", &self.fixable);
        push(&mut fields, "unsure", &self.unsure);
        fields
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
