//! Two versions of a document: what differs between them, and merging them by section and entry.
//!
//! [`merge()`] merges. If both sides changed an entry, a [`Resolver`] decides; if it does not, the
//! result has conflict markers there. [`MarkedSides`] reads such a file after a person has edited
//! it. [`diff()`] compares. No function here reads or writes a file.

mod commas;
mod conflict;
mod error;
mod marked;
mod merged;
mod path;
mod three_way;

pub use crate::diff::{Difference, diff};
pub use conflict::{Conflict, Resolution, Resolver, Side};
pub use error::{MarkerError, MarkerProblem, MergeError};
pub use marked::MarkedSides;
pub use merged::{Markers, Merged};
pub use three_way::merge;
