//! What goes in and out: results, errors, progress, input.

pub(crate) mod failure;
pub(crate) mod fields;
pub(crate) mod git_said;
pub(crate) mod input;
pub(crate) mod next;
pub(crate) mod paint;
pub(crate) mod stderr;
pub(crate) mod stdout;
