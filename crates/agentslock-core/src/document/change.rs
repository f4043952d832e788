//! A change to a document: what is to become of one top-level key.

use super::Document;

/// What is to become of one top-level key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This value, canonically encoded. Not an `Arc<str>`: making that would copy it once more.
    Set(std::sync::Arc<String>),
    Remove,
}

impl Change {
    /// Whether the document is as this change wants its key.
    pub(crate) fn is_made_in(&self, name: &str, document: &Document) -> bool {
        match self {
            Self::Set(value) => document.value(name) == Some(value.as_str()),
            Self::Remove => document.value(name).is_none(),
        }
    }
}
