//! A snapshot: one document, read once.

use std::collections::BTreeMap;
use std::path::Path;

use agentslock_core::{Digest, Lockfile, ReadError};

use crate::reference::Reference;
use crate::sections::{ARTIFACT_CONTENT, Locked, content, inputs_digest, install, refresh};
use crate::stamp::{Install, Refresh};
use crate::unit::Unit;

/// One document, as it was when it was read. Whatever its methods return is of that one document,
/// even if other programs have written since.
///
/// A section is decoded when it is asked for, so that a flaw in one keeps nobody from the others.
#[derive(Debug)]
pub struct Snapshot {
    lockfile: Lockfile,
}

impl Snapshot {
    pub(crate) fn new(lockfile: Lockfile) -> Self {
        Self { lockfile }
    }

    /// The path of the document, absolute.
    pub fn path(&self) -> &Path {
        self.lockfile.path()
    }

    /// The whole document.
    pub fn text(&self) -> String {
        self.lockfile.text()
    }

    /// All units, by reference. Of a document that has none yet: what its older sections say.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry, field and place.
    pub fn units(&self) -> Result<BTreeMap<Reference, Unit>, ReadError> {
        Ok(Locked::read(&self.lockfile)?.units)
    }

    /// The digests of the artifacts' content.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry and place.
    pub fn artifact_content(&self) -> Result<BTreeMap<Reference, Digest>, ReadError> {
        Ok(content(&self.lockfile.entries_or_empty(ARTIFACT_CONTENT)?)?)
    }

    /// The digest of the inputs that the document was resolved from, as it stands there; `None` if
    /// it is missing, empty or not a text.
    pub fn inputs_digest(&self) -> Option<Digest> {
        inputs_digest(&self.lockfile)
    }

    /// What the project was installed by; `None` if the document does not say.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, field and place.
    pub fn install_stamp(&self) -> Result<Option<Install>, ReadError> {
        Ok(install(&self.lockfile)?)
    }

    /// What the project was last refreshed by; `None` if the document does not say.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, field and place.
    pub fn refresh_stamp(&self) -> Result<Option<Refresh>, ReadError> {
        Ok(refresh(&self.lockfile)?)
    }
}
