//! The errors of merging and of reading what a merge left.

use std::fmt;

use super::conflict::Side;
use crate::json::syntax::{SyntaxError, SyntaxProblem};

/// Which of the three documents is none, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{side}, {error}")]
#[non_exhaustive]
pub struct MergeError {
    /// Which one.
    pub side: Side,
    /// What is wrong with it, and where.
    pub error: SyntaxError,
}

/// Why a text with conflict markers was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct MarkerError {
    /// The line in the marked text, from 1.
    pub line: usize,
    /// The column, in bytes from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: MarkerProblem,
}

/// What is wrong with a text with conflict markers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MarkerProblem {
    /// A marker that does not follow from those before it: a conflict inside a conflict, or one of
    /// whose markers some were removed.
    OutOfPlace,
    /// The conflict that begins here never ends.
    Endless,
    /// This conflict shows what both sides began with, and an earlier one does not, or the other
    /// way round.
    SometimesBase,
    /// The conflict that begins here shows its base, and its three parts end in different sections
    /// or entries. So what follows means something else in each of the three.
    EndsElsewhere,
    /// With this side taken in each conflict, it is no document.
    Malformed(Side, SyntaxProblem),
}

impl fmt::Display for MarkerProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfPlace => {
                f.write_str("this conflict marker does not follow from those before it")
            }
            Self::Endless => f.write_str("the conflict that begins here has no end"),
            Self::SometimesBase => f.write_str(
                "of this conflict and the one before, only one shows what both sides began with",
            ),
            Self::EndsElsewhere => f.write_str(
                "the sides of this conflict end in different sections or entries; choose by hand",
            ),
            Self::Malformed(side, problem) => write!(f, "with {side} taken: {problem}"),
        }
    }
}
