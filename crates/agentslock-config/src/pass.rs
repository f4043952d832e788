//! A pass: what one resolver found out, about the kinds that it owns.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::PassError;
use crate::reference::Reference;
use crate::unit::{Kind, Unit};

/// The result of resolving all units of some kinds. [`ConfigLock::write`](crate::ConfigLock::write)
/// replaces the units of those kinds by it, and no others.
#[derive(Clone, Debug)]
pub struct Pass {
    kinds: BTreeSet<Kind>,
    pub(crate) units: BTreeMap<Reference, Unit>,
}

impl Pass {
    /// A pass that owns `kinds` and found no unit yet. Written so, it removes all units of them.
    pub fn over(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), units: BTreeMap::new() }
    }

    /// Adds a unit that the pass resolved.
    ///
    /// # Errors
    ///
    /// [`PassError::NotOwned`] when the pass does not own the unit's kind, and
    /// [`PassError::Twice`] when it has the reference already. Nothing was added.
    pub fn add(&mut self, reference: Reference, unit: Unit) -> Result<(), PassError> {
        if !self.owns(&unit.kind) {
            return Err(PassError::NotOwned { reference, kind: unit.kind });
        }
        if self.units.contains_key(&reference) {
            return Err(PassError::Twice { reference });
        }
        self.units.insert(reference, unit);
        Ok(())
    }

    /// Whether the pass replaces the units of `kind`.
    pub fn owns(&self, kind: &Kind) -> bool {
        self.kinds.contains(kind)
    }
}
