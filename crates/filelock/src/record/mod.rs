//! The record inside a lock: who took it, when, and what proves that they live.
//!
//! ```text
//! <pid>\n<taken or renewed, unix nanoseconds, 19 digits>\n<token>\nflock <kernel id>\n
//! then lines `key value`, see `facts.rs`
//! ```
//!
//! Foreign holders write the first two lines, or three. They ignore later lines. The record is
//! world-readable whatever the umask. A foreign process of another user that cannot read it takes
//! the lock for a leftover after two seconds, and steals it.

pub(crate) mod facts;
pub(crate) mod file;
mod lines;

use facts::Facts;
pub(crate) use lines::{NAME, stamp_digits};
use lines::{STAMP_DIGITS, decimal, put_stamp, split_line};

/// The mode of a directory that was there with its record. If it is there without, it is a
/// leftover. Others may look up names in it, to read the record; only its owner may open it, and so
/// hold or probe its OS lock.
pub(crate) const PUBLISHED: u32 = 0o1711;

/// How much of a record is read at most, in bytes. Somebody may have put a large file there.
pub(crate) const LIMIT: usize = 4096;

/// Room for most records, in bytes.
const USUAL_LENGTH: usize = 384;

/// What the fourth line names when the running kernel has no name: nobody's kernel.
const NO_KERNEL: &str = "-";

/// One holder's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) pid: u32,
    /// When the lock was taken or last renewed, unix nanoseconds.
    pub(crate) stamp: i64,
    /// Unique per acquisition. Empty for a foreign holder that wrote none.
    pub(crate) token: String,
    /// Present: whoever holds this keeps an OS lock on the directory, on the kernel named.
    pub(crate) flock: Option<String>,
    /// `U`, if the holder can move the lock back to `L.prep-U` when it releases it. It stays the
    /// same for as long as the directory is used, so that the record keeps its length.
    pub(crate) private: Option<String>,
    pub(crate) facts: Facts,
}

impl Record {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = String::with_capacity(USUAL_LENGTH);
        for line in [&*self.pid.to_string(), &*stamp_digits(self.stamp), &*self.token] {
            text.push_str(line);
            text.push('\n');
        }
        if let Some(kernel) = &self.flock {
            text.push_str("flock ");
            text.push_str(if kernel.is_empty() { NO_KERNEL } else { kernel });
            text.push('\n');
            if let Some(unique) = &self.private {
                text.push_str("private ");
                text.push_str(unique);
                text.push('\n');
            }
        }
        self.facts.encode(&mut text);
        text.into_bytes()
    }

    /// Where in the encoded record the stamp begins, in bytes.
    pub(crate) fn stamp_offset(&self) -> u64 {
        u64::from(self.pid.checked_ilog10().unwrap_or(0)) + 2
    }

    /// Makes this record that of a new acquisition, and so `bytes`, which encode it. `false`, and
    /// nothing is changed, if they would have another length.
    ///
    /// A handle does this each time. To compose the record anew took a third of the time that it
    /// spends outside the kernel.
    fn reissue(&mut self, bytes: &mut [u8], stamp: i64, token: String) -> bool {
        const SINCE: &[u8] = b"since ";
        let stamp_at = usize::try_from(self.stamp_offset()).expect("because a pid is short");
        let token_at = stamp_at + STAMP_DIGITS + 1;
        let since = position_of_line(bytes, SINCE);
        let (Some(since), true) = (since, self.token.len() == token.len()) else { return false };
        for at in [stamp_at, since + SINCE.len()] {
            let Some(digits) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) else {
                return false;
            };
            put_stamp(digits, stamp);
        }
        bytes[token_at..token_at + token.len()].copy_from_slice(token.as_bytes());
        (self.stamp, self.token, self.facts.since) = (stamp, token, Some(stamp));
        debug_assert_eq!(self.encode(), bytes, "another acquisition's record is composed alike");
        true
    }

    /// Reads a record; `None` when these bytes are none.
    ///
    /// A stamp that the end of the file cuts short is no stamp. A reader could see a record while a
    /// foreign holder writes it. The first digits of a time are a time long ago.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (pid, rest) = split_line(bytes)?;
        let pid = decimal(pid).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0)?;
        let (stamp, rest) = match split_line(rest) {
            Some((stamp, rest)) => (stamp, rest),
            None if rest.len() >= STAMP_DIGITS => (rest, &[][..]),
            None => return None,
        };
        let stamp = decimal(stamp)?;
        let (token, rest) = split_line(rest).unwrap_or((rest, &[]));
        let token = std::str::from_utf8(token).ok()?.to_owned();
        // A fourth line without its end may be cut short too; its reader then goes by the time.
        let facts = Facts::parse(rest);
        let (flock, rest) = split_line(rest).unwrap_or_default();
        let flock = text_after(flock, b"flock ");
        let (private, _) = split_line(rest).unwrap_or_default();
        let private = text_after(private, b"private ").filter(|unique| is_unique(unique));
        Some(Self { pid, stamp, token, flock, private, facts })
    }
}

