//! What a view was built against that is gone.

use std::fmt;

use agentslock_core::Digest;
use serde::Serialize;

use crate::machine::Status;
use crate::view::ViewName;

/// A dependency on a schema that its adapter no longer offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutdatedDependency {
    /// The adapter that is depended on.
    pub adapter: String,
    /// The schema that the view was built against.
    pub built_against: Digest,
    /// The schema that the adapter offers now.
    pub live: Digest,
}

/// A view that was built against a schema that its adapter no longer offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutdatedView {
    /// The view.
    pub view: ViewName,
    /// Its status.
    pub status: Status,
    /// What it was built against that is no longer there.
    pub dependencies: Vec<OutdatedDependency>,
}

impl OutdatedDependency {
    /// A view was built against the schema `built_against` of `adapter`, which offers `live` now.
    pub fn new(adapter: impl Into<String>, built_against: Digest, live: Digest) -> Self {
        Self { adapter: adapter.into(), built_against, live }
    }
}

impl OutdatedView {
    /// `view` has such dependencies.
    pub fn new(view: ViewName, status: Status, dependencies: Vec<OutdatedDependency>) -> Self {
        Self { view, status, dependencies }
    }
}

impl fmt::Display for OutdatedDependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { adapter, built_against, live } = self;
        write!(f, "built against schema {built_against} of `{adapter}`, which has {live} now")
    }
}

impl fmt::Display for OutdatedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dependencies: Vec<_> = self.dependencies.iter().map(ToString::to_string).collect();
        write!(f, "`{}` ({}): {}", self.view, self.status, dependencies.join(", "))
    }
}
