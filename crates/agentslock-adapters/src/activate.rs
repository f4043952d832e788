//! Activating an adapter.

use agentslock_core::{Digest, Flushed, Timestamp};

use crate::adapter::Adapter;
use crate::error::ChangeAdapterError;
use crate::lock::AdaptersLock;

/// What is known of an adapter when it goes live.
#[derive(Clone, Debug)]
pub struct Activation {
    source_digest: Digest,
    schema_digest: Digest,
    at: Timestamp,
}

impl Activation {
    /// The adapter's source and schema, and the time of its activation.
    pub fn new(source_digest: Digest, schema_digest: Digest, at: Timestamp) -> Self {
        Self { source_digest, schema_digest, at }
    }
}

impl AdaptersLock {
    /// Activates the adapter `name`. One that is active already gets the new digests and time, and
    /// keeps its views.
    ///
    /// # Errors
    ///
    /// [`ChangeAdapterError`]; unless it says otherwise, the file is as it was.
    pub fn activate(
        &self,
        name: &str,
        activation: &Activation,
    ) -> Result<Flushed, ChangeAdapterError> {
        self.change(name, |before| {
            let (views, other) = before.map_or_else(Default::default, |adapter| {
                (adapter.materialized_views, adapter.other)
            });
            Ok(Adapter {
                source_digest: activation.source_digest.clone(),
                schema_digest: activation.schema_digest.clone(),
                activated_at: activation.at.clone(),
                materialized_views: views,
                other,
            })
        })
    }
}
