//! The end of an open log, read backwards.

use std::io::ErrorKind;

use super::AppendFile;
use crate::error::AppendError;
use crate::sys;

/// The end of a file of lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tail {
    /// The last whole line, without its newline; `None` if there is none.
    pub line: Option<Vec<u8>>,
    /// Where that line begins, in bytes from the start of the file.
    pub offset: u64,
    /// What comes after the last newline: a part of a record, or nothing.
    pub torn: Vec<u8>,
}

impl AppendFile {
    /// Its end as it was when it was opened. Reads backwards, and at most about twice what it
    /// returns, so that the time does not depend on the length of the log.
    ///
    /// `None` if the last line, with what comes after it, is longer than `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`AppendError::Io`]; of kind [`ErrorKind::UnexpectedEof`] if the file shrank.
    pub fn tail(&self, limit: u64) -> Result<Option<Tail>, AppendError> {
        const AT_FIRST: u64 = 4096;
        let failed =
            |source| AppendError::Io { verb: "read the end of", path: self.path.clone(), source };
        let mut size = AT_FIRST.min(limit);
        loop {
            let start = self.length.saturating_sub(size);
            let room = usize::try_from(self.length - start)
                .map_err(|_| failed(ErrorKind::OutOfMemory.into()))?;
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(room).map_err(|_| failed(ErrorKind::OutOfMemory.into()))?;
            bytes.resize(room, 0);
            sys::read_at(&self.file, start, &mut bytes).map_err(failed)?;
            if let Some(tail) = tail_of(&bytes, start) {
                return Ok(Some(tail));
            }
            if size >= limit {
                return Ok(None);
            }
            size = size.saturating_mul(4).min(limit);
        }
    }
}

/// The tail in `bytes`, the end of a file from `start` on; `None` if they do not reach back far
/// enough.
fn tail_of(bytes: &[u8], start: u64) -> Option<Tail> {
    let line_before = |end: usize| bytes[..end].iter().rposition(|byte| *byte == b'\n');
    let Some(end) = line_before(bytes.len()) else {
        return (start == 0).then(|| Tail { line: None, offset: 0, torn: bytes.to_vec() });
    };
    let begin = match line_before(end) {
        Some(before) => before + 1,
        None if start == 0 => 0,
        None => return None,
    };
    let (line, torn) = (bytes[begin..end].to_vec(), bytes[end + 1..].to_vec());
    Some(Tail { line: Some(line), offset: start + begin as u64, torn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_whole_line_and_what_comes_after_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let long = "x".repeat(20_000);
        for (text, line, torn) in [
            ("", None, ""),
            ("a", None, "a"),
            ("a\n", Some("a"), ""),
            ("a\nbc", Some("a"), "bc"),
            ("a\nbc\n", Some("bc"), ""),
            ("\n", Some(""), ""),
            (&format!("a\n{long}\n"), Some(&*long), ""),
            (&format!("{long}\n{long}"), Some(&*long), &*long),
        ] {
            std::fs::write(&path, text).unwrap();
            let tail = AppendFile::open(&path).unwrap().tail(u64::MAX).unwrap().unwrap();
            assert_eq!(tail.line.as_deref(), line.map(str::as_bytes), "{text:.9}");
            assert_eq!(tail.torn, torn.as_bytes(), "{text:.9}");
            let end = line.map_or(0, |line| line.len() + 1) + torn.len();
            assert_eq!(tail.offset, (text.len() - end) as u64, "{text:.9}");
        }
        assert_eq!(AppendFile::open(&path).unwrap().tail(5000).unwrap(), None);
    }
}
