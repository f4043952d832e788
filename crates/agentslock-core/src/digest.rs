//! Digests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A digest: `sha256:` and 64 lower-case hexadecimal digits.
///
/// What a caller makes is checked. What is read from a document is taken as it is, since files in
/// the field hold shorter ones; [`check`](Self::check) tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a digest: column {column}: {reason}")]
#[non_exhaustive]
pub struct ParseDigestError {
    /// The text.
    pub text: String,
    /// Where it departs from a digest, in bytes from 1.
    pub column: usize,
    /// What was expected there.
    pub reason: &'static str,
}

const DIGITS: usize = 64;
const PREFIX: &str = "sha256:";

impl Digest {
    /// A digest from the 32 bytes of a SHA-256 hash.
    pub fn from_sha256(hash: [u8; 32]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(PREFIX.len() + 64);
        text.push_str(PREFIX);
        for byte in hash {
            write!(text, "{byte:02x}").expect("because writing to a string cannot fail");
        }
        Self(text)
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks a digest that was read: whether it is what [`FromStr`] accepts.
    ///
    /// # Errors
    ///
    /// [`ParseDigestError`], as `FromStr`.
    pub fn check(&self) -> Result<(), ParseDigestError> {
        check(&self.0)
    }
}

fn check(text: &str) -> Result<(), ParseDigestError> {
    let error =
        |at: usize, reason| Err(ParseDigestError { text: text.to_owned(), column: at + 1, reason });
    let Some(hex) = text.strip_prefix(PREFIX) else {
        let same = text.bytes().zip(PREFIX.bytes()).take_while(|(a, b)| a == b).count();
        return error(same, "expected `sha256:`");
    };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = hex.bytes().take_while(|byte| is_digit(*byte)).take(DIGITS).count();
    match (digits, hex.len()) {
        (DIGITS, DIGITS) => Ok(()),
        (DIGITS, _) => error(PREFIX.len() + DIGITS, "expected the end after 64 digits"),
        _ => error(PREFIX.len() + digits, "expected 64 lower-case hexadecimal digits"),
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl AsRef<str> for Digest {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_checked_when_made_and_kept_when_read() {
        let good = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(good.parse::<Digest>().unwrap().as_str(), good);
        assert_eq!(Digest::from_sha256([0x0f; 32]).as_str(), good);
        let bad = [
            (String::new(), 1),
            ("sha1:00".to_owned(), 4),
            (good[1..].to_owned(), 1),
            ("sha256:".to_owned(), 8),
            (good[..70].to_owned(), 71),
            (good.replace('f', "F"), 9),
            (format!("{good}0"), 72),
            (good.replacen("0f", "0é", 1), 9),
            (format!(" {good}"), 1),
        ];
        for (bad, column) in bad {
            let error = bad.parse::<Digest>().unwrap_err();
            assert_eq!((&error.text, error.column), (&bad, column));
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
        let short: Digest = serde_json::from_str("\"sha256:00\"").unwrap();
        assert_eq!(short.check().unwrap_err().column, 10);
        assert_eq!(serde_json::to_string(&short).unwrap(), "\"sha256:00\"");
    }
}
