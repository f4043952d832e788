//! What the errors say, and what caused them. By hand: this crate takes no macros.

use std::error::Error;
use std::fmt;

use super::{AppendError, ReadFileError, ReplaceError};

impl fmt::Display for ReadFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile { path, kind } => {
                write!(f, "failed to read `{}`: it is {kind}, not a regular file", path.display())
            }
            Self::DanglingLink { path } => write!(
                f,
                "failed to read `{}`: it is a symbolic link that leads nowhere",
                path.display()
            ),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

impl Error for ReadFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::NotAFile { .. } | Self::DanglingLink { .. } => None,
        }
    }
}

impl fmt::Display for ReplaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFile { path, kind } => {
                write!(f, "failed to write `{}`: it is {kind}, not a regular file", path.display())
            }
            Self::DanglingLink { path } => write!(
                f,
                "failed to write `{}`: it is a symbolic link that leads nowhere",
                path.display()
            ),
            Self::MountPoint { path, .. } => write!(
                f,
                "failed to replace `{}`: it is mounted as a single file, and cannot be replaced; \
                 mount its directory instead",
                path.display()
            ),
            Self::Changed { path } => write!(
                f,
                "failed to replace `{}`: it is not the file that was read any more; another program \
                 changed it meanwhile; try again",
                path.display()
            ),
            Self::NotDurable { path, .. } => write!(
                f,
                "`{}` is written, but not yet durable: failed to sync its directory",
                path.display()
            ),
            Self::Displaced { path, displaced, .. } => write!(
                f,
                "`{}` was written; another program had put a file there a moment before, which could \
                 not be put back and is `{}` now; compare the two",
                path.display(),
                displaced.display()
            ),
            Self::Unclear { path, left, .. } => write!(
                f,
                "failed to replace `{}`: another program changed it in the same moment; what came in \
                 between is `{}` now; compare the two, and try again",
                path.display(),
                left.display()
            ),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

impl Error for ReplaceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::MountPoint { source, .. }
            | Self::NotDurable { source, .. }
            | Self::Displaced { source, .. }
            | Self::Unclear { source, .. }
            | Self::Io { source, .. } => Some(source),
            Self::NotAFile { .. } | Self::DanglingLink { .. } | Self::Changed { .. } => None,
        }
    }
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotALine { path, reason } => {
                write!(f, "failed to append to `{}`: the record {reason}", path.display())
            }
            Self::NotAFile { path, kind } => {
                write!(
                    f,
                    "failed to append to `{}`: it is {kind}, not a regular file",
                    path.display()
                )
            }
            Self::DanglingLink { path } => write!(
                f,
                "failed to append to `{}`: it is a symbolic link that leads nowhere",
                path.display()
            ),
            Self::Torn { path, .. } => write!(
                f,
                "failed to append to `{}`: it now ends with a torn record",
                path.display()
            ),
            Self::NotDurable { path, .. } => write!(
                f,
                "the record is in `{}`, but not yet durable: failed to sync it",
                path.display()
            ),
            Self::Io { verb, path, .. } => write!(f, "failed to {verb} `{}`", path.display()),
        }
    }
}

impl Error for AppendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Torn { source, .. }
            | Self::NotDurable { source, .. }
            | Self::Io { source, .. } => Some(source),
            Self::NotALine { .. } | Self::NotAFile { .. } | Self::DanglingLink { .. } => None,
        }
    }
}
