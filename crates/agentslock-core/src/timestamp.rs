//! Times.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer, Serialize, de};

/// A time as text: RFC 3339, in UTC, whole seconds, as in `2026-01-02T03:04:05Z`.
///
/// Parsing and deserialising check it. What a document holds is taken as it is
/// ([`verbatim`](Self::verbatim)), and written back so; [`check`](Self::check) tells. Two spellings
/// can name one moment: compare [`instant`](Self::instant)s to know what was earlier.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(String);

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time: column {column}: {reason}")]
#[non_exhaustive]
pub struct ParseTimestampError {
    /// The text.
    pub text: String,
    /// Where it departs from a time, in bytes from 1.
    pub column: usize,
    /// What was expected there.
    pub reason: &'static str,
}

/// A time that has no four-digit year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time between the years 0 and 9999")]
pub struct TimeRangeError(SystemTime);

/// The form of a time; `d` stands for a digit.
const FORM: &str = "dddd-dd-ddTdd:dd:ddZ";

impl Timestamp {
    /// The time by the system's clock, without the fraction of its second. A clock that is set
    /// beyond the year 9999 gives the last second of that year.
    pub fn now() -> Self {
        Self::from_system_time(SystemTime::now())
            .unwrap_or_else(|_| Self("9999-12-31T23:59:59Z".to_owned()))
    }

    /// The text of a document that should be a time, unchecked.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `time`, without the fraction of its second.
    ///
    /// # Errors
    ///
    /// [`TimeRangeError`] for a time that has no four-digit year.
    pub fn from_system_time(time: SystemTime) -> Result<Self, TimeRangeError> {
        let seconds = jiff::Timestamp::try_from(time)
            .and_then(|time| jiff::Timestamp::from_second(time.as_second()))
            .map_err(|_| TimeRangeError(time))?;
        seconds.to_string().parse().map_err(|_| TimeRangeError(time))
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment that it names, in any spelling of RFC 3339 (with a fraction, or an offset from
    /// UTC, say). `None` for other text, which only a document can hold.
    pub fn instant(&self) -> Option<SystemTime> {
        self.0.parse::<jiff::Timestamp>().ok().map(SystemTime::from)
    }

    /// Checks a time that was read: whether it is what [`FromStr`] accepts.
    ///
    /// # Errors
    ///
    /// [`ParseTimestampError`], as `FromStr`.
    pub fn check(&self) -> Result<(), ParseTimestampError> {
        check(&self.0)
    }
}

fn check(text: &str) -> Result<(), ParseTimestampError> {
    let error = |at: usize, reason| {
        Err(ParseTimestampError { text: text.to_owned(), column: at + 1, reason })
    };
    let fits = |(byte, form)| if form == b'd' { u8::is_ascii_digit(&byte) } else { byte == form };
    let alike = text.bytes().zip(FORM.bytes()).take_while(|pair| fits(*pair)).count();
    if alike < FORM.len() || text.len() > FORM.len() {
        return error(alike, "expected the form 2026-01-02T03:04:05Z");
    }
    let number = |at: usize| text[at..at + 2].parse::<u8>().unwrap_or(u8::MAX);
    let bounds = [
        (5, 1, 12, "expected a month, 01 to 12"),
        (8, 1, 31, "expected a day, 01 to 31"),
        (11, 0, 23, "expected an hour, 00 to 23"),
        (14, 0, 59, "expected a minute, 00 to 59"),
        (17, 0, 59, "expected a second, 00 to 59"),
    ];
    for (at, first, last, reason) in bounds {
        if !(first..=last).contains(&number(at)) {
            return error(at, reason);
        }
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(_) => error(8, "expected a day that the month has"),
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, ParseTimestampError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeRangeError;

    fn try_from(time: SystemTime) -> Result<Self, TimeRangeError> {
        Self::from_system_time(time)
    }
}

/// Checked, as by [`FromStr`].
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl AsRef<str> for Timestamp {
    fn as_ref(&self) -> &str {
        &self.0
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
        for (bad, column) in [
            ("", 1),
            ("yesterday", 1),
            ("2026-01-02", 11),
            ("2026-13-02T03:04:05Z", 6),
            ("2026-00-02T03:04:05Z", 6),
            ("2026-01-32T03:04:05Z", 9),
            ("2026-02-30T03:04:05Z", 9),
            ("2026-01-02T24:04:05Z", 12),
            ("2026-01-02T03:60:05Z", 15),
            ("2026-01-02T03:04:60Z", 18),
            ("2026-01-02T03:04:05", 20),
            ("2026-01-02T03:04:05.5Z", 20),
            ("2026-01-02T03:04:05+00:00", 20),
            ("2026-01-02T03:04:05ZZ", 21),
            ("2026-01-02t03:04:05z", 11),
            ("2026-01-02 03:04:05Z", 11),
            ("2026-01-0éT03:04:05Z", 10),
        ] {
            let error = bad.parse::<Timestamp>().unwrap_err();
            assert_eq!((error.text.as_str(), error.column), (bad, column), "{error}");
            assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
        }
        assert!(serde_json::from_str::<Timestamp>("\"then\"").is_err());
        assert_eq!(serde_json::from_str::<Timestamp>(&format!("\"{time}\"")).unwrap(), time);
        assert!("2024-02-29T00:00:00Z".parse::<Timestamp>().is_ok(), "a leap year");
    }

    #[test]
    fn a_time_that_was_read_names_its_moment_in_any_spelling() {
        let read = |text: &str| Timestamp(text.to_owned());
        let moment = read("2026-01-02T03:04:05Z").instant().unwrap();
        for same in ["2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05.000Z"] {
            assert_eq!(read(same).instant(), Some(moment));
            assert!(read(same).check().is_err());
        }
        // Windows counts in steps of 100 ns.
        assert!(read("2026-01-02T03:04:05.0000001Z").instant() > Some(moment));
        assert_eq!(read("then").instant(), None);
    }

    #[test]
    fn a_time_of_the_system_loses_its_fraction() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_999);
        assert_eq!(Timestamp::from_system_time(time).unwrap().as_str(), "2026-01-02T03:04:05Z");
        assert_eq!(Timestamp::try_from(time), Timestamp::from_system_time(time));
        let (before, now) = (SystemTime::now(), Timestamp::now().instant().unwrap());
        assert!(now <= SystemTime::now() && now + Duration::from_secs(1) > before);
        // Windows knows no time that is so far away that it cannot be named.
        let Some(far) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 40)) else {
            return;
        };
        let error = Timestamp::from_system_time(far).unwrap_err();
        assert!(error.to_string().contains("between the years"), "{error}");
    }
}
