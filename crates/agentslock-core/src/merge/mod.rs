//! Merging two versions of a document that began as one, and the markers where that takes a person.

mod commas;
mod conflict;
mod error;
mod marked;
mod merged;
mod path;
mod three_way;

pub use conflict::{Conflict, Resolution, Resolver, Side};
pub use error::{MarkedError, MarkedProblem, MergeError};
pub use marked::MarkedSides;
pub use merged::{Markers, Merged};
pub use three_way::merge;
