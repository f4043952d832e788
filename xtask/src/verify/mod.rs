//! What a change must pass, and what a release must: all tasks, one after the other.

mod ci;
mod circles;
mod history;
mod long;
mod mutation;
mod prose;
mod results;
mod tasks;
#[cfg(test)]
mod workflows;

pub(crate) use ci::Ci;
pub(crate) use circles::Circles;
pub(crate) use long::Verify;
pub(crate) use mutation::Mutation;
pub(crate) use prose::Prose;
pub(crate) use results::{commit, machine, today};
