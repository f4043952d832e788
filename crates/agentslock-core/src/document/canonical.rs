//! The canonical form of a whole document.

use super::Document;
use super::render::{OPEN, Object};
use crate::json::encode::{MAX_DEPTH, canonical, canonical_key};
use crate::json::syntax::Flaw;

/// Why a text has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// It is not a lock document.
    #[error(transparent)]
    Malformed(#[from] Flaw),
    /// A value is nested too deeply to be written indented.
    #[error(
        "{key:?} is nested too deeply to be indented: {limit} levels at most, and fewer if it is large"
    )]
    TooDeep {
        /// The top-level key.
        key: String,
        /// The limit, in levels.
        limit: usize,
    },
}

/// The document in `text` as all writers would leave it who had written every part of it: the frame
/// and each key and value in the canonical encoding. The order of keys inside a section, escapes, the
/// spelling of numbers and a missing `lock_version` stay.
///
/// A flush never does this to what others wrote. It is for checking a document, and for tidying one up
/// that a person or another program has laid out otherwise.
///
/// # Errors
///
/// [`CanonicalError`].
pub fn canonical_text(text: impl Into<Vec<u8>>) -> Result<String, CanonicalError> {
    let document = Document::parse(text.into())?;
    let mut out = String::with_capacity(document.text().len());
    let object = Object::document(document.entries().len());
    out.push_str(OPEN);
    for (index, entry) in document.entries().iter().enumerate() {
        let value = canonical(document.value_of(entry)).map_err(|_| CanonicalError::TooDeep {
            key: entry.name.to_string(),
            limit: MAX_DEPTH,
        })?;
        out.extend(object.entry(index, &canonical_key(&entry.name), &value));
    }
    out.extend(object.end());
    Ok(out)
}
