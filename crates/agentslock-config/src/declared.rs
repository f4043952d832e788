//! What a repository declares, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use agentslock_core::Digest;

use crate::kind::Kind;
use crate::reference::Reference;

/// What a repository declares, to be compared with what is locked: by
/// [`ConfigLock::drift`](crate::ConfigLock::drift) and
/// [`ConfigLock::staleness`](crate::ConfigLock::staleness).
///
/// Where it is declared, and how, is not this crate's to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    pub(crate) references: BTreeSet<Reference>,
    pub(crate) kinds: Option<BTreeSet<Kind>>,
    pub(crate) inputs_digest: Option<Digest>,
    pub(crate) digests: BTreeMap<Reference, Digest>,
}

impl Declared {
    /// These references are declared, and no others.
    pub fn new(references: impl IntoIterator<Item = Reference>) -> Self {
        Self { references: references.into_iter().collect(), ..Self::default() }
    }

    /// Only units of `kinds` are declared here: locked ones of other kinds are not compared. Unless it
    /// is called, all are.
    #[must_use]
    pub fn over(mut self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        self.kinds = Some(kinds.into_iter().collect());
        self
    }

    /// What a resolve would be [from](crate::Pass::resolved_from) now.
    #[must_use]
    pub fn with_inputs(mut self, digest: Digest) -> Self {
        self.inputs_digest = Some(digest);
        self
    }

    /// The digest that a unit has now.
    #[must_use]
    pub fn with_unit(mut self, reference: Reference, digest: Digest) -> Self {
        self.digests.insert(reference, digest);
        self
    }

    /// Whether units of `kind` are compared.
    pub(crate) fn covers(&self, kind: &Kind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(kind))
    }
}
