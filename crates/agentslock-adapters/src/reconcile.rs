//! Reconciling what the document says of views with what is there.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Flushed, ParseDigestError, Timestamp};
use serde::Serialize;

use crate::document::ADAPTERS;
use crate::error::ChangeError;
use crate::handle::AdapterHandle;
use crate::machine::{Event, Status};
use crate::view::{View, ViewName};

/// What is there of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Its tables, with this digest.
    Present(Digest),
    /// Not its tables.
    Absent,
    /// It cannot be told: the view is left as it is.
    Unknown,
}

/// What a reconcile did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reconciled {
    /// The views that are `pending-rebuild` now, sorted.
    pub moved: Vec<ViewName>,
    /// The views that were changed by somebody else after they were looked at, sorted. They are
    /// left as they are by now: what was seen is no longer about them.
    pub changed_meanwhile: Vec<ViewName>,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Reconciled {
    /// What a reconcile could have done, for a test.
    pub fn new(moved: Vec<ViewName>, changed_meanwhile: Vec<ViewName>, flushed: Flushed) -> Self {
        Self { moved, changed_meanwhile, flushed }
    }
}

impl AdapterHandle {
    /// Looks at the tables of each view of this adapter that is `ready`. If they are absent, or
    /// have another digest than was built, the view is `pending-rebuild`. So is a view with a
    /// status that this crate does not know, whatever is there. All other views wait for something
    /// already, and are not looked at.
    ///
    /// `presence` gets a view's name and entry. It is called without the lock, so that a slow look
    /// keeps nobody waiting.
    ///
    /// # Errors
    ///
    /// [`ChangeError`], whose variants say when. Unless they say otherwise, the file is as it was.
    pub fn reconcile(
        &self,
        at: &Timestamp,
        mut presence: impl FnMut(&str, &View) -> Presence,
    ) -> Result<Reconciled, ChangeError> {
        self.check_time(at)?;
        let seen = self.lock().place().plan(|lockfile| {
            let entry = self.require(&lockfile.entries_or_empty(ADAPTERS)?)?;
            Ok::<_, ChangeError>(entry.materialized_views)
        })?;
        let mut events = BTreeMap::new();
        for (name, view) in &seen {
            let event = match view.view_status {
                Status::Ready => differs(view, presence(name, view)).map_err(|source| {
                    let of = format!("the view `{}`, what is there of it", self.view_name(name));
                    ChangeError::Digest { of, source }
                })?,
                Status::Other(_) => Some(Event::InvalidStatus),
                _ => None,
            };
            events.extend(event.map(|event| (name, event)));
        }
        if events.is_empty() {
            let (moved, changed_meanwhile) = Default::default();
            return Ok(Reconciled { moved, changed_meanwhile, flushed: Flushed::Unchanged });
        }
        let ((moved, changed_meanwhile), flushed) = self.change(|_, adapter| {
            let (mut moved, mut changed_meanwhile) = (Vec::new(), Vec::new());
            for (name, event) in &events {
                match adapter.materialized_views.get_mut(*name) {
                    Some(view) if seen.get(*name) == Some(view) => {
                        if view.step(event, at) {
                            view.last_validation_at = Some(at.clone());
                            moved.push(self.view_name(name));
                        }
                    }
                    _ => changed_meanwhile.push(self.view_name(name)),
                }
            }
            Ok((moved, changed_meanwhile))
        })?;
        Ok(Reconciled { moved, changed_meanwhile, flushed })
    }
}

/// What is wrong with a view that is said to be `ready`.
fn differs(view: &View, presence: Presence) -> Result<Option<Event>, ParseDigestError> {
    match presence {
        Presence::Absent => Ok(Some(Event::TablesAbsent)),
        Presence::Present(digest) if view.view_digest.as_ref() != Some(&digest) => {
            digest.check()?;
            Ok(Some(Event::DigestMismatch))
        }
        Presence::Present(_) | Presence::Unknown => Ok(None),
    }
}
