//! Times.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A time as text: RFC 3339, in UTC, whole seconds, as in `2026-01-02T03:04:05Z`.
///
/// What a caller makes is checked. What is read from a document is taken as it is, and written back
/// so; [`is_well_formed`](Self::is_well_formed) tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time: {reason}")]
pub struct ParseTimestampError {
    text: String,
    reason: String,
}

impl Timestamp {
    /// `time`, without the fraction of its second.
    ///
    /// # Errors
    ///
    /// [`ParseTimestampError`] for a time that has no four-digit year.
    pub fn from_system_time(time: SystemTime) -> Result<Self, ParseTimestampError> {
        let error = |reason: String| ParseTimestampError { text: format!("{time:?}"), reason };
        let time = jiff::Timestamp::try_from(time).map_err(|e| error(e.to_string()))?;
        let seconds =
            jiff::Timestamp::from_second(time.as_second()).map_err(|e| error(e.to_string()))?;
        seconds.to_string().parse()
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

fn check(text: &str) -> Result<(), String> {
    let time: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    // The parser knows many spellings. Only one is canonical: the one that it prints.
    let canonical = time.to_string();
    if canonical != text || text.len() != "2026-01-02T03:04:05Z".len() {
        return Err("expected the form 2026-01-02T03:04:05Z".to_owned());
    }
    Ok(())
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        match check(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(reason) => Err(ParseTimestampError { text: text.to_owned(), reason }),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_has_one_spelling() {
        let time = "2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap();
        assert_eq!(time.as_str(), "2026-01-02T03:04:05Z");
        for bad in [
            "",
            "yesterday",
            "2026-01-02",
            "2026-13-02T03:04:05Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.5Z",
            "2026-01-02T03:04:05+00:00",
            "2026-01-02t03:04:05z",
            "2026-01-02 03:04:05Z",
        ] {
            let error = bad.parse::<Timestamp>().unwrap_err();
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
    }

    #[test]
    fn a_time_of_the_system_loses_its_fraction() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_999);
        assert_eq!(Timestamp::from_system_time(time).unwrap().as_str(), "2026-01-02T03:04:05Z");
    }
}
