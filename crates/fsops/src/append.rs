//! Appending one record to a file of lines.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::durability::{Durability, birth_of, is_young, sync_new_name, sync_young_names};
use crate::error::AppendError;
use crate::sys;

/// What [`append_record`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The file ended in the middle of a line: an earlier writer died there. Its part of a record
    /// was closed off with a newline, and stands as a line of its own before the new record.
    pub closed_torn_tail: bool,
}

/// Appends `record` and a newline, durably, creating the file if there is none.
///
/// Another writer may have created the file, or a directory on the way to it, and died before that was on
/// the disk. So as long as one of them is young (20 minutes), its name is synced, too.
///
/// Whoever shares the file locks it around this call (the crate `filelock`); this crate knows no
/// locks.
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
    let not_a_line = |reason| Err(AppendError::NotALine { path: path.to_owned(), reason });
    if record.is_empty() {
        return not_a_line("is empty");
    }
    if record.contains(&b'\n') {
        return not_a_line("contains a newline");
    }
    let failed = |verb| move |source| AppendError::Io { verb, path: path.to_owned(), source };
    let Opened { mut file, old_length, born } = open(path)?;
    let closed_torn_tail = ends_torn(&file, old_length).map_err(failed("read the end of"))?;
    let mut line = Vec::with_capacity(record.len() + 2);
    if closed_torn_tail {
        line.push(b'\n');
    }
    line.extend_from_slice(record);
    line.push(b'\n');
    if let Err(source) = write_whole(&mut file, &line) {
        return Err(match take_back(&file, old_length) {
            Ok(()) => failed("append to")(source),
            Err(_) => AppendError::Torn { path: path.to_owned(), source },
        });
    }
    if durability == Durability::Full {
        sync(&file, path, born)
            .map_err(|source| AppendError::NotDurable { path: path.to_owned(), source })?;
    }
    Ok(Appended { closed_torn_tail })
}

struct Opened {
    file: File,
    old_length: u64,
    /// When its name may have come to be; `None` if we made it.
    born: Option<SystemTime>,
}

fn open(path: &Path) -> Result<Opened, AppendError> {
    let failed = |source| AppendError::Io { verb: "open", path: path.to_owned(), source };
    // Before opening: opening a FIFO for writing and reading would make us its other end.
    let is_new = match std::fs::metadata(path) {
        Ok(metadata) => match sys::not_regular(&metadata) {
            Some(kind) => return Err(AppendError::NotAFile { path: path.to_owned(), kind }),
            None => false,
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if path.symlink_metadata().is_ok_and(|link| link.is_symlink()) {
                return Err(AppendError::DanglingLink { path: path.to_owned() });
            }
            true
        }
        Err(error) => return Err(failed(error)),
    };
    let mut options = OpenOptions::new();
    // Not for a file that is there: where `fs.protected_regular` is set, the kernel refuses `O_CREAT`
    // on other users' files in a sticky directory (proc_sys_fs(5)).
    options.read(true).append(true).create(is_new);
    let file = sys::open_nonblocking(path, &mut options).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    match sys::not_regular(&metadata) {
        Some(kind) => Err(AppendError::NotAFile { path: path.to_owned(), kind }),
        None => {
            let born = if is_new { None } else { Some(birth_of(&metadata)) };
            Ok(Opened { file, old_length: metadata.len(), born })
        }
    }
}

fn ends_torn(file: &File, length: u64) -> io::Result<bool> {
    match length.checked_sub(1) {
        Some(last) => Ok(sys::byte_at(file, last)? != b'\n'),
        None => Ok(false),
    }
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
    // What counts is the name that links lead to.
    let path = std::fs::canonicalize(path)?;
    match born {
        Some(_) => sync_young_names(&path),
        None => sync_new_name(&path),
    }
}

#[cfg(test)]
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
