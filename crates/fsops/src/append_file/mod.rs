//! An open file of lines, to be read from its end and appended to.

mod open;
pub(crate) mod tail;

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::durability::{Durability, is_young, sync_new_name, sync_young_names};
use crate::error::AppendError;
use crate::sys::{self, Fingerprint};

/// Where records were appended, and what was found there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// Where the first new record begins, in bytes from the start of the file.
    pub offset: u64,
    /// How many bytes the new records have, their newlines included.
    pub length: u64,
    /// The file ended in the middle of a line: an earlier writer died there. That part of a record
    /// was closed off with a newline, and stands as a line of its own before the new record. With
    /// [`TornTail::Remove`] it was removed.
    pub closed_torn_tail: bool,
}

/// What becomes of a part of a line at the end of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TornTail {
    /// It gets a newline, and is a line of its own from then on. Nothing is taken away: a program
    /// that ends its last line without a newline keeps its record.
    #[default]
    CloseOff,
    /// It is removed. For a log whose records all come from this crate: there a line without a
    /// newline is one that no call has reported as appended.
    Remove,
}

/// What became of a log since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    /// Nothing: the path leads to the same file, of the same length.
    Same,
    /// It has more bytes.
    Grew,
    /// It has fewer bytes.
    Shrank,
    /// The path leads to another file, or to none.
    Replaced,
}

/// An open file of lines. It knows no locks: the caller holds one from [`open`](Self::open) to
/// [`append`](Self::append).
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
    length: u64,
    version: Fingerprint,
    /// When its name may have come to be; `None` if we made it.
    born: Option<SystemTime>,
}

impl AppendFile {
    /// Whether its file came to be less than `age` ago. A program that replaces the log by a new
    /// file can be writing that file still.
    pub fn is_younger_than(&self, age: Duration) -> bool {
        self.born.is_some_and(|born| born.elapsed().is_ok_and(|since| since < age))
    }

    /// Whether there was no log, and [`open`](Self::open) created it.
    pub fn is_new(&self) -> bool {
        self.born.is_none()
    }

    /// Its length when it was opened, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What became of the log since it was opened.
    ///
    /// # Errors
    ///
    /// [`AppendError::Io`] if we could not look.
    pub fn since(&self) -> Result<Since, AppendError> {
        let now = match sys::fingerprint_at(&self.path) {
            Ok(now) => now,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Since::Replaced),
            Err(source) => {
                return Err(AppendError::Io { verb: "examine", path: self.path.clone(), source });
            }
        };
        if (now.device, now.inode) != (self.version.device, self.version.inode) {
            return Ok(Since::Replaced);
        }
        Ok(match now.size.cmp(&self.length) {
            Ordering::Equal => Since::Same,
            Ordering::Greater => Since::Grew,
            Ordering::Less => Since::Shrank,
        })
    }

    /// Whether `record` is one: one line, without a newline, and not empty.
    ///
    /// # Errors
    ///
    /// [`AppendError::NotALine`], about the log at `path`.
    pub fn check(path: impl AsRef<Path>, record: impl AsRef<[u8]>) -> Result<(), AppendError> {
        let reason = match record.as_ref() {
            [] => "is empty",
            record if record.contains(&b'\n') => "contains a newline",
            _ => return Ok(()),
        };
        Err(AppendError::NotALine { path: path.as_ref().to_owned(), reason })
    }

    /// Appends `records`, each with a newline: all of them, or after an error none.
    ///
    /// All is written with one write(2) in append mode. If that writes a part only, the rest is
    /// tried once; if it fails, the part is taken back.
    ///
    /// # Errors
    ///
    /// [`AppendError::NotALine`] and [`AppendError::Io`]: the file is as it was.
    /// [`AppendError::Torn`] and [`AppendError::NotDurable`] say what they mean.
    pub fn append<R: AsRef<[u8]>>(
        mut self,
        records: impl IntoIterator<Item = R>,
        torn_tail: TornTail,
        durability: Durability,
    ) -> Result<Appended, AppendError> {
        let path = self.path.clone();
        let failed = |verb| {
            let path = path.clone();
            move |source| AppendError::Io { verb, path, source }
        };
        let torn = ends_torn(&self.file, self.length).map_err(failed("read the end of"))?;
        let mut lines = if torn { vec![b'\n'] } else { Vec::new() };
        for record in records {
            let record = record.as_ref();
            Self::check(&path, record)?;
            lines.extend_from_slice(record);
            lines.push(b'\n');
        }
        let mut length = self.length;
        let mut new = &lines[..];
        if torn && torn_tail == TornTail::Remove {
            let whole = self.tail(u64::MAX)?.map_or(0, |tail| tail.torn.len() as u64);
            length -= whole;
            self.file.set_len(length).map_err(failed("remove a torn record from"))?;
            new = &lines[1..];
        }
        if let Err(source) = write_whole(&mut self.file, new) {
            return Err(match take_back(&self.file, length) {
                Ok(()) => failed("append to")(source),
                Err(_) => AppendError::Torn { path, source },
            });
        }
        if durability == Durability::Full {
            sync(&self.file, &path, self.born)
                .map_err(|source| AppendError::NotDurable { path, source })?;
        }
        let closing = u64::from(torn && torn_tail == TornTail::CloseOff);
        let length_of_new = new.len() as u64 - closing;
        Ok(Appended { offset: length + closing, length: length_of_new, closed_torn_tail: torn })
    }
}

/// Whether the file ends in the middle of a line.
fn ends_torn(file: &File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    sys::read_at(file, last, &mut byte)?;
    Ok(byte != *b"\n")
}

fn write_whole(file: &mut File, line: &[u8]) -> io::Result<()> {
    let written = loop {
        match file.write(line) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    // A short write to a regular file: the disk is full, or a limit is reached (write(2)). Trying
    // the rest gets the error that says which.
    file.write_all(&line[written..])
}

/// Removes what we wrote of a record that we could not write whole.
fn take_back(file: &File, old_length: u64) -> io::Result<()> {
    if file.metadata()?.len() > old_length { file.set_len(old_length) } else { Ok(()) }
}

fn sync(file: &File, path: &Path, born: Option<SystemTime>) -> io::Result<()> {
    sys::sync_data(file)?;
    if born.is_some_and(|born| !is_young(born)) {
        return Ok(());
    }
    let path = sys::path_of_name(path)?;
    match born {
        Some(_) => sync_young_names(&path, Some(file)),
        None => sync_new_name(&path, file),
    }
}

#[cfg(all(test, unix))] // No name can be synced on Windows.
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_a_young_name_is_synced() {
        let directory = tempfile::tempdir().unwrap();
        let file = File::create(directory.path().join("log")).unwrap();
        let no_name = directory.path().join("no name");
        let ago = |seconds| Some(SystemTime::now() - Duration::from_secs(seconds));
        sync(&file, &no_name, ago(1300)).unwrap();
        for born in [ago(1100), ago(0), Some(SystemTime::now() + Duration::from_secs(9999))] {
            let error = sync(&file, &no_name, born).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{born:?}");
        }
    }
}
