//! Bumping an adapter's schema, and checking what depends on it.

use agentslock_core::{Digest, Entries, Flushed, Timestamp};
use serde::Serialize;

use crate::adapter::Adapter;
use crate::dependencies::{self, live};
use crate::error::{ChangeError, IllegalTransition};
use crate::handle::AdapterHandle;
use crate::machine::{Event, Status};
use crate::outdated::OutdatedView;
use crate::view::{Dependency, ViewName};

/// What a bump of an adapter's schema did to the views that were built against an older one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Bumped {
    /// Those that were `ready` and are `pending-recompat-check` now, sorted.
    pub moved: Vec<ViewName>,
    /// Those that were not `ready`, sorted. They are as they were. None of them can become `ready`
    /// without being checked against the new schema.
    pub refused: Vec<IllegalTransition>,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Bumped {
    /// What a bump could have done, for a test.
    pub fn new(moved: Vec<ViewName>, refused: Vec<IllegalTransition>, flushed: Flushed) -> Self {
        Self { moved, refused, flushed }
    }
}

impl AdapterHandle {
    /// Tells that this adapter's schema was bumped. Each `ready` view that was built against
    /// another schema than the live one becomes `pending-recompat-check`, whichever adapter it is
    /// of.
    ///
    /// [`activate`](Self::activate) comes first: it makes the new schema the live one, and does all
    /// this in the same write. Calling this afterwards, or again, changes nothing. It is for views
    /// that a program made `ready` that does not compare.
    ///
    /// Each view is judged by itself. One that is in no state for it stays as it is and is reported
    /// in [`Bumped::refused`]; it keeps the bump from no other.
    ///
    /// # Errors
    ///
    /// [`ChangeError::NotActive`] before the first activation, and the other variants as they say.
    /// Unless they say otherwise, the file is as it was.
    pub fn schema_bumped(&self, at: &Timestamp) -> Result<Bumped, ChangeError> {
        self.check_time(at)?;
        let ((moved, refused), flushed) = self.update_section(|_, entries| {
            let schema = self.require(entries)?.schema_digest;
            bump(self.name(), &schema, entries, at)
        })?;
        Ok(Bumped { moved, refused, flushed })
    }

    /// Tells that the view `view`, which was `pending-recompat-check`, fits what it depends on:
    /// `depends_on`, as it is now. It is `pending-rebuild`.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Outdated`] if one of `depends_on` is not the live schema. The view was
    /// checked against a schema that is gone. Check it again. [`ChangeError::Illegal`] when the
    /// view has another status, and the other variants as they say. Unless they say otherwise, the
    /// file is as it was.
    pub fn recompat_passed(
        &self,
        view: &str,
        depends_on: &[Dependency],
        at: &Timestamp,
    ) -> Result<Flushed, ChangeError> {
        let name = self.view_name(view);
        let ((), flushed) = self.happen(view, &Event::RecompatPassed, at, |entries, view| {
            dependencies::check(&name, depends_on, entries)?;
            let gone = dependencies::outdated(depends_on, |adapter| live(entries, adapter));
            if !gone.is_empty() {
                let status = Status::PendingRecompatCheck;
                let view = Box::new(OutdatedView::new(name.clone(), status, gone));
                return Err(ChangeError::Outdated { path: entries.path().to_owned(), view });
            }
            view.depends_on = depends_on.to_vec();
            view.last_validation_at = Some(at.clone());
            Ok(())
        })?;
        Ok(flushed)
    }

    /// Tells that the view `view`, which was `pending-recompat-check`, does not fit what it depends
    /// on. It is `dsl-update-required`, and blocks the activation of what it depends on.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Illegal`] when it has another status, and the other variants as they say.
    /// Unless they say otherwise, the file is as it was.
    pub fn recompat_failed(&self, view: &str, at: &Timestamp) -> Result<Flushed, ChangeError> {
        let ((), flushed) = self.happen(view, &Event::RecompatFailed, at, |_, view| {
            view.last_validation_at = Some(at.clone());
            Ok(())
        })?;
        Ok(flushed)
    }
}

/// Which views a bump moved, and which it did not, each sorted.
type Reached = (Vec<ViewName>, Vec<IllegalTransition>);

/// Lets the views that were built against another schema of `dependee` than `schema` know.
pub(crate) fn bump(
    dependee: &str,
    schema: &Digest,
    entries: &mut Entries,
    at: &Timestamp,
) -> Result<Reached, ChangeError> {
    let event = Event::DependeeBumped(dependee.to_owned());
    let (mut moved, mut refused) = (Vec::new(), Vec::new());
    for (adapter, mut entry) in entries.objects(Adapter::from_fields)? {
        let before = moved.len();
        for (name, view) in &mut entry.materialized_views {
            let is_outdated =
                |on: &Dependency| on.adapter == dependee && on.schema_digest != *schema;
            if !view.depends_on.iter().any(is_outdated) {
                continue;
            }
            let name = ViewName { adapter: adapter.clone(), view: name.clone() };
            if view.step(&event, at) {
                moved.push(name);
            } else {
                let state = Some(view.view_status.clone());
                refused.push(IllegalTransition { view: name, state, event: event.clone() });
            }
        }
        if moved.len() > before {
            entries.set(&adapter, &entry)?;
        }
    }
    moved.sort();
    refused.sort_by(|a, b| a.view.cmp(&b.view));
    Ok((moved, refused))
}
