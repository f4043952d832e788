//! Digests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A digest: `sha256:` and 64 lower-case hexadecimal digits.
///
/// What a caller makes is checked. What is read from a document is taken as it is, since files in
/// the field hold shorter ones; [`is_well_formed`](Self::is_well_formed) tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a digest: {reason}")]
pub struct ParseDigestError {
    text: String,
    reason: &'static str,
}

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

    /// Whether it is what [`FromStr`] would accept.
    pub fn is_well_formed(&self) -> bool {
        check(&self.0).is_ok()
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    let hex = text.strip_prefix(PREFIX).ok_or("it does not begin with `sha256:`")?;
    if hex.len() != 64 {
        return Err("`sha256:` is not followed by 64 digits");
    }
    if !hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err("it contains other than lower-case hexadecimal digits");
    }
    Ok(())
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(reason) => Err(ParseDigestError { text: text.to_owned(), reason }),
        }
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
        for bad in ["", "sha256:", "sha1:00", &good[1..], &good.to_uppercase(), &good[..70]] {
            let error = bad.parse::<Digest>().unwrap_err();
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
        let short: Digest = serde_json::from_str("\"sha256:00\"").unwrap();
        assert!(!short.is_well_formed());
        assert_eq!(serde_json::to_string(&short).unwrap(), "\"sha256:00\"");
    }
}
