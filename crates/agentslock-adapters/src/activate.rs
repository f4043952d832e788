//! Activating an adapter.

use agentslock_core::{Digest, Flushed, ReadError, Timestamp};

use crate::adapter::Adapter;
use crate::document::{blockers, read};
use crate::error::ChangeError;
use crate::handle::AdapterHandle;
use crate::view::ViewName;

/// What is known of an adapter when it goes live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The digest of the adapter's source.
    pub source_digest: Digest,
    /// The digest of the schema that it offers.
    pub schema_digest: Digest,
    /// When it goes live.
    pub at: Timestamp,
}

impl AdapterHandle {
    /// Activates the adapter. One that is active already gets the new digests and time, and keeps
    /// its views.
    ///
    /// It does not go live with another schema than it has while views that depend on it need a new
    /// definition: that is found out under the lock, so that none is overlooked.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Blocked`] names those views. The other variants as they say; unless they say
    /// otherwise, the file is as it was.
    pub fn activate(&self, activation: &Activation) -> Result<Flushed, ChangeError> {
        activation.source_digest.check()?;
        activation.schema_digest.check()?;
        activation.at.check()?;
        let ((), flushed) = self.update_section(|lockfile, entries| {
            let before = entries.object(self.name(), Adapter::from_fields)?;
            let live = before.as_ref().map(|adapter| &adapter.schema_digest);
            if live != Some(&activation.schema_digest) {
                let views = blockers(&read(lockfile)?, self.name());
                if !views.is_empty() {
                    let path = lockfile.path().to_owned();
                    return Err(ChangeError::Blocked { path, adapter: self.name().into(), views });
                }
            }
            let after = activated(before.clone(), activation);
            if before.as_ref() != Some(&after) {
                entries.set(self.name(), &after)?;
            }
            Ok(())
        })?;
        Ok(flushed)
    }

    /// The views that depend on this adapter and need a new definition, sorted. As long as there is
    /// any, it must not go live with the schema that they do not fit.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry and field.
    pub fn activation_blockers(&self) -> Result<Vec<ViewName>, ReadError> {
        self.lock().activation_blockers(self.name())
    }
}

fn activated(before: Option<Adapter>, activation: &Activation) -> Adapter {
    let (materialized_views, other) =
        before.map(|adapter| (adapter.materialized_views, adapter.other)).unwrap_or_default();
    Adapter {
        source_digest: activation.source_digest.clone(),
        schema_digest: activation.schema_digest.clone(),
        activated_at: activation.at.clone(),
        materialized_views,
        other,
    }
}
