//! Errors of staging.

use crate::json::syntax::SyntaxError;

/// Why a change was not staged. What was staged before still is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The name is a reserved top-level key, not a section.
    #[error("{name:?} is not a section: {instead}")]
    Reserved {
        /// The name.
        name: String,
        /// What to use instead.
        instead: &'static str,
    },
    /// The value cannot be expressed in JSON.
    #[error("the value for section {section:?} cannot be written as JSON")]
    Serialize {
        /// The section.
        section: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The text is not one JSON value.
    #[error("the value for section {section:?} is not JSON: {error}")]
    NotJson {
        /// The section.
        section: String,
        /// What is wrong, and where.
        error: SyntaxError,
    },
    /// The value is nested too deeply to be written indented.
    #[error(
        "the value for section {section:?} is nested too deeply to be indented: {limit} levels at most, \
         and fewer if it is large"
    )]
    TooDeep {
        /// The section.
        section: String,
        /// The limit, in levels.
        limit: usize,
    },
}
