//! What a repository declares, as plain data.

use std::collections::BTreeSet;

use agentslock_core::Digest;

use crate::kind::Kind;
use crate::reference::Reference;
use crate::unit::Unit;

/// What a repository declares, to be compared with what is locked: by
/// [`Snapshot::drift`](crate::Snapshot::drift) and
/// [`Snapshot::staleness`](crate::Snapshot::staleness).
///
/// Where it is declared, and how, is not this crate's to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub(crate) references: BTreeSet<Reference>,
    kinds: BTreeSet<Kind>,
    pub(crate) inputs_digest: Option<Digest>,
}

impl Declared {
    /// These references are declared, of these kinds, and no others. Locked units of other kinds
    /// are not compared: other programs lock them, or they follow from what is declared.
    ///
    /// The Go programs compare [`Kind::Layer`] and [`Kind::Artifact`].
    pub fn over(
        kinds: impl IntoIterator<Item = Kind>,
        references: impl IntoIterator<Item = Reference>,
    ) -> Self {
        let (kinds, references) = (kinds.into_iter().collect(), references.into_iter().collect());
        Self { references, kinds, inputs_digest: None }
    }

    /// What a resolve would be [from](crate::Pass::resolved_from) now.
    #[must_use]
    pub fn with_inputs(mut self, digest: Digest) -> Self {
        self.inputs_digest = Some(digest);
        self
    }

    /// Whether `unit` is there because it is declared. A transitive one is there because another
    /// layer extends it.
    pub(crate) fn covers(&self, unit: &Unit) -> bool {
        self.kinds.contains(&unit.kind) && !unit.transitive
    }

    /// The identities of what is declared.
    pub(crate) fn identities(&self) -> BTreeSet<&str> {
        self.references.iter().map(Reference::identity).collect()
    }
}
