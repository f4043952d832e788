//! Which documents a typed crate may write: not those of a later format, whose sections it does not
//! know.

use std::path::PathBuf;

use super::Lockfile;
use crate::document::reserved::LOCK_VERSION;
use crate::error::SectionError;

/// Why a typed section is not written into a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// The document is of a later format.
    #[error(
        "`{}` has format version {found}; this program writes version {LOCK_VERSION} only: update it",
        path.display()
    )]
    Later {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u64,
    },
    /// The version is not a whole number.
    #[error(transparent)]
    Unreadable(#[from] SectionError),
}

impl Lockfile {
    /// Refuses a document of a later format than this crate knows. A program calls it before it
    /// stages a section whose schema it knows by this version; reading needs no such check.
    ///
    /// # Errors
    ///
    /// [`VersionError`].
    pub fn refuse_later_version(&self) -> Result<(), VersionError> {
        match self.lock_version()? {
            found if found > LOCK_VERSION => {
                Err(VersionError::Later { path: self.path().to_owned(), found })
            }
            _ => Ok(()),
        }
    }
}
