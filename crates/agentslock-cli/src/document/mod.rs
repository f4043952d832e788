//! The document: which one is meant, what stands where in it, and what changed in it, in words.

mod border;
pub(crate) mod broken;
pub(crate) mod commit;
pub(crate) mod describe;
pub(crate) mod find;
pub(crate) mod hint;
pub(crate) mod in_git;
pub(crate) mod missing;
pub(crate) mod path;
pub(crate) mod positions;
pub(crate) mod update;
pub(crate) mod value;
