//! Drift: how what is declared and what is locked differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use agentslock_core::ReadError;
use serde::Serialize;

use crate::declared::Declared;
use crate::reference::Reference;
use crate::snapshot::Snapshot;

/// How one identity stands: a reference without its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Drift {
    /// The identity, of which something is declared, locked, or both.
    pub identity: String,
    /// How it stands.
    pub state: DriftState,
    /// The references of this identity: those that are declared if none is locked, else those that
    /// are locked.
    pub references: Vec<Reference>,
}

/// How an identity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DriftState {
    /// Declared and locked.
    Ok,
    /// Declared, and not locked.
    MissingFromLock,
    /// Locked, and not declared.
    ExtraInLock,
}

/// How each identity stands, sorted. Shown, it has a line for each that is not as it should be,
/// each with a newline at its end: use `print!`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DriftReport {
    /// One for each identity.
    pub drifts: Vec<Drift>,
    /// Whether anything is declared. If not, drift does not apply.
    pub applies: bool,
}

impl DriftState {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::MissingFromLock => "missing-from-lock",
            Self::ExtraInLock => "extra-in-lock",
        }
    }
}

impl fmt::Display for DriftState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Drift {
    /// The identity of these references stands so.
    pub fn new(state: DriftState, references: Vec<Reference>) -> Self {
        let identity = references.first().map_or("", Reference::identity).to_owned();
        Self { identity, state, references }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.identity, self.state)
    }
}

impl DriftReport {
    /// A report of these drifts, about something that is declared.
    pub fn new(drifts: Vec<Drift>) -> Self {
        Self { drifts, applies: true }
    }

    /// Whether all that is declared is locked, and the other way round; also if nothing is
    /// declared.
    pub fn is_clean(&self) -> bool {
        !self.applies || self.drifts.iter().all(|drift| drift.state == DriftState::Ok)
    }
}

impl fmt::Display for DriftReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apart = self.drifts.iter().filter(|drift| drift.state != DriftState::Ok);
        apart.into_iter().try_for_each(|drift| writeln!(f, "{drift}"))
    }
}

impl Snapshot {
    /// How each identity stands that is declared, or locked as something that is declared.
    ///
    /// Versions are not compared. A declared reference counts as locked if any unit has its
    /// identity. A locked unit counts as extra only if its kind is declared and it is not
    /// [transitive](crate::Unit::transitive). Profiles and prompts follow from what is declared.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Declared, Kind};
    ///
    /// let unit = r#"{"kind": "layer", "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"}"#;
    /// let lock = ConfigLock::from_text(format!(r#"{{"units": {{"acme:a@1": {unit}}}}}"#))?;
    /// let declared = Declared::over([Kind::Layer], ["acme:a@1".parse()?, "acme:b@1".parse()?]);
    /// let report = lock.read()?.drift(&declared)?;
    /// assert!(!report.is_clean());
    /// assert!(report.to_string().contains("acme:b"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry, field and place.
    pub fn drift(&self, declared: &Declared) -> Result<DriftReport, ReadError> {
        let units = self.units()?;
        let (locked, wanted) = (by_identity(units.keys()), by_identity(&declared.references));
        let covered = units.iter().filter(|(_, unit)| declared.covers(unit));
        let covered = by_identity(covered.map(|(key, _)| key));
        let identities: BTreeSet<_> = wanted.keys().chain(covered.keys()).copied().collect();
        let of = |all: &BTreeMap<_, Vec<&Reference>>, identity| -> Option<Vec<Reference>> {
            Some(all.get(identity)?.iter().copied().cloned().collect())
        };
        let drift = |identity| match (of(&wanted, identity), of(&locked, identity)) {
            (Some(wanted), None) => Drift::new(DriftState::MissingFromLock, wanted),
            (Some(_), Some(locked)) => Drift::new(DriftState::Ok, locked),
            (None, _) => {
                let extra = of(&covered, identity).unwrap_or_default();
                Drift::new(DriftState::ExtraInLock, extra)
            }
        };
        let drifts = identities.into_iter().map(drift).collect();
        Ok(DriftReport { drifts, applies: !declared.references.is_empty() })
    }
}

fn by_identity<'a>(
    references: impl IntoIterator<Item = &'a Reference>,
) -> BTreeMap<&'a str, Vec<&'a Reference>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for reference in references {
        all.entry(reference.identity()).or_default().push(reference);
    }
    all
}
