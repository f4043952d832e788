//! One change to a document: several passes and stamps, which are written together.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Flushed, Lockfile, ReadError};
use serde::Serialize;

use crate::changes::{Change, Changes, Plan, Refusal, Refused, between};
use crate::error::WriteError;
use crate::kind::Kind;
use crate::pass::Pass;
use crate::reference::Reference;
use crate::sections::{ARTIFACT_CONTENT, Locked, UNITS, content, inputs_digest, install, refresh};
use crate::stamp::{self, Install, Refresh};
use crate::unit::Unit;

/// The document inside [`ConfigLock::update`](crate::ConfigLock::update): as it is now, with what was
/// changed so far.
#[derive(Debug)]
pub struct Transaction<'a> {
    lockfile: &'a Lockfile,
    /// Whether what cannot be written is gathered, or an error.
    plans: bool,
    before: Before,
    refused: Vec<Refused>,
}

/// What stood in the sections that were changed.
#[derive(Debug, Default)]
struct Before {
    units: Option<BTreeMap<Reference, Unit>>,
    content: Option<BTreeMap<Reference, Digest>>,
    inputs_digest: Option<Was<Digest>>,
    install: Option<Was<Install>>,
    refresh: Option<Was<Refresh>>,
}

/// What was there, if anything was.
#[derive(Debug)]
struct Was<T>(Option<T>);

/// What a write did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Written {
    /// What changed.
    pub changes: Changes,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Written {
    /// What a write could have done, for a test.
    pub fn new(changes: Changes, flushed: Flushed) -> Self {
        Self { changes, flushed }
    }
}

impl<'a> Transaction<'a> {
    /// Lets `change` happen to `lockfile`, which is not flushed. With `plans` what cannot be written is
    /// gathered.
    pub(crate) fn run(
        lockfile: &'a Lockfile,
        plans: bool,
        change: &mut impl FnMut(&mut Self) -> Result<(), WriteError>,
    ) -> Result<Plan, WriteError> {
        lockfile.refuse_later_version()?;
        let (before, refused) = (Before::default(), Vec::new());
        let mut transaction = Self { lockfile, plans, before, refused };
        change(&mut transaction)?;
        transaction.plan()
    }

    /// As [`Snapshot::units`](crate::Snapshot::units).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn units(&self) -> Result<BTreeMap<Reference, Unit>, ReadError> {
        Ok(Locked::read(self.lockfile)?.units)
    }

    /// As [`Snapshot::inputs_digest`](crate::Snapshot::inputs_digest).
    pub fn inputs_digest(&self) -> Option<Digest> {
        inputs_digest(self.lockfile)
    }

    /// As [`ConfigLock::write`](crate::ConfigLock::write).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn write(&mut self, pass: &Pass) -> Result<(), WriteError> {
        let locked = Locked::read(self.lockfile)?;
        self.before.units.get_or_insert_with(|| locked.units.clone());
        let refused = stage_units(self.lockfile, pass, &locked)?;
        self.refuse(refused)?;
        if pass.owns(&Kind::Artifact) {
            let entries = self.lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
            let before = content(&entries)?;
            let refused = stage_content(self.lockfile, pass, &locked, &before)?;
            self.before.content.get_or_insert(before);
            self.refuse(refused)?;
        }
        if let Some(digest) = &pass.inputs_digest {
            digest.check().map_err(WriteError::InputsDigest)?;
            self.before.inputs_digest.get_or_insert_with(|| Was(inputs_digest(self.lockfile)));
            self.lockfile.set_inputs_digest(digest.as_str());
        }
        Ok(())
    }

    /// As [`ConfigLock::stamp_install`](crate::ConfigLock::stamp_install).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn stamp_install(&mut self, stamp: &Install) -> Result<(), WriteError> {
        let before = install(self.lockfile)?;
        stamp::stage_install(self.lockfile, before.as_ref(), stamp)?;
        self.before.install.get_or_insert(Was(before));
        Ok(())
    }

    /// As [`ConfigLock::stamp_refresh`](crate::ConfigLock::stamp_refresh).
    ///
    /// # Errors
    ///
    /// [`WriteError`]; return it.
    pub fn stamp_refresh(&mut self, stamp: &Refresh) -> Result<(), WriteError> {
        let before = refresh(self.lockfile)?;
        stamp::stage_refresh(self.lockfile, before.as_ref(), stamp)?;
        self.before.refresh.get_or_insert(Was(before));
        Ok(())
    }

    fn refuse(&mut self, refused: Vec<Refused>) -> Result<(), WriteError> {
        if !self.plans && !refused.is_empty() {
            return Err(WriteError::Refused { path: self.lockfile.path().to_owned(), refused });
        }
        self.refused.extend(refused);
        Ok(())
    }

    fn plan(self) -> Result<Plan, WriteError> {
        let (lockfile, before) = (self.lockfile, self.before);
        let mut changes = Changes::default();
        if let Some(before) = before.units {
            changes.units = between(before, Locked::read(lockfile)?.units);
        }
        if let Some(before) = before.content {
            let entries = lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
            changes.artifact_content = between(before, content(&entries)?);
        }
        if let Some(Was(before)) = before.inputs_digest {
            changes.inputs_digest = Change::of(before, inputs_digest(lockfile));
        }
        if let Some(Was(before)) = before.install {
            changes.install = Change::of(before, install(lockfile)?);
        }
        if let Some(Was(before)) = before.refresh {
            changes.refresh = Change::of(before, refresh(lockfile)?);
        }
        Ok(Plan { changes, refused: self.refused })
    }
}

/// Stages what can be written, and returns what cannot.
fn stage_units(
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
fn stage_content(
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
