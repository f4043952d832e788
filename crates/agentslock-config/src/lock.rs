//! Reading and writing the units of one document.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agentslock_core::{Digest, Fields, Flushed, LOCK_VERSION, Lockfile, LockfileOptions};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::{ReadUnitsError, WriteUnitsError};
use crate::legacy::{self, in_entry};
use crate::pass::Pass;
use crate::reference::Reference;
use crate::unit::Unit;

const UNITS: &str = "units";

/// An object of objects, each still with all its fields as they were spelled.
pub(crate) type Entries = Vec<(String, Fields)>;

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
    /// [`ReadUnitsError`], which names section, entry and field.
    pub fn units(&self) -> Result<BTreeMap<Reference, Unit>, ReadUnitsError> {
        let lockfile = self.options.clone().open(&self.path)?;
        let units = locked(&lockfile)?;
        Ok(units
            .into_iter()
            .map(|(key, locked)| (Reference::as_found(&key), locked.unit))
            .collect())
    }

    /// The digest of the inputs that the document was resolved from; `None` when it has none.
    ///
    /// # Errors
    ///
    /// [`ReadUnitsError::Open`].
    pub fn inputs_digest(&self) -> Result<Option<String>, ReadUnitsError> {
        Ok(self.options.clone().open(&self.path)?.inputs_digest())
    }

    /// Replaces all units of the kinds that `pass` owns by those that it found, and, if given,
    /// the digest of the inputs, in one write.
    ///
    /// A unit that is as it was (kind, digest and cache key) keeps its entry to the byte. One that
    /// changed keeps the fields that this crate does not know.
    ///
    /// # Errors
    ///
    /// [`WriteUnitsError`]; unless it says otherwise, the file is as it was.
    pub fn write(
        &self,
        pass: &Pass,
        inputs_digest: Option<&Digest>,
    ) -> Result<Flushed, WriteUnitsError> {
        let updated = self.options.clone().update(&self.path, |lockfile| {
            refuse_later_version(lockfile)?;
            let before = locked(lockfile)?;
            refuse_taken(pass, &before, &self.path)?;
            if let Some(after) = apply(pass, &before) {
                lockfile.set_section(UNITS, &after)?;
            }
            if let Some(digest) = inputs_digest {
                lockfile.set_inputs_digest(digest.as_str());
            }
            Ok::<_, WriteUnitsError>(())
        })?;
        Ok(updated.flushed)
    }
}

/// A unit as it stands in the document.
struct Locked {
    unit: Unit,
    /// `None` when it stands in an older section and has no entry in `units`.
    entry: Option<Fields>,
}

/// An entry of the section to be written.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Kept(&'a Fields),
    Made(Unit),
}

fn locked(lockfile: &Lockfile) -> Result<BTreeMap<String, Locked>, ReadUnitsError> {
    let Some(entries) = entries(lockfile, UNITS)? else {
        let older = legacy::units(lockfile)?;
        return Ok(older.into_iter().map(|(k, unit)| (k, Locked { unit, entry: None })).collect());
    };
    entries
        .into_iter()
        .map(|(key, fields)| {
            let unit = Unit::from_fields(fields.clone())
                .map_err(|source| in_entry(lockfile.path(), UNITS, &key, source))?;
            Ok((key, Locked { unit, entry: Some(fields) }))
        })
        .collect()
}

/// Another program's unit must not be taken over because a pass calls one of its own the same.
fn refuse_taken(
    pass: &Pass,
    before: &BTreeMap<String, Locked>,
    path: &Path,
) -> Result<(), WriteUnitsError> {
    for reference in pass.units.keys() {
        if let Some(locked) = before.get(reference.as_str())
            && !pass.owns(&locked.unit.kind)
        {
            return Err(WriteUnitsError::Taken {
                path: path.to_owned(),
                reference: reference.clone(),
                kind: locked.unit.kind.clone(),
            });
        }
    }
    Ok(())
}

/// The section after the pass; `None` when nothing changed.
fn apply<'a>(
    pass: &'a Pass,
    before: &'a BTreeMap<String, Locked>,
) -> Option<BTreeMap<&'a str, Entry<'a>>> {
    let mut after = BTreeMap::new();
    let mut changed = false;
    for (key, locked) in before {
        if pass.owns(&locked.unit.kind) {
            changed |= !pass.units.contains_key(&Reference::as_found(key));
            continue;
        }
        changed |= locked.entry.is_none();
        after.insert(key.as_str(), kept(locked));
    }
    for (reference, unit) in &pass.units {
        let key = reference.as_str();
        let entry = match before.get(key) {
            Some(locked) if locked.entry.is_some() && unit.is_still(&locked.unit) => kept(locked),
            locked => {
                changed = true;
                let other = locked.map(|locked| locked.unit.other.clone());
                let other = other.filter(|_| unit.other.is_empty());
                Entry::Made(Unit {
                    other: other.unwrap_or_else(|| unit.other.clone()),
                    ..unit.clone()
                })
            }
        };
        after.insert(key, entry);
    }
    changed.then_some(after)
}

fn kept(locked: &Locked) -> Entry<'_> {
    match &locked.entry {
        Some(fields) => Entry::Kept(fields),
        None => Entry::Made(locked.unit.clone()),
    }
}

pub(crate) fn entries(
    lockfile: &Lockfile,
    section: &'static str,
) -> Result<Option<Entries>, ReadUnitsError> {
    let Some(raw) = lockfile.section::<BTreeMap<String, Box<RawValue>>>(section)? else {
        return Ok(None);
    };
    raw.into_iter()
        .map(|(entry, value)| match serde_json::from_str(value.get()) {
            Ok(fields) => Ok((entry, fields)),
            Err(source) => {
                let path = lockfile.path().to_owned();
                Err(ReadUnitsError::NotAnObject { path, section, entry, source })
            }
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

fn refuse_later_version(lockfile: &Lockfile) -> Result<(), WriteUnitsError> {
    match lockfile.lock_version()? {
        found if found > LOCK_VERSION => {
            Err(WriteUnitsError::Version { path: lockfile.path().to_owned(), found })
        }
        _ => Ok(()),
    }
}
