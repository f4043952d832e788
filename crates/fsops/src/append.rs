//! Appending one record to a file of lines.

use std::path::Path;

use crate::append_file::{AppendFile, Appended, TornTail};
use crate::durability::Durability;
use crate::error::AppendError;

/// Appends `record` and a newline, durably, creating the file if there is none.
///
/// Another writer may have created the file, or a directory on the way to it, and died before that
/// was on the disk. So as long as one of them is young (20 minutes), its name is synced, too.
///
/// Whoever shares the file locks it around this call (the crate `filelock`); this crate knows no
/// locks.
///
/// ```
/// # let directory = tempfile::tempdir()?;
/// # let log = directory.path().join("events.ndjson");
/// std::fs::write(&log, "{\"event\":\"a\"}\n{\"eve")?; // a writer was killed here
/// fsops::append_record(&log, r#"{"event":"b"}"#)?;
/// assert_eq!(std::fs::read_to_string(&log)?, "{\"event\":\"a\"}\n{\"eve\n{\"event\":\"b\"}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// See [`append_record_with`].
pub fn append_record(
    path: impl AsRef<Path>,
    record: impl AsRef<[u8]>,
) -> Result<Appended, AppendError> {
    append_record_with(path, record, Durability::Full)
}

/// As [`append_record`], with a choice of durability.
///
/// All is written with one write(2) in append mode. If that writes a part only, the rest is tried
/// once; if it fails, the part is taken back.
///
/// # Errors
///
/// [`AppendError::NotALine`], [`AppendError::NotAFile`], [`AppendError::DanglingLink`] and
/// [`AppendError::Io`]: the file is as it
/// was, except that it may have been created, empty. [`AppendError::Torn`] and
/// [`AppendError::NotDurable`] say what they mean.
pub fn append_record_with(
    path: impl AsRef<Path>,
    record: impl AsRef<[u8]>,
    durability: Durability,
) -> Result<Appended, AppendError> {
    let (path, record) = (path.as_ref(), record.as_ref());
    // Before the file is created.
    AppendFile::check(path, record)?;
    AppendFile::open(path)?.append([record], TornTail::CloseOff, durability)
}
