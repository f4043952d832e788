//! Staleness: why what is locked must be resolved again. Never because of a clock.

use std::collections::BTreeSet;
use std::fmt;

use agentslock_core::{Digest, ReadError};
use serde::Serialize;

use crate::declared::Declared;
use crate::reference::Reference;
use crate::revision::Revision;
use crate::snapshot::Snapshot;
use crate::unit::Unit;

/// One reason to resolve again, with all the evidence for it. Shown, it is the reason and its
/// evidence, without a newline at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Staleness {
    /// What the document was resolved from has changed.
    InputsDigestMismatch {
        /// The digest in the document; `None` if it is missing, empty or not a text.
        locked: Option<Digest>,
        /// The digest now.
        current: Digest,
    },
    /// Other things are declared than locked. Versions do not count.
    DeclaredSetChanged {
        /// What is declared, and not locked as one of the kinds that are compared.
        added: BTreeSet<Reference>,
        /// What is locked as one of these kinds, and not declared.
        removed: BTreeSet<Reference>,
    },
    /// Units have another digest now.
    UnitDigestMismatch {
        /// Which, by reference.
        changed: Vec<ChangedUnit>,
    },
}

/// A unit that has another digest now than when it was locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChangedUnit {
    /// The unit's reference.
    pub reference: Reference,
    /// Its digest in the document.
    pub locked: Revision,
    /// Its digest now.
    pub current: Revision,
}

impl ChangedUnit {
    /// `reference` was locked with `locked`, and has `current` now.
    pub fn new(reference: Reference, locked: Revision, current: Revision) -> Self {
        Self { reference, locked, current }
    }
}

impl Staleness {
    /// The reason's name.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InputsDigestMismatch { .. } => "inputs-digest-mismatch",
            Self::DeclaredSetChanged { .. } => "declared-set-changed",
            Self::UnitDigestMismatch { .. } => "unit-digest-mismatch",
        }
    }

    /// The evidence in words, one piece for each reference.
    pub fn evidence(&self) -> Vec<String> {
        match self {
            Self::InputsDigestMismatch { locked, current } => {
                let locked = locked.as_ref().map_or("nothing", Digest::as_str);
                vec![format!("resolved from {locked}, inputs are {current} now")]
            }
            Self::DeclaredSetChanged { added, removed } => {
                let added = added.iter().map(|reference| format!("{reference} is not locked"));
                let removed =
                    removed.iter().map(|reference| format!("{reference} is not declared"));
                added.chain(removed).collect()
            }
            Self::UnitDigestMismatch { changed } => {
                changed.iter().map(ToString::to_string).collect()
            }
        }
    }
}

impl fmt::Display for ChangedUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, locked, current } = self;
        write!(f, "{reference} is locked with {locked}, has {current} now")
    }
}

/// The reason, and after a colon the evidence: on the same line if it is one piece, else on a line
/// each.
impl fmt::Display for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.reason())?;
        let evidence = self.evidence();
        let before = if evidence.len() == 1 { " " } else { "\n  " };
        evidence.iter().try_for_each(|piece| write!(f, "{before}{piece}"))
    }
}

impl Snapshot {
    /// Why what is locked must be resolved again; empty if it need not be. The digest of the inputs
    /// is compared if `declared` states it.
    ///
    /// Each reason comes at most once, in this order: the inputs, the declared set, the units.
    ///
    /// ```
    /// use agentslock_config::{ConfigLock, Declared, Kind, Staleness};
    ///
    /// let lock = ConfigLock::from_text(
    ///     r#"{"units": {"acme:org/base.json@v1.4.0": {"kind": "layer",
    ///         "digest": "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334"}}}"#,
    /// )?;
    /// let base = "acme:org/base.json@v2.0.0".parse()?;
    /// let declared = Declared::over([Kind::Layer], [base]);
    /// assert!(lock.read()?.staleness(&declared)?.is_empty()); // another version is no reason
    /// let declared = Declared::over([Kind::Layer], ["acme:org/new.json@v1.0.0".parse()?]);
    /// let reasons = lock.read()?.staleness(&declared)?;
    /// assert!(matches!(&reasons[..], [Staleness::DeclaredSetChanged { .. }]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry, field and place.
    pub fn staleness(&self, declared: &Declared) -> Result<Vec<Staleness>, ReadError> {
        self.staleness_with(declared, |_, _| None)
    }

    /// As [`staleness`](Self::staleness), and compares the digest of each unit for which `current`
    /// knows the digest that it has now. It is asked about all units, those of other kinds and
    /// transitive ones included: return `None` for those that are not yours.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn staleness_with(
        &self,
        declared: &Declared,
        mut current: impl FnMut(&Reference, &Unit) -> Option<Revision>,
    ) -> Result<Vec<Staleness>, ReadError> {
        let units = self.units()?;
        let mut reasons = Vec::new();
        if let Some(current) = &declared.inputs_digest {
            let locked = self.inputs_digest();
            if locked.as_ref() != Some(current) {
                let current = current.clone();
                reasons.push(Staleness::InputsDigestMismatch { locked, current });
            }
        }
        let covered = units.iter().filter(|(_, unit)| declared.covers(unit)).map(|(key, _)| key);
        let locked: BTreeSet<&str> = covered.clone().map(Reference::identity).collect();
        let wanted = declared.identities();
        if locked != wanted {
            let apart = |keys: &mut dyn Iterator<Item = &Reference>, other: &BTreeSet<&str>| {
                keys.filter(|key| !other.contains(key.identity())).cloned().collect()
            };
            let added = apart(&mut declared.references.iter(), &locked);
            let removed = apart(&mut covered.into_iter(), &wanted);
            reasons.push(Staleness::DeclaredSetChanged { added, removed });
        }
        let changed: Vec<_> = units
            .iter()
            .filter_map(|(key, unit)| {
                let current = current(key, unit).filter(|current| *current != unit.digest)?;
                Some(ChangedUnit::new(key.clone(), unit.digest.clone(), current))
            })
            .collect();
        if !changed.is_empty() {
            reasons.push(Staleness::UnitDigestMismatch { changed });
        }
        Ok(reasons)
    }
}
