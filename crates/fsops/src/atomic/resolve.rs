//! Where the file is that is to be replaced.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::durability::{Durability, parent_of};
use crate::error::ReplaceError;
use crate::sys;

/// The place of the file to be replaced, and what is there.
pub(super) struct Resolved {
    pub(super) place: sys::Place,
    /// Absolute, links followed.
    pub(super) target: PathBuf,
    pub(super) found: Option<sys::Found>,
}

impl Resolved {
    /// Follows links to the file, and opens its directory.
    pub(super) fn of(path: &Path, durability: Durability) -> Result<Self, ReplaceError> {
        let failed = |verb| move |source| ReplaceError::Io { verb, path: path.to_owned(), source };
        let target = sys::absolute(path).map_err(failed("make absolute"))?;
        let resolved = Self::at(target, durability)?;
        if !resolved.found.as_ref().is_some_and(sys::Found::is_link) {
            return resolved.checked();
        }
        match std::fs::canonicalize(&resolved.target) {
            Ok(target) => Self::at(target, durability)?.checked(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(ReplaceError::DanglingLink { path: resolved.target })
            }
            Err(error) => Err(failed("follow the link")(error)),
        }
    }

    fn at(target: PathBuf, durability: Durability) -> Result<Self, ReplaceError> {
        if target.file_name().is_none() {
            return Err(ReplaceError::NotAFile { path: target, kind: "a directory" });
        }
        let opened = sys::Place::open(&target, durability == Durability::Full);
        let place = opened.map_err(|source| {
            let path = parent_of(&target);
            ReplaceError::Io { verb: "open the directory", path, source }
        })?;
        let found = place.look().map_err(|source| ReplaceError::Io {
            verb: "examine",
            path: target.clone(),
            source,
        })?;
        Ok(Self { place, target, found })
    }

    /// Refuses what is no file, or must not be replaced. (A link that comes to be behind a link is
    /// one, too.)
    fn checked(self) -> Result<Self, ReplaceError> {
        let Some(found) = &self.found else { return Ok(self) };
        if let Some(kind) = found.not_regular() {
            return Err(ReplaceError::NotAFile { path: self.target, kind });
        }
        match found.may_be_replaced() {
            Ok(()) => Ok(self),
            Err(source) => Err(ReplaceError::Io { verb: "replace", path: self.target, source }),
        }
    }
}
