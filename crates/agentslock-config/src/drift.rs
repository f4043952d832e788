//! Drift: how what is declared and what is locked differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::SystemTime;

use agentslock_core::{Lockfile, ReadError, SectionError};

use crate::declared::Declared;
use crate::legacy;
use crate::lock::{ConfigLock, Locked};
use crate::reference::Reference;

/// How one reference stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// The reference, which is declared, locked, or both.
    pub reference: Reference,
    /// How it stands.
    pub state: DriftState,
}

/// How a reference stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriftState {
    /// Declared and locked.
    Ok,
    /// Declared, and not locked.
    MissingFromLock,
    /// Locked, and not declared.
    ExtraInLock,
    /// Declared and locked, but by an entry of an older section that has expired.
    TtlExpired,
}

impl DriftState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::MissingFromLock => "missing-from-lock",
            Self::ExtraInLock => "extra-in-lock",
            Self::TtlExpired => "ttl-expired",
        }
    }
}

impl fmt::Display for DriftState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reference, self.state)
    }
}

impl ConfigLock {
    /// How each reference that is declared or locked stands at the time `now`, by reference. The clock
    /// matters only to documents that have no `units` yet, whose entries can expire.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry and field.
    pub fn drift(&self, declared: &Declared, now: SystemTime) -> Result<Vec<Drift>, ReadError> {
        let lockfile = self.open()?;
        let locked = Locked::read(&lockfile)?;
        let expired = expired(&lockfile, &locked, now)?;
        let covered = locked.units.iter().filter(|(_, unit)| declared.covers(&unit.kind));
        let extra = covered.map(|(key, _)| (key.as_str(), DriftState::ExtraInLock));
        let mut states: BTreeMap<&str, DriftState> = extra.collect();
        for reference in &declared.references {
            let key = reference.as_str();
            let state = match (states.contains_key(key), expired.contains(key)) {
                (false, _) => DriftState::MissingFromLock,
                (true, false) => DriftState::Ok,
                (true, true) => DriftState::TtlExpired,
            };
            states.insert(key, state);
        }
        let drift = |(key, state)| Drift { reference: Reference::as_found(key), state };
        Ok(states.into_iter().map(drift).collect())
    }
}

/// The references whose entries have expired. Those in `units` do not.
fn expired(
    lockfile: &Lockfile,
    locked: &Locked,
    now: SystemTime,
) -> Result<BTreeSet<String>, SectionError> {
    if locked.entries.is_some() {
        return Ok(BTreeSet::new());
    }
    let expiries = legacy::expiries(lockfile)?;
    Ok(expiries.into_iter().filter(|(_, at)| *at <= now).map(|(key, _)| key).collect())
}
