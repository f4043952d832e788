//! JSON as text: what keeps each byte that it has no reason to change. Knows no document.

pub(crate) mod duplicates;
pub(crate) mod encode;
pub(crate) mod field_error;
pub(crate) mod fields;
pub(crate) mod locate;
pub(crate) mod meaning;
pub(crate) mod syntax;
pub(crate) mod tokens;
