//! Activating an adapter.

use agentslock_core::{Digest, ReadError, Timestamp};

use crate::adapter::Adapter;
use crate::bump::{Bumped, bump};
use crate::document::{blockers, read};
use crate::error::ChangeError;
use crate::handle::AdapterHandle;
use crate::outdated::OutdatedView;
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
    /// its views. One that is active with these digests is left as it is, time included, so that a
    /// restart is no change.
    ///
    /// A new schema is a bump. In the same write each `ready` view that was built against another
    /// one becomes `pending-recompat-check`, whichever adapter it is of. So no reader ever sees a
    /// view that is `ready` and depends on a schema that is gone. What the bump did is returned.
    ///
    /// If views that depend on it need a new definition, it does not go live with another schema.
    /// That is found out under the lock, so that none is overlooked.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Blocked`] names those views. The other variants as they say; unless they say
    /// otherwise, the file is as it was.
    pub fn activate(&self, activation: &Activation) -> Result<Bumped, ChangeError> {
        for (what, digest) in
            [("source", &activation.source_digest), ("schema", &activation.schema_digest)]
        {
            digest.check().map_err(|source| ChangeError::Digest {
                of: format!("the adapter {:?}, its {what}", self.name()),
                source,
            })?;
        }
        self.check_time(&activation.at)?;
        let ((moved, refused), flushed) = self.update_section(|lockfile, entries| {
            let before = entries.object(self.name(), Adapter::from_fields)?;
            let digests = |adapter: &Adapter| {
                let Adapter { source_digest, schema_digest, .. } = adapter;
                *source_digest == activation.source_digest
                    && *schema_digest == activation.schema_digest
            };
            if before.as_ref().is_some_and(digests) {
                return Ok(Default::default());
            }
            let live = before.as_ref().map(|adapter| &adapter.schema_digest);
            let is_new = live != Some(&activation.schema_digest);
            if is_new {
                let views = blockers(&read(lockfile)?, self.name());
                if !views.is_empty() {
                    let path = lockfile.path().to_owned();
                    return Err(ChangeError::Blocked { path, adapter: self.name().into(), views });
                }
            }
            entries.set(self.name(), &activated(before, activation))?;
            if !is_new {
                return Ok(Default::default());
            }
            bump(self.name(), &activation.schema_digest, entries, &activation.at)
        })?;
        Ok(Bumped { moved, refused, flushed })
    }

    /// The views that depend on this adapter and need a new definition, sorted. As long as there is
    /// any, it cannot go live with another schema than it has, not even with one that they fit.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry, field and place.
    pub fn activation_blockers(&self) -> Result<Vec<ViewName>, ReadError> {
        self.lock().activation_blockers(self.name())
    }

    /// This adapter's views that were built against a schema that is gone, sorted.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry, field and place.
    pub fn outdated(&self) -> Result<Vec<OutdatedView>, ReadError> {
        let mut outdated = self.lock().outdated()?;
        outdated.retain(|outdated| outdated.view.adapter == self.name());
        Ok(outdated)
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
