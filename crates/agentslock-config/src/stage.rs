//! Staging a pass and a stamp: what is checked, what is kept, and what is refused.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Lockfile};
use serde::Serialize;

use crate::changes::{Refusal, Refused};
use crate::error::WriteError;
use crate::kind::Kind;
use crate::pass::Pass;
use crate::reference::Reference;
use crate::sections::{ARTIFACT_CONTENT, Locked, UNITS};
use crate::stamp::{INSTALL, INSTALLED_AT, Install, REFRESH, REFRESHED_AT, Refresh};
use crate::unit::Unit;

/// Stages what can be written, and returns what cannot.
pub(crate) fn stage_units(
    lockfile: &Lockfile,
    pass: &Pass,
    locked: &Locked,
) -> Result<Vec<Refused>, WriteError> {
    let mut entries = match &locked.entries {
        Some(entries) => entries.clone(),
        // With `units` the older sections are read no more: what they say must move along.
        None => {
            let mut entries = lockfile.entries_or_empty(UNITS)?;
            for (key, unit) in &locked.units {
                entries.set(key.as_str(), &unit.entry(None))?;
            }
            entries
        }
    };
    for (key, unit) in &locked.units {
        if pass.owns(&unit.kind) && !pass.units.contains_key(key) {
            entries.remove(key.as_str());
        }
    }
    let mut refused = Vec::new();
    for (reference, unit) in &pass.units {
        let before = locked.units.get(reference);
        if before.is_some_and(|before| pass.owns(&before.kind) && unit.is_still(before)) {
            continue;
        }
        match refusal(pass, reference, unit, before) {
            Some(reason) => refused.push(Refused::new(reference.clone(), reason)),
            None => entries.set(reference.as_str(), &unit.entry(before))?,
        }
    }
    lockfile.set_entries(&entries)?;
    Ok(refused)
}

/// Why `unit` cannot be written where `before` stands.
fn refusal(
    pass: &Pass,
    reference: &Reference,
    unit: &Unit,
    before: Option<&Unit>,
) -> Option<Refusal> {
    // What the document says already may be said again, whatever it is.
    let (says_reference, says_digest) = match before {
        // Another program's unit must not be taken over because a pass has one of the same name.
        Some(before) if !pass.owns(&before.kind) => {
            return Some(Refusal::Taken { kind: before.kind.clone() });
        }
        Some(before) => (true, unit.digest == before.digest),
        None => (false, false),
    };
    if !says_reference && let Err(error) = reference.check(&unit.kind) {
        return Some(Refusal::Reference(error));
    }
    if !says_digest && let Err(error) = unit.digest.check(&unit.kind) {
        return Some(Refusal::Revision(error));
    }
    None
}

/// As [`stage_units`].
pub(crate) fn stage_content(
    lockfile: &Lockfile,
    pass: &Pass,
    locked: &Locked,
    before: &BTreeMap<Reference, Digest>,
) -> Result<Vec<Refused>, WriteError> {
    let mut entries = lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
    let is_still = |key: &Reference| {
        let unit = pass.units.get(key).filter(|unit| unit.kind == Kind::Artifact);
        unit.zip(locked.units.get(key)).is_some_and(|(unit, locked)| unit.is_still(locked))
    };
    for key in before.keys() {
        if !pass.content.contains_key(key) && !is_still(key) {
            entries.remove(key.as_str());
        }
    }
    let mut refused = Vec::new();
    for (reference, digest) in &pass.content {
        if before.get(reference) == Some(digest) {
            continue;
        }
        match digest.check() {
            Ok(()) => entries.set(reference.as_str(), digest)?,
            Err(error) => refused.push(Refused::new(reference.clone(), Refusal::Content(error))),
        }
    }
    lockfile.set_entries(&entries)?;
    Ok(refused)
}

/// Stages a stamp of installing, if it says something else than `before`.
pub(crate) fn stage_install(
    lockfile: &Lockfile,
    before: Option<&Install>,
    stamp: &Install,
) -> Result<(), WriteError> {
    let wrong = |source| WriteError::Timestamp { section: INSTALL, field: INSTALLED_AT, source };
    // What the document says already may be said again, whatever it is.
    if before.is_none_or(|before| before.stamped_at != stamp.stamped_at) {
        stamp.stamped_at.check().map_err(wrong)?;
    }
    let mut after = stamp.clone();
    if let Some(before) = before {
        after.other = after.other.and_missing_of(&before.other);
    }
    stage(lockfile, INSTALL, before, &after)
}

/// Stages a stamp of refreshing, if it says something else than `before`.
pub(crate) fn stage_refresh(
    lockfile: &Lockfile,
    before: Option<&Refresh>,
    stamp: &Refresh,
) -> Result<(), WriteError> {
    let wrong = |source| WriteError::Timestamp { section: REFRESH, field: REFRESHED_AT, source };
    if let Some(at) = &stamp.refreshed_at
        && before.is_none_or(|before| before.refreshed_at.as_ref() != Some(at))
    {
        at.check().map_err(wrong)?;
    }
    let mut after = stamp.clone();
    if let Some(before) = before {
        after.other = after.other.and_missing_of(&before.other);
    }
    stage(lockfile, REFRESH, before, &after)
}

fn stage<T: PartialEq + Serialize>(
    lockfile: &Lockfile,
    section: &str,
    before: Option<&T>,
    after: &T,
) -> Result<(), WriteError> {
    if before != Some(after) {
        lockfile.set_section(section, after)?;
    }
    Ok(())
}
