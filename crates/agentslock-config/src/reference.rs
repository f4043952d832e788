//! References: what a unit is called.

use std::borrow::Borrow;
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
#[error("{text:?} is not a reference: column {column}: {reason}")]
#[non_exhaustive]
pub struct ParseReferenceError {
    /// The text.
    pub text: String,
    /// Where it departs from a reference, in bytes from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl Reference {
    pub(crate) fn as_found(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its source, path and version.
    ///
    /// # Errors
    ///
    /// [`ParseReferenceError`] for one that was read from a document and is not what [`FromStr`]
    /// accepts.
    pub fn parts(&self) -> Result<(&str, &str, &str), ParseReferenceError> {
        parts(&self.0)
    }
}

fn parts(text: &str) -> Result<(&str, &str, &str), ParseReferenceError> {
    let error = |at: usize, reason| {
        Err(ParseReferenceError { text: text.to_owned(), column: at + 1, reason })
    };
    if let Some(at) = text.find(|c: char| c.is_control() || c.is_whitespace()) {
        return error(at, "white space or a control character");
    }
    let Some((source, rest)) = text.split_once(':') else {
        return error(text.len(), "expected `source:path@version`, found no `:`");
    };
    // The version is what follows the last `@`: a path may contain one.
    let Some((path, version)) = rest.rsplit_once('@') else {
        return error(text.len(), "expected `source:path@version`, found no `@` after the `:`");
    };
    if source.is_empty() {
        return error(0, "the source is empty");
    }
    if path.is_empty() {
        return error(source.len() + 1, "the path is empty");
    }
    if version.is_empty() {
        return error(text.len(), "the version is empty");
    }
    Ok((source, path, version))
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        parts(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Text and reference compare alike, so that a map from references can be asked with a text.
impl Borrow<str> for Reference {
    fn borrow(&self) -> &str {
        &self.0
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
        for (good, expected) in [
            ("git:org/base@1", ("git", "org/base", "1")),
            ("npm:@scope/name@2.0.0", ("npm", "@scope/name", "2.0.0")),
            ("a:b:c@d", ("a", "b:c", "d")),
        ] {
            let reference: Reference = good.parse().unwrap();
            assert_eq!(reference.parts().unwrap(), expected);
            assert_eq!(reference.to_string(), good);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_the_text_and_the_place() {
        for (bad, column) in [
            ("", 1),
            ("git", 4),
            ("git:base", 9),
            ("base@1", 7),
            ("a@b:c", 6),
            (":base@1", 1),
            ("git:@1", 5),
            ("git:base@", 10),
            ("git:a b@1", 6),
            ("git:ü\u{7}@1", 7),
            ("git:a\u{a0}b@1", 6),
            ("git:a@1\n", 8),
        ] {
            let error = bad.parse::<Reference>().unwrap_err();
            assert_eq!((error.text.as_str(), error.column), (bad, column), "{error}");
            assert!(error.to_string().starts_with(&format!("{bad:?} is not")), "{error}");
            assert!(Reference::as_found(bad).parts().is_err());
        }
    }
}
