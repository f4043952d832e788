//! What a change must pass, and what a release must: all tasks, one after the other.

mod ci;
mod circles;
mod long;
mod mutation;
mod prose;
mod results;
mod tasks;

pub(crate) use ci::Ci;
pub(crate) use circles::Circles;
pub(crate) use long::Verify;
pub(crate) use mutation::Mutation;
pub(crate) use prose::Prose;
