//! The canonical form of a whole document.

use super::Document;
use super::render::{OPEN, ObjectLayout};
use crate::json::encode::{MAX_DEPTH, Sink, canonical_key, canonical_to};
use crate::json::syntax::{SyntaxError, SyntaxProblem};

/// The document in `text` in canonical form: the frame, each key and each value as a flush would
/// write it. The order of keys inside a section, escapes, the spelling of numbers and a missing
/// `lock_version` stay.
///
/// A flush never does this to what others wrote. It is for checking a document, and for formatting
/// one that a person or another program has laid out differently.
///
/// # Errors
///
/// [`SyntaxError`], if the text is not a lock document. [`SyntaxProblem::TooDeep`], if it is one
/// that cannot be indented.
pub fn canonical_text(text: impl Into<Vec<u8>>) -> Result<String, SyntaxError> {
    let document = Document::parse(text.into())?;
    let mut out = String::with_capacity(document.text().len());
    write_canonical(&mut out, &document)?;
    Ok(out)
}

/// Where `text` begins to differ from its [canonical form](canonical_text), in bytes from the start
/// of the text; `None` if it is in canonical form.
///
/// The canonical form of a deep value can be thousands of times as long as its text. This takes
/// time and memory in proportion to the text.
///
/// # Errors
///
/// As [`canonical_text`].
pub fn canonical_difference(text: impl Into<Vec<u8>>) -> Result<Option<usize>, SyntaxError> {
    let document = Document::parse(text.into())?;
    let text = document.text().as_bytes();
    let mut comparison = Comparison { text, length: 0, differs_at: None };
    write_canonical(&mut comparison, &document)?;
    let is_longer = comparison.length < text.len();
    Ok(comparison.differs_at.or_else(|| is_longer.then_some(comparison.length)))
}

fn write_canonical(out: &mut impl Sink, document: &Document) -> Result<(), SyntaxError> {
    let object = ObjectLayout::document(document.entries().len());
    out.push_str(OPEN);
    for (index, entry) in document.entries().iter().enumerate() {
        let key = canonical_key(&entry.name);
        let [before @ .., _, comma] = object.entry(index, &key, "");
        for piece in before {
            out.push_str(piece);
        }
        canonical_to(out, document.value_of(entry)).map_err(|_| {
            let key = entry.name.to_string();
            let problem = SyntaxProblem::TooDeep { key, limit: MAX_DEPTH };
            SyntaxError::after(document.before_key_of(entry), problem)
        })?;
        out.push_str(comma);
    }
    for piece in object.end() {
        out.push_str(piece);
    }
    Ok(())
}

/// Compares with a text what comes in. After the first difference it only counts.
struct Comparison<'a> {
    text: &'a [u8],
    length: usize,
    differs_at: Option<usize>,
}

impl Comparison<'_> {
    fn add(&mut self, length: usize, byte: impl Fn(usize) -> u8) {
        if self.differs_at.is_none() {
            let rest = &self.text[self.length..];
            let same = (0..length).take_while(|&at| rest.get(at) == Some(&byte(at))).count();
            self.differs_at = (same < length).then_some(self.length + same);
        }
        self.length += length;
    }
}

impl Sink for Comparison<'_> {
    fn push_str(&mut self, text: &str) {
        self.add(text.len(), |at| text.as_bytes()[at]);
    }

    fn push_blanks(&mut self, count: usize) {
        self.add(count, |_| b' ');
    }

    fn len(&self) -> usize {
        self.length
    }
}
