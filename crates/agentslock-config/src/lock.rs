//! One document, as a resolver sees it, and reading it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agentslock_core::{Digest, Entries, FlushError, Flushed, Lockfile, LockfileOptions, OpenError};
use agentslock_core::{ReadError, SectionError};

use crate::legacy;
use crate::reference::Reference;
use crate::unit::Unit;

pub(crate) const UNITS: &str = "units";
pub(crate) const ARTIFACT_CONTENT: &str = "artifact-content";

/// A document, as a resolver sees it. It holds a path and no state: each call reads the document as it
/// is by then.
#[derive(Clone, Debug)]
pub struct ConfigLock {
    path: PathBuf,
    options: LockfileOptions,
}

impl ConfigLock {
    /// The document at `path`, with the default options. It need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::with_options(path, LockfileOptions::new())
    }

    /// The document at `path`.
    pub fn with_options(path: impl AsRef<Path>, options: LockfileOptions) -> Self {
        Self { path: path.as_ref().to_owned(), options }
    }

    /// All units, by reference. Of a document that has none yet: what its older sections say.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry and field.
    pub fn units(&self) -> Result<BTreeMap<Reference, Unit>, ReadError> {
        Ok(by_reference(Locked::read(&self.open()?)?.units))
    }

    /// The digests of the artifacts' content.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section and entry.
    pub fn artifact_content(&self) -> Result<BTreeMap<Reference, Digest>, ReadError> {
        Ok(by_reference(content(&self.open()?.entries_or_empty(ARTIFACT_CONTENT)?)?))
    }

    /// The digest of the inputs that the document was resolved from; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`ReadError::Open`].
    pub fn inputs_digest(&self) -> Result<Option<String>, ReadError> {
        Ok(self.open()?.inputs_digest())
    }

    pub(crate) fn open(&self) -> Result<Lockfile, OpenError> {
        self.options.open(&self.path)
    }

    pub(crate) fn update<E: From<FlushError>>(
        &self,
        change: impl FnMut(&Lockfile) -> Result<(), E>,
    ) -> Result<Flushed, E> {
        Ok(self.options.update(&self.path, change)?.flushed)
    }
}

/// The units as they stand in a document.
pub(crate) struct Locked {
    pub(crate) units: BTreeMap<String, Unit>,
    /// Where they stand, unless it is in the older sections.
    pub(crate) entries: Option<Entries>,
}

impl Locked {
    pub(crate) fn read(lockfile: &Lockfile) -> Result<Self, SectionError> {
        let entries = lockfile.entries(UNITS)?;
        let units = match &entries {
            Some(entries) => entries.objects(Unit::from_fields)?,
            None => legacy::units(lockfile)?,
        };
        Ok(Self { units, entries })
    }
}

pub(crate) fn content(entries: &Entries) -> Result<BTreeMap<String, Digest>, SectionError> {
    entries
        .keys()
        .filter_map(|key| {
            entries.get(key).map(|digest| Some((key.to_owned(), digest?))).transpose()
        })
        .collect()
}

fn by_reference<T>(entries: BTreeMap<String, T>) -> BTreeMap<Reference, T> {
    entries.into_iter().map(|(key, entry)| (Reference::as_found(&key), entry)).collect()
}
