//! A pass: what one resolver found out, about the kinds that it owns.

use std::collections::{BTreeMap, BTreeSet};

use agentslock_core::Digest;

use crate::error::PassError;
use crate::kind::Kind;
use crate::reference::Reference;
use crate::unit::Unit;

/// The result of resolving all units of some kinds. [`ConfigLock::write`](crate::ConfigLock::write)
/// replaces the units of those kinds by it, and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    kinds: BTreeSet<Kind>,
    pub(crate) units: BTreeMap<Reference, Unit>,
    /// The digests of artifacts' content.
    pub(crate) content: BTreeMap<Reference, Digest>,
    pub(crate) inputs_digest: Option<Digest>,
}

impl Pass {
    /// A pass that owns `kinds` and found no unit yet. Written so, it removes all units of them.
    /// One that owns artifacts owns the digests of their content, too.
    pub fn over(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self {
            kinds: kinds.into_iter().collect(),
            units: BTreeMap::new(),
            content: BTreeMap::new(),
            inputs_digest: None,
        }
    }

    /// States what the document was resolved from. Of several passes over the same inputs the last
    /// one states it: whoever reads it takes all of them for done.
    #[must_use]
    pub fn resolved_from(mut self, inputs_digest: Digest) -> Self {
        self.inputs_digest = Some(inputs_digest);
        self
    }

    /// Adds a unit that the pass resolved.
    ///
    /// If the artifact is locked unchanged, the digest of its content is kept. If not, it is
    /// removed: it would be another artifact's.
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

    /// Adds an artifact that the pass resolved, with the digest of its content.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add), and [`PassError::NoArtifact`] when the unit is of another kind.
    pub fn add_artifact(
        &mut self,
        reference: Reference,
        unit: Unit,
        content: Digest,
    ) -> Result<(), PassError> {
        if unit.kind != Kind::Artifact {
            return Err(PassError::NoArtifact { reference, kind: unit.kind });
        }
        self.add(reference.clone(), unit)?;
        self.content.insert(reference, content);
        Ok(())
    }

    /// Adds units that the pass resolved, up to the first that cannot be added.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add). The units before that one were added.
    pub fn try_extend(
        &mut self,
        units: impl IntoIterator<Item = (Reference, Unit)>,
    ) -> Result<(), PassError> {
        units.into_iter().try_for_each(|(reference, unit)| self.add(reference, unit))
    }

    /// The kinds that the pass owns.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.iter()
    }

    /// The units that it found, by reference.
    pub fn iter(&self) -> impl Iterator<Item = (&Reference, &Unit)> {
        self.units.iter()
    }

    /// How many units it found.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether it found no unit. Written so, it removes all units of its kinds.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Whether the pass replaces the units of `kind`.
    pub fn owns(&self, kind: &Kind) -> bool {
        self.kinds.contains(kind)
    }
}

/// A pass that owns exactly the kinds of these units; of two with one reference the later one
/// counts.
///
/// A kind of which none was found is not owned, so that its locked units stay. Use [`Pass::over`]
/// and [`Pass::try_extend`] if they are to go.
impl FromIterator<(Reference, Unit)> for Pass {
    fn from_iter<I: IntoIterator<Item = (Reference, Unit)>>(units: I) -> Self {
        let units: BTreeMap<_, _> = units.into_iter().collect();
        let mut pass = Self::over(units.values().map(|unit: &Unit| unit.kind.clone()));
        pass.units = units;
        pass
    }
}
