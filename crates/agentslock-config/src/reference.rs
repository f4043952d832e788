//! References: what a unit is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A reference, `source:path@version`.
///
/// What a caller makes is checked; what is read from a document is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(String);

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a reference: {reason}")]
pub struct ParseReferenceError {
    text: String,
    reason: &'static str,
}

impl Reference {
    pub(crate) fn as_found(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        let error = |reason| Err(ParseReferenceError { text: text.to_owned(), reason });
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return error("it contains white space or control characters");
        }
        // The version is what follows the last `@`: a path may contain one.
        let Some((source, rest)) = text.split_once(':') else {
            return error("expected `source:path@version`, found no `:`");
        };
        let Some((path, version)) = rest.rsplit_once('@') else {
            return error("expected `source:path@version`, found no `@`");
        };
        if source.is_empty() || path.is_empty() || version.is_empty() {
            return error("expected `source:path@version` with no part empty");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_three_parts() {
        for good in ["git:org/base@1", "npm:@scope/name@2.0.0", "a:b:c@d"] {
            assert_eq!(good.parse::<Reference>().unwrap().as_str(), good);
        }
        for bad in ["", "git", "git:base", "base@1", ":base@1", "git:@1", "git:base@", "git:a b@1"]
        {
            let error = bad.parse::<Reference>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{bad:?} is not")), "{error}");
        }
    }
}
