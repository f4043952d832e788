//! Writing a pass.

use agentslock_core::{Flushed, Lockfile};

use crate::error::WriteError;
use crate::kind::Kind;
use crate::lock::{ARTIFACT_CONTENT, ConfigLock, Locked, UNITS, content};
use crate::pass::Pass;

impl ConfigLock {
    /// Replaces all units of the kinds that `pass` owns by those that it found, in one write with the
    /// digests of the artifacts' content, if it owns artifacts, and the digest of the inputs, if it
    /// states one.
    ///
    /// A unit that is as it was (kind, digest and cache key) keeps its entry as it is spelled. One that
    /// changed keeps the fields that this crate does not know.
    ///
    /// # Errors
    ///
    /// [`WriteError`]; unless it says otherwise, the file is as it was.
    pub fn write(&self, pass: &Pass) -> Result<Flushed, WriteError> {
        if let Some(digest) = &pass.inputs_digest {
            digest.check()?;
        }
        self.update(|lockfile| {
            lockfile.refuse_later_version()?;
            let locked = Locked::read(lockfile)?;
            stage_units(lockfile, pass, &locked)?;
            if pass.owns(&Kind::Artifact) {
                stage_content(lockfile, pass, &locked)?;
            }
            if let Some(digest) = &pass.inputs_digest {
                lockfile.set_inputs_digest(digest.as_str());
            }
            Ok(())
        })
    }
}

fn stage_units(lockfile: &Lockfile, pass: &Pass, locked: &Locked) -> Result<(), WriteError> {
    let mut entries = match &locked.entries {
        Some(entries) => entries.clone(),
        // With `units` the older sections are read no more: what they say has to move along.
        None => {
            let mut entries = lockfile.entries_or_empty(UNITS)?;
            for (key, unit) in &locked.units {
                entries.set(key, &unit.entry(None))?;
            }
            entries
        }
    };
    for (key, unit) in &locked.units {
        if pass.owns(&unit.kind) && !pass.units.contains_key(key.as_str()) {
            entries.remove(key);
        }
    }
    for (reference, unit) in &pass.units {
        let before = locked.units.get(reference.as_str());
        match before {
            // Another program's unit must not be taken over because a pass calls one of its own alike.
            Some(before) if !pass.owns(&before.kind) => {
                return Err(WriteError::Taken {
                    path: lockfile.path().to_owned(),
                    reference: reference.clone(),
                    kind: before.kind.clone(),
                });
            }
            Some(before) if unit.is_still(before) => continue,
            // What the document says already may be said again, whatever it is.
            Some(before) if unit.digest == before.digest => {}
            Some(_) => unit.digest.check()?,
            None => {
                reference.parts()?;
                unit.digest.check()?;
            }
        }
        entries.set(reference.as_str(), &unit.entry(before))?;
    }
    Ok(lockfile.set_entries(&entries)?)
}

fn stage_content(lockfile: &Lockfile, pass: &Pass, locked: &Locked) -> Result<(), WriteError> {
    let mut entries = lockfile.entries_or_empty(ARTIFACT_CONTENT)?;
    let before = content(&entries)?;
    let is_still = |key: &str| {
        let unit = pass.units.get(key).filter(|unit| unit.kind == Kind::Artifact);
        unit.zip(locked.units.get(key)).is_some_and(|(unit, locked)| unit.is_still(locked))
    };
    for key in before.keys() {
        if !pass.content.contains_key(key.as_str()) && !is_still(key) {
            entries.remove(key);
        }
    }
    for (reference, digest) in &pass.content {
        let key = reference.as_str();
        if before.get(key) != Some(digest) {
            digest.check()?;
            entries.set(key, digest)?;
        }
    }
    Ok(lockfile.set_entries(&entries)?)
}
