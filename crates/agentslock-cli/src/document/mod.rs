//! The document: which one is meant, where its values stand, and what changed in it, in words.

pub(crate) mod describe;
pub(crate) mod find;
pub(crate) mod positions;
