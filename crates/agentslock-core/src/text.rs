//! Working on a document, or on any JSON, as text: for checks, editors and command lines.
//!
//! No function here reads or writes a file.

pub use crate::document::canonical::{canonical_difference, canonical_text};
pub use crate::json::duplicates::{DuplicateKey, DuplicateKeys, duplicate_keys};
pub use crate::json::encode::compact;
pub use crate::json::syntax::{SyntaxError, SyntaxProblem, place_after};
