//! Reading the sections of one document.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Entries, Lockfile, SectionError};

use crate::legacy;
use crate::reference::Reference;
use crate::stamp::{INSTALL, Install, REFRESH, Refresh};
use crate::unit::Unit;

pub(crate) const UNITS: &str = "units";
pub(crate) const ARTIFACT_CONTENT: &str = "artifact-content";

/// The units as they stand in a document.
pub(crate) struct Locked {
    pub(crate) units: BTreeMap<Reference, Unit>,
    /// Where they stand, unless it is in the older sections.
    pub(crate) entries: Option<Entries>,
}

impl Locked {
    pub(crate) fn read(lockfile: &Lockfile) -> Result<Self, SectionError> {
        // `null` is what a Go program writes that has no units. It hides the older sections, too.
        let entries = match lockfile.section_raw(UNITS)? {
            Some(_) => Some(lockfile.entries_or_empty(UNITS)?),
            None => None,
        };
        let units = match &entries {
            Some(entries) => entries.objects(Unit::from_fields)?,
            None => legacy::units(lockfile)?,
        };
        Ok(Self { units: by_reference(units), entries })
    }
}

pub(crate) fn content(entries: &Entries) -> Result<BTreeMap<Reference, Digest>, SectionError> {
    let digest = |key: &str| entries.get::<String>(key).map(|text| text.map(Digest::verbatim));
    entries
        .keys()
        .filter_map(|key| digest(key).map(|it| Some((Reference::verbatim(key), it?))).transpose())
        .collect()
}

pub(crate) fn inputs_digest(lockfile: &Lockfile) -> Option<Digest> {
    lockfile.inputs_digest()
}

pub(crate) fn install(lockfile: &Lockfile) -> Result<Option<Install>, SectionError> {
    lockfile.object(INSTALL, Install::from_fields)
}

pub(crate) fn refresh(lockfile: &Lockfile) -> Result<Option<Refresh>, SectionError> {
    lockfile.object(REFRESH, Refresh::from_fields)
}

fn by_reference<T>(entries: BTreeMap<String, T>) -> BTreeMap<Reference, T> {
    entries.into_iter().map(|(key, entry)| (Reference::verbatim(key), entry)).collect()
}
