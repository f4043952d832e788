//! A change to a document: what is to become of one top-level key.

/// What is to become of one top-level key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// This value, canonically encoded. Not an `Arc<str>`: making that would copy it once more.
    Set(std::sync::Arc<String>),
    Remove,
}
