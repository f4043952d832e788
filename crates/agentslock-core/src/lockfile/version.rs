//! Which documents a typed crate may write: not those of a later format, whose sections it does not
//! know.

use super::Lockfile;
use crate::document::reserved::LOCK_VERSION;
use crate::error::VersionError;

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