/// Where the first line begins that starts with `key`.
fn position_of_line(bytes: &[u8], key: &[u8]) -> Option<usize> {
    let mut at = 0;
    while !bytes[at..].starts_with(key) {
        at += bytes[at..].iter().position(|byte| *byte == b'\n')? + 1;
    }
    Some(at)
}

fn text_after(line: &[u8], key: &[u8]) -> Option<String> {
    std::str::from_utf8(line.strip_prefix(key)?).ok().map(str::to_owned)
}

/// Whether `text` can be the `U` of `L.prep-U`: a record that another process wrote must not lead
/// to any other name.
fn is_unique(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            pid: 4711,
            stamp: 1_700_000_000_123_456_789,
            token: "00ab".into(),
            flock: Some("boot".into()),
            private: None,
            facts: Facts::default(),
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let bytes = record().encode();
        assert_eq!(bytes, b"4711\n1700000000123456789\n00ab\nflock boot\n");
        assert_eq!(Record::parse(&bytes), Some(record()));
    }

    #[test]
    fn the_stamp_stands_where_a_renewal_overwrites_it() {
        let bytes = record().encode();
        let start = usize::try_from(record().stamp_offset()).unwrap();
        assert_eq!(&bytes[start..start + STAMP_DIGITS], b"1700000000123456789");
        assert_eq!(stamp_digits(5).len(), STAMP_DIGITS);
        assert_eq!(stamp_digits(i64::MAX).len(), STAMP_DIGITS);
    }

    #[test]
    fn a_new_acquisitions_record_is_the_old_one_with_another_time_and_token() {
        let mut record = record();
        record.facts.since = Some(record.stamp);
        record.facts.label = Some("since 1".into());
        let mut bytes = record.encode();
        for (stamp, token) in [(1_700_000_001_000_000_000, "11cd"), (i64::MAX, "22ef"), (0, "33")] {
            let (before, length) = (record.clone(), bytes.len());
            let same_length = token.len() == 4;
            assert_eq!(record.reissue(&mut bytes, stamp, token.into()), same_length);
            assert_eq!((Record::parse(&bytes).as_ref(), bytes.len()), (Some(&record), length));
            let expected = if same_length { (stamp, token) } else { (before.stamp, "22ef") };
            assert_eq!((record.stamp, &*record.token), expected);
            assert_eq!(record.facts.since, Some(expected.0));
        }
        record.facts.since = None;
        let mut without = record.encode();
        assert!(!record.reissue(&mut without, 5, "44ab".into()) && record.stamp != 5);
    }

    #[test]
    fn records_of_both_foreign_generations_are_read() {
        let two = Record::parse(b"17\n1700000000123456789\n").unwrap();
        assert_eq!((two.pid, two.token.as_str(), two.flock), (17, "", None));
        assert_eq!(Record::parse(b"17\n1700000000123456789").unwrap().pid, 17);
        let three = Record::parse(b"17\n1700000000123456789\ntok").unwrap();
        assert_eq!((three.token.as_str(), three.flock), ("tok", None));
    }

    #[test]
    fn lines_that_say_nothing_known_are_ignored() {
        let mut bytes = record().encode();
        bytes.extend_from_slice(b"hello\n\xff\n");
        assert_eq!(Record::parse(&bytes), Some(record()));
    }

    #[test]
    fn what_is_no_record_is_told_apart_from_one() {
        for bytes in [
            &b""[..],
            b"\n",
            b"17",
            b"17\n",
            b"17\n17000000001234\xff",
            b"17\n170000000012345678", // one digit short, and no line end
            b"-1\n1700000000123456789\n",
            b"0\n1700000000123456789\n",
            b" 17\n1700000000123456789\n",
            b"17\n99999999999999999999\n",
            b"17\n+700000000123456789\n",
            b"\x00\x00\x00\x00",
        ] {
            assert_eq!(Record::parse(bytes), None, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_fourth_line_that_is_cut_short_is_not_believed() {
        assert_eq!(Record::parse(b"17\n1700000000123456789\nt\nflock bo").unwrap().flock, None);
    }

    #[test]
    fn a_nameless_kernel_is_nobodys() {
        let mut nameless = record();
        nameless.flock = Some(String::new());
        assert_eq!(Record::parse(&nameless.encode()).unwrap().flock.as_deref(), Some("-"));
    }
}
