//! Digests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A digest: `sha256:` and 64 lower-case hexadecimal digits.
///
/// Parsing and deserialising check it. What a document holds is taken as it is
/// ([`verbatim`](Self::verbatim)), since files in the field hold shorter ones;
/// [`check`](Self::check) tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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

    /// The text of a document that should be a digest, unchecked.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The 32 bytes of the hash; `None` for a text that is not a digest, which only a document can
    /// hold.
    pub fn to_sha256(&self) -> Option<[u8; 32]> {
        self.check().ok()?;
        let digit = |at: usize| char::from(self.0.as_bytes()[PREFIX.len() + at]).to_digit(16);
        let mut hash = [0; 32];
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::try_from(digit(2 * index)? << 4 | digit(2 * index + 1)?).ok()?;
        }
        Some(hash)
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

impl From<[u8; 32]> for Digest {
    fn from(hash: [u8; 32]) -> Self {
        Self::from_sha256(hash)
    }
}

/// Checked, as by [`FromStr`].
impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl PartialEq<str> for Digest {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
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
        assert!(serde_json::from_str::<Digest>("\"sha256:00\"").is_err());
        let short = Digest::verbatim("sha256:00");
        assert_eq!(short.check().unwrap_err().column, 10);
        assert_eq!(serde_json::to_string(&short).unwrap(), "\"sha256:00\"");
        assert_eq!(short.to_sha256(), None);
    }

    #[test]
    fn a_digest_gives_its_bytes_back() {
        let hash: [u8; 32] = std::array::from_fn(|index| u8::try_from(index * 7 % 256).unwrap());
        let digest = Digest::from(hash);
        assert_eq!(digest.to_sha256(), Some(hash));
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert_eq!(&digest, digest.as_str());
    }
}
