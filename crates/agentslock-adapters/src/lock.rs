//! Reading and changing the adapters of one document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agentslock_core::{Fields, Flushed, LOCK_VERSION, Lockfile, LockfileOptions};
use serde_json::value::RawValue;

use crate::adapter::Adapter;
use crate::error::{ChangeAdapterError, ReadAdaptersError};

const ADAPTERS: &str = "adapters";

/// A document, as adapter code sees it. It holds a path and no state: each call reads the document as
/// it is by then.
#[derive(Clone, Debug)]
pub struct AdaptersLock {
    path: PathBuf,
    options: LockfileOptions,
}

impl AdaptersLock {
    /// The document at `path`, with the default options. It need not exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self::with_options(path, LockfileOptions::new())
    }

    /// The document at `path`.
    pub fn with_options(path: impl AsRef<Path>, options: LockfileOptions) -> Self {
        Self { path: path.as_ref().to_owned(), options }
    }

    /// All adapters, by name.
    ///
    /// # Errors
    ///
    /// [`ReadAdaptersError`], which names entry and field.
    pub fn adapters(&self) -> Result<BTreeMap<String, Adapter>, ReadAdaptersError> {
        let lockfile = self.options.clone().open(&self.path)?;
        entries(&lockfile)?
            .into_iter()
            .map(|(name, raw)| {
                let adapter = decode(lockfile.path(), &name, &raw)?;
                Ok((name, adapter))
            })
            .collect()
    }

    /// Changes the entry of one adapter under the lock. `change` gets the entry as it is, and
    /// returns what it is to be. Entries of other adapters are not even decoded.
    pub(crate) fn change(
        &self,
        name: &str,
        mut change: impl FnMut(Option<Adapter>) -> Result<Adapter, ChangeAdapterError>,
    ) -> Result<Flushed, ChangeAdapterError> {
        check_name(name, "an adapter")?;
        let updated = self.options.clone().update(&self.path, |lockfile| {
            let found = lockfile.lock_version()?;
            if found > LOCK_VERSION {
                return Err(ChangeAdapterError::Version { path: self.path.clone(), found });
            }
            let mut entries = entries(lockfile)?;
            let before = entries.get(name).map(|raw| decode(&self.path, name, raw)).transpose()?;
            let after = change(before.clone())?;
            if before.as_ref() != Some(&after) {
                let raw = serde_json::value::to_raw_value(&after).map_err(|source| {
                    agentslock_core::StageError::Serialize { section: ADAPTERS.into(), source }
                })?;
                entries.insert(name.to_owned(), raw);
                lockfile.set_section(ADAPTERS, &entries)?;
            }
            Ok(())
        })?;
        Ok(updated.flushed)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

pub(crate) fn check_name(name: &str, what: &'static str) -> Result<(), ChangeAdapterError> {
    if name.is_empty() || name.contains('/') {
        return Err(ChangeAdapterError::UnusableName { name: name.to_owned(), what });
    }
    Ok(())
}

fn entries(lockfile: &Lockfile) -> Result<BTreeMap<String, Box<RawValue>>, ReadAdaptersError> {
    Ok(lockfile.section(ADAPTERS)?.unwrap_or_default())
}

fn decode(path: &Path, name: &str, raw: &RawValue) -> Result<Adapter, ReadAdaptersError> {
    let fields: Fields = serde_json::from_str(raw.get()).map_err(|source| {
        ReadAdaptersError::NotAnObject { path: path.to_owned(), adapter: name.to_owned(), source }
    })?;
    Adapter::from_fields(fields).map_err(|source| ReadAdaptersError::Entry {
        path: path.to_owned(),
        adapter: name.to_owned(),
        source,
    })
}
