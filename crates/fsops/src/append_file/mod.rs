//! An open file of lines, to be read from its end and appended to.

pub(crate) mod tail;

use std::cmp::Ordering;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::durability::{Durability, birth_of, is_young, sync_new_name, sync_young_names};
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
    /// Opens the log at `path`, following links, and creates it if there is none.
    ///
    /// # Errors
    ///
    /// [`AppendError::NotAFile`], [`AppendError::DanglingLink`], [`AppendError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AppendError> {
        /// Between a look and the opening, others create and remove the log.
        const TRIES: u32 = 100;
        let path = path.as_ref();
        let mut tries = 1;
        loop {
            let is_new = !is_there(path)?;
            let mut options = OpenOptions::new();
            // Not for a file that is there: where `fs.protected_regular` is set, the kernel refuses
            // `O_CREAT` on other users' files in a sticky directory (proc_sys_fs(5)). Exclusively,
            // because a link that came to be meanwhile would be followed to where it leads.
            options.read(true).append(true).create_new(is_new);
            match open(path, &mut options, is_new) {
                Err(AppendError::Io { source, .. })
                    if tries < TRIES && was_overtaken(&source, is_new) =>
                {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Creates the log at `path`.
    ///
    /// # Errors
    ///
    /// [`AppendError::Io`], of kind [`ErrorKind::AlreadyExists`] if there is one by now.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, AppendError> {
        open(path.as_ref(), OpenOptions::new().read(true).append(true).create_new(true), true)
    }

    /// Whether its file came to be less than `age` ago. A program that replaces the log by a new
    /// file can be writing that file still.
    pub fn is_younger_than(&self, age: Duration) -> bool {
        self.born.is_some_and(|born| born.elapsed().is_ok_and(|since| since < age))
    }

    /// As [`open`](Self::open), but `None` if there is no log.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_existing(path: impl AsRef<Path>) -> Result<Option<Self>, AppendError> {
        open_existing(path.as_ref(), OpenOptions::new().read(true).append(true))
    }

    /// As [`open_existing`](Self::open_existing), for [`tail`](Self::tail) alone: it needs no right
    /// to write, and appending to it fails.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn open_to_read(path: impl AsRef<Path>) -> Result<Option<Self>, AppendError> {
        open_existing(path.as_ref(), OpenOptions::new().read(true))
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

/// Whether something is there to append to. Asked before opening: opening a FIFO for writing and
/// reading would make us its other end.
fn is_there(path: &Path) -> Result<bool, AppendError> {
    match std::fs::metadata(path) {
        Ok(metadata) => match sys::not_regular(&metadata) {
            Some(kind) => Err(AppendError::NotAFile { path: path.to_owned(), kind }),
            None => Ok(true),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
                return Err(AppendError::DanglingLink { path: path.to_owned() });
            }
            Ok(false)
        }
        Err(source) => Err(AppendError::Io { verb: "open", path: path.to_owned(), source }),
    }
}

/// Whether another program created the log, or removed it, right before it was opened.
fn was_overtaken(error: &io::Error, is_new: bool) -> bool {
    error.kind() == if is_new { ErrorKind::AlreadyExists } else { ErrorKind::NotFound }
}

fn open_existing(
    path: &Path,
    options: &mut OpenOptions,
) -> Result<Option<AppendFile>, AppendError> {
    if !is_there(path)? {
        return Ok(None);
    }
    match open(path, options, false) {
        // Removed in between.
        Err(AppendError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

fn open(path: &Path, options: &mut OpenOptions, is_new: bool) -> Result<AppendFile, AppendError> {
    let failed = |source| AppendError::Io { verb: "open", path: path.to_owned(), source };
    let file = sys::open_nonblocking(path, options).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if let Some(kind) = sys::not_regular(&metadata) {
        return Err(AppendError::NotAFile { path: path.to_owned(), kind });
    }
    let born = if is_new { None } else { Some(birth_of(&metadata)) };
    let version = sys::fingerprint(&file, &metadata).map_err(failed)?;
    Ok(AppendFile { file, path: path.to_owned(), length: metadata.len(), version, born })
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
        Some(_) => sync_young_names(&path),
        None => sync_new_name(&path),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[cfg(unix)] // No name can be synced on Windows.
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
