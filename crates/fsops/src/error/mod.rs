//! The errors: one enum per operation, each I/O variant with verb, path and source.

mod messages;

use std::io;
use std::path::PathBuf;

/// Why a file was not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadFileError {
    /// Something that is no regular file stands at the path.
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// "a directory", "a FIFO", …
        kind: &'static str,
    },
    /// The path is a symbolic link to something that does not exist.
    DanglingLink {
        /// The link.
        path: PathBuf,
    },
    /// Any other failure of the operating system.
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// Why a file was not replaced. Unless it is [`NotDurable`](Self::NotDurable),
/// [`Displaced`](Self::Displaced) or [`Unclear`](Self::Unclear): the old file stands as it was, and
/// no temporary is left behind.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplaceError {
    /// Something that is no regular file stands at the path.
    NotAFile {
        /// The path, after following links.
        path: PathBuf,
        /// "a directory", "a FIFO", …
        kind: &'static str,
    },
    /// The path is a symbolic link to something that does not exist. Create that, or remove the
    /// link.
    DanglingLink {
        /// The link.
        path: PathBuf,
    },
    /// The file is a mount point: it was mounted by itself, as containers do with single files
    /// (`docker run -v FILE:FILE`). No file can take its place. Mount its directory instead.
    MountPoint {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The path leads to another file than the one that was read, or to another version of it.
    /// Another program replaced or changed it meanwhile, or exchanged a directory or a link on the
    /// path. Read it again.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The new content is in place, for everybody to read, but may not survive a power cut: its
    /// directory could not be synced.
    NotDurable {
        /// The file that was replaced.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The new content is in place. Another program put a file there a moment before, which could
    /// not be put back. It has the name `<file>.displaced-<unique>` now, and nothing removes it:
    /// compare the two.
    Displaced {
        /// The file that was replaced.
        path: PathBuf,
        /// Where the other program's file is.
        displaced: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The file was not replaced or removed: another program replaced, renamed or changed it in the
    /// same moment. The path has a file of that program, or none. A second file cannot be told to
    /// be ours alone: it has the name `<file>.displaced-<unique>` now, and nothing removes it.
    /// Compare the two, then try again.
    Unclear {
        /// The file that was to be replaced.
        path: PathBuf,
        /// Where the second file is.
        left: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Any other failure of the operating system.
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl ReplaceError {
    /// Whether the new content took the place of the old in spite of the error.
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::NotDurable { .. } | Self::Displaced { .. })
    }
}

/// Why a record was not appended. Unless the variant says otherwise, the file is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum AppendError {
    /// The record is not one line: it contains a newline, or nothing at all.
    NotALine {
        /// The file.
        path: PathBuf,
        /// What is wrong with the record.
        reason: &'static str,
    },
    /// Something that is no regular file stands at the path.
    NotAFile {
        /// The path as given.
        path: PathBuf,
        /// "a directory", "a FIFO", …
        kind: &'static str,
    },
    /// The path is a symbolic link to something that does not exist. Create that, or remove the
    /// link.
    DanglingLink {
        /// The link.
        path: PathBuf,
    },
    /// Writing broke off in the middle of the record (a full disk, say), and the part that was
    /// written could not be taken back. The next append closes it off, so that it damages no other
    /// record.
    Torn {
        /// The file.
        path: PathBuf,
        /// The answer to the write that failed.
        source: io::Error,
    },
    /// The record is in the file, for everybody to read, but may not survive a power cut.
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
    /// Any other failure of the operating system.
    Io {
        /// What was tried.
        verb: &'static str,
        /// Where it was tried.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl From<ReadFileError> for io::Error {
    fn from(error: ReadFileError) -> Self {
        let kind = match &error {
            ReadFileError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            ReadFileError::DanglingLink { .. } => io::ErrorKind::NotFound,
            ReadFileError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}

impl From<ReplaceError> for io::Error {
    fn from(error: ReplaceError) -> Self {
        let kind = match &error {
            ReplaceError::NotAFile { .. } => io::ErrorKind::InvalidInput,
            ReplaceError::DanglingLink { .. } => io::ErrorKind::NotFound,
            ReplaceError::Changed { .. } => io::ErrorKind::Other,
            ReplaceError::MountPoint { source, .. }
            | ReplaceError::NotDurable { source, .. }
            | ReplaceError::Displaced { source, .. }
            | ReplaceError::Unclear { source, .. }
            | ReplaceError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}

impl From<AppendError> for io::Error {
    fn from(error: AppendError) -> Self {
        let kind = match &error {
            AppendError::NotALine { .. } | AppendError::NotAFile { .. } => {
                io::ErrorKind::InvalidInput
            }
            AppendError::DanglingLink { .. } => io::ErrorKind::NotFound,
            AppendError::Torn { source, .. }
            | AppendError::NotDurable { source, .. }
            | AppendError::Io { source, .. } => source.kind(),
        };
        Self::new(kind, error)
    }
}
