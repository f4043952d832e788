//! Staleness: why what is locked has to be resolved again. Never because of a clock.

use std::collections::BTreeSet;
use std::fmt;

use agentslock_core::{Digest, ReadError};

use crate::declared::Declared;
use crate::lock::{ConfigLock, Locked};
use crate::reference::Reference;

/// One reason to resolve again, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Staleness {
    /// What the document was resolved from has changed.
    InputsDigestMismatch {
        /// The digest in the document, as text; `None` if it has none.
        locked: Option<String>,
        /// The digest now.
        current: Digest,
    },
    /// Other references are declared than locked.
    DeclaredSetChanged {
        /// Declared, and not locked.
        added: BTreeSet<Reference>,
        /// Locked, and not declared.
        removed: BTreeSet<Reference>,
    },
    /// A unit's content has changed.
    UnitDigestMismatch {
        /// The unit's reference.
        reference: Reference,
        /// Its digest in the document.
        locked: Digest,
        /// Its digest now.
        current: Digest,
    },
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

    /// The evidence, in words.
    pub fn evidence(&self) -> String {
        match self {
            Self::InputsDigestMismatch { locked, current } => {
                let locked = locked.as_deref().unwrap_or("nothing");
                format!("resolved from {locked}, inputs are {current} now")
            }
            Self::DeclaredSetChanged { added, removed } => {
                let added = added.iter().map(|reference| format!("{reference} is not locked"));
                let removed =
                    removed.iter().map(|reference| format!("{reference} is not declared"));
                added.chain(removed).collect::<Vec<_>>().join(", ")
            }
            Self::UnitDigestMismatch { reference, locked, current } => {
                format!("{reference} is locked with {locked}, has {current} now")
            }
        }
    }
}

/// The reason, and after a colon the evidence.
impl fmt::Display for Staleness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason(), self.evidence())
    }
}

impl ConfigLock {
    /// Why what is locked has to be resolved again; empty if it need not be. What `declared` does not
    /// state, the digest of the inputs or of a unit, is not compared.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names section, entry and field.
    pub fn staleness(&self, declared: &Declared) -> Result<Vec<Staleness>, ReadError> {
        let lockfile = self.open()?;
        let units = Locked::read(&lockfile)?.units;
        let mut reasons = Vec::new();
        if let Some(current) = &declared.inputs_digest {
            let locked = lockfile.inputs_digest();
            if locked.as_deref() != Some(current.as_str()) {
                let current = current.clone();
                reasons.push(Staleness::InputsDigestMismatch { locked, current });
            }
        }
        let covered = units.iter().filter(|(_, unit)| declared.covers(&unit.kind));
        let locked: BTreeSet<_> = covered.map(|(key, _)| Reference::as_found(key)).collect();
        if locked != declared.references {
            let added = declared.references.difference(&locked).cloned().collect();
            let removed = locked.difference(&declared.references).cloned().collect();
            reasons.push(Staleness::DeclaredSetChanged { added, removed });
        }
        for (reference, current) in &declared.digests {
            if let Some(unit) = units.get(reference.as_str())
                && unit.digest != *current
            {
                reasons.push(Staleness::UnitDigestMismatch {
                    reference: reference.clone(),
                    locked: unit.digest.clone(),
                    current: current.clone(),
                });
            }
        }
        Ok(reasons)
    }
}
