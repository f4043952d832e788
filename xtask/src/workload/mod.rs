//! What the tasks have in common: places to work in, a document and a log to write, and what is
//! checked of them.

pub(crate) mod document;
pub(crate) mod door;
pub(crate) mod files;
pub(crate) mod mounts;
pub(crate) mod places;
pub(crate) mod random;
pub(crate) mod startup;
