//! The canonical form of a whole document.

use super::Document;
use super::render::{OPEN, ObjectLayout};
use crate::json::encode::{MAX_DEPTH, canonical, canonical_key};
use crate::json::syntax::SyntaxError;

/// Why a text has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// It is not a lock document.
    #[error(transparent)]
    Malformed(#[from] SyntaxError),
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

/// The document in `text` in canonical form: the frame, each key and each value as a flush would
/// write it. The order of keys inside a section, escapes, the spelling of numbers and a missing
/// `lock_version` stay.
///
/// A flush never does this to what others wrote. It is for checking a document, and for formatting
/// one that a person or another program has laid out differently.
///
/// # Errors
///
/// [`CanonicalError`].
pub fn canonical_text(text: impl Into<Vec<u8>>) -> Result<String, CanonicalError> {
    let document = Document::parse(text.into())?;
    let mut out = String::with_capacity(document.text().len());
    let object = ObjectLayout::document(document.entries().len());
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
