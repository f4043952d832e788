//! Revisions: what a unit was resolved to.

use std::fmt;
use std::str::FromStr;

use agentslock_core::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::kind::Kind;

/// What a unit was resolved to, the field `digest` of its entry.
///
/// | it is | its form |
/// |---|---|
/// | a git commit | 40 hexadecimal digits |
/// | the SHA-256 of a file from http or from this machine | 64 hexadecimal digits |
/// | a digest from a registry, of an artifact, of a profile | `algorithm:` and digits, as in `sha256:…` |
///
/// Parsing accepts these forms; the digits of `sha256:`, `sha384:` and `sha512:` are counted. A
/// text of another form is [`opaque`](Self::opaque), and a caller must say so. What a document
/// holds is taken as it is. Two revisions are equal if their texts are.
#[derive(Clone, Debug)]
pub struct Revision {
    text: String,
    /// Whether a caller vouches for a text of no known form.
    opaque: bool,
}

/// Why a text is not a revision, or not one of a unit of that kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a revision: column {column}: {reason}")]
#[non_exhaustive]
pub struct ParseRevisionError {
    /// The text.
    pub text: String,
    /// Where it departs from a revision, in bytes from 1.
    pub column: usize,
    /// What was expected there.
    pub reason: &'static str,
}

/// The forms that a revision can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Commit,
    BareSha256,
    Digest,
}

impl Revision {
    /// A text that means something to the resolver alone. It must not be empty to be written.
    pub fn opaque(text: impl Into<String>) -> Self {
        Self { text: text.into(), opaque: true }
    }

    pub(crate) fn as_found(text: String) -> Self {
        Self { text, opaque: false }
    }

    /// As it stands in the document. Empty only in an entry from before `units`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The SHA-256 digest that it is, if it is one: `sha256:` and 64 digits.
    pub fn digest(&self) -> Option<Digest> {
        self.text.parse().ok()
    }

    /// Whether a unit of the kind `kind` can have been resolved to it. A layer and a prompt can
    /// have any of the forms, an artifact and a profile a digest with its algorithm. Kinds without
    /// a rule can have any form, and an opaque revision fits every kind.
    ///
    /// # Errors
    ///
    /// [`ParseRevisionError`].
    pub fn check(&self, kind: &Kind) -> Result<(), ParseRevisionError> {
        let text = &self.text;
        let error = |column, reason| Err(ParseRevisionError { text: text.clone(), column, reason });
        if self.opaque {
            return if text.is_empty() { error(1, "expected a text") } else { Ok(()) };
        }
        match (kind, form(text)?) {
            (Kind::Artifact | Kind::Profile, Form::Commit | Form::BareSha256) => {
                error(1, "expected `sha256:` or another algorithm before the digits")
            }
            _ => Ok(()),
        }
    }
}

fn form(text: &str) -> Result<Form, ParseRevisionError> {
    let error = |at: usize, reason| {
        Err(ParseRevisionError { text: text.to_owned(), column: at + 1, reason })
    };
    let hex = |from: usize| {
        let digits = text.bytes().skip(from);
        from + digits.take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count()
    };
    let Some((algorithm, encoded)) = text.split_once(':') else {
        let end = hex(0);
        return match (end == text.len(), end) {
            (true, 40) => Ok(Form::Commit),
            (true, 64) => Ok(Form::BareSha256),
            (true, _) => error(end, "expected 40 or 64 digits, or `algorithm:` and digits"),
            (false, _) => error(end, "expected a lower-case hexadecimal digit"),
        };
    };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return other_algorithm(text, algorithm, encoded),
    };
    let start = algorithm.len() + 1;
    let end = hex(start).min(start + length);
    match (end - start == length, end == text.len()) {
        (true, true) => Ok(Form::Digest),
        (true, false) => error(end, "expected the end"),
        _ => error(end, "expected more lower-case hexadecimal digits"),
    }
}

/// As the OCI image specification has digests of algorithms that are not registered.
fn other_algorithm(text: &str, algorithm: &str, encoded: &str) -> Result<Form, ParseRevisionError> {
    let error = |at: usize, reason| {
        Err(ParseRevisionError { text: text.to_owned(), column: at + 1, reason })
    };
    let separators = ['+', '.', '_', '-'];
    let component = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    if !algorithm.split(separators).all(component) {
        return error(0, "expected the name of an algorithm before the `:`");
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-');
    let start = algorithm.len() + 1;
    match encoded.bytes().position(|byte| !fits(byte)) {
        Some(at) => error(start + at, "expected a letter or a digit"),
        None if encoded.is_empty() => error(start, "expected digits after the `:`"),
        None => Ok(Form::Digest),
    }
}

impl FromStr for Revision {
    type Err = ParseRevisionError;

    fn from_str(text: &str) -> Result<Self, ParseRevisionError> {
        form(text)?;
        Ok(Self::as_found(text.to_owned()))
    }
}

impl From<Digest> for Revision {
    fn from(digest: Digest) -> Self {
        Self::as_found(digest.as_str().to_owned())
    }
}

impl From<&Digest> for Revision {
    fn from(digest: &Digest) -> Self {
        Self::as_found(digest.as_str().to_owned())
    }
}

/// Checked, as by [`FromStr`].
impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq for Revision {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Revision {}

impl PartialEq<str> for Revision {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<Digest> for Revision {
    fn eq(&self, other: &Digest) -> bool {
        self.text == other.as_str()
    }
}

impl AsRef<str> for Revision {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_parses_and_fits_its_kinds() {
        let forms = [
            ("0f".repeat(20), true),
            ("0f".repeat(32), true),
            (format!("sha256:{}", "0f".repeat(32)), false),
            (format!("sha512:{}", "0f".repeat(64)), false),
            ("sha512-alt+b64:Zm9v_-==".to_owned(), false),
        ];
        for (text, bare) in forms {
            let revision: Revision = text.parse().unwrap();
            for kind in [Kind::Layer, Kind::Prompt, Kind::Descriptor, Kind::other("new")] {
                assert_eq!(revision.check(&kind), Ok(()), "{text}");
            }
            for kind in [Kind::Artifact, Kind::Profile] {
                assert_eq!(revision.check(&kind).is_err(), bare, "{text}");
                assert_eq!(Revision::opaque(&text).check(&kind), Ok(()));
            }
            assert_eq!(revision.digest().is_some(), text.starts_with("sha256:"));
        }
    }

    #[test]
    fn a_text_of_no_form_is_refused_with_its_place_unless_it_is_opaque() {
        for (bad, column) in [
            ("", 1),
            ("0f1e", 5),
            (&*"0F".repeat(20), 2),
            ("sha256:12", 10),
            (&*format!("sha256:{}", "0".repeat(65)), 72),
            (&*format!("sha256:{}", "G".repeat(64)), 8),
            ("md5:", 5),
            ("md5:a b", 6),
            ("MD5:a", 1),
            (":a", 1),
        ] {
            let error = bad.parse::<Revision>().unwrap_err();
            assert_eq!((error.text.as_str(), error.column), (bad, column), "{error}");
            assert!(Revision::as_found(bad.to_owned()).check(&Kind::Layer).is_err());
            assert_eq!(Revision::opaque(bad).check(&Kind::Layer).is_ok(), !bad.is_empty());
        }
    }
}
