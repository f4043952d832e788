//! One document, as adapter code sees it, and reading it.

use std::collections::BTreeMap;
use std::path::Path;

use agentslock_core::{
    DocumentPlace, Lockfile, LockfileOptions, OpenError, ReadError, SectionError,
};

use crate::adapter::Adapter;
use crate::error::UnusableNameError;
use crate::machine::Status;
use crate::view::ViewName;

pub(crate) const ADAPTERS: &str = "adapters";

/// A document, as adapter code sees it. It holds a path and no state: each call reads the document
/// as it is by then.
#[derive(Clone, Debug)]
pub struct AdaptersLock(DocumentPlace);

impl AdaptersLock {
    /// The document at `path`, with the default options. It need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::with_options(path, LockfileOptions::new())
    }

    /// The document at `path`.
    pub fn with_options(path: impl AsRef<Path>, options: LockfileOptions) -> Self {
        Self(DocumentPlace::file(path, options))
    }

    /// A document without a file, for tests of code that reads or writes one. All calls work on
    /// `text`. The clones of a handle share it.
    ///
    /// # Errors
    ///
    /// [`OpenError::Malformed`] if it is not a lock document.
    pub fn from_text(text: impl Into<String>) -> Result<Self, OpenError> {
        Ok(Self(DocumentPlace::memory(text)?))
    }

    /// The path of the document, as it was given.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The whole document.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn text(&self) -> Result<String, OpenError> {
        Ok(self.open()?.text())
    }

    /// All adapters, by name: one consistent picture, of one document.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry and field.
    pub fn adapters(&self) -> Result<BTreeMap<String, Adapter>, ReadError> {
        Ok(read(&self.open()?)?)
    }

    /// The views that depend on the adapter `dependee` and need a new definition, sorted. As long
    /// as there is any, `dependee` must not go live with the schema that they do not fit.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry and field.
    pub fn activation_blockers(&self, dependee: &str) -> Result<Vec<ViewName>, ReadError> {
        Ok(blockers(&self.adapters()?, dependee))
    }

    pub(crate) fn open(&self) -> Result<Lockfile, OpenError> {
        self.0.open()
    }

    pub(crate) fn place(&self) -> &DocumentPlace {
        &self.0
    }
}

pub(crate) fn check_name(name: &str, what: &'static str) -> Result<(), UnusableNameError> {
    if name.is_empty() || name.contains('/') {
        return Err(UnusableNameError { name: name.to_owned(), what });
    }
    Ok(())
}

pub(crate) fn read(lockfile: &Lockfile) -> Result<BTreeMap<String, Adapter>, SectionError> {
    lockfile.entries_or_empty(ADAPTERS)?.objects(Adapter::from_fields)
}

pub(crate) fn blockers(adapters: &BTreeMap<String, Adapter>, dependee: &str) -> Vec<ViewName> {
    let mut blockers: Vec<_> = adapters
        .iter()
        .flat_map(|(name, adapter)| {
            let views = adapter.materialized_views.iter().filter(|(_, view)| {
                view.view_status == Status::DslUpdateRequired && view.is_built_against(dependee)
            });
            views.map(|(view, _)| ViewName { adapter: name.clone(), view: view.clone() })
        })
        .collect();
    blockers.sort();
    blockers
}
