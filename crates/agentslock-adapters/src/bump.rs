//! Bumping an adapter's schema, and checking what depends on it.

use agentslock_core::{Flushed, Timestamp};

use crate::dependencies;
use crate::document::read;
use crate::error::{ChangeError, IllegalTransition};
use crate::handle::AdapterHandle;
use crate::machine::Event;
use crate::view::{Dependency, ViewName};

/// What a bump of an adapter's schema did to the views that depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it says which views the bump did not reach"]
#[non_exhaustive]
pub struct Bumped {
    /// Those that were `ready` and are `pending-recompat-check` now, sorted.
    pub moved: Vec<ViewName>,
    /// Those that were not `ready`, sorted. They are as they were, and what they were last checked
    /// against is older than this bump.
    pub refused: Vec<IllegalTransition>,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl AdapterHandle {
    /// Tells that this adapter's schema was bumped: each view that depends on it and is `ready`, of
    /// whatever adapter, is `pending-recompat-check` now.
    ///
    /// Each view is judged by itself. One that is in no state for it stays as it is and is reported
    /// in [`Bumped::refused`]; it keeps the bump from no other. Else one view that nobody repairs
    /// would leave all others `ready` for a schema that they may not fit.
    ///
    /// # Errors
    ///
    /// [`ChangeError`], whose variants say when. Unless they say otherwise, the file is as it was.
    pub fn schema_bumped(&self, at: &Timestamp) -> Result<Bumped, ChangeError> {
        at.check()?;
        let event = Event::DependeeBumped(self.name().to_owned());
        let ((mut moved, mut refused), flushed) = self.update_section(|lockfile, entries| {
            let (mut moved, mut refused) = (Vec::new(), Vec::new());
            for (adapter, mut entry) in read(lockfile)? {
                let before = moved.len();
                for (name, view) in &mut entry.materialized_views {
                    if !view.is_built_against(self.name()) {
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
            Ok((moved, refused))
        })?;
        moved.sort();
        refused.sort_by(|a, b| a.view.cmp(&b.view));
        Ok(Bumped { moved, refused, flushed })
    }

    /// Tells that the view `view`, which was `pending-recompat-check`, fits what it depends on:
    /// `depends_on`, as it is now. It is `pending-rebuild`.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Illegal`] when it has another status, and the other variants as they say.
    /// Unless they say otherwise, the file is as it was.
    pub fn recompat_passed(
        &self,
        view: &str,
        depends_on: &[Dependency],
        at: &Timestamp,
    ) -> Result<Flushed, ChangeError> {
        self.happen(view, &Event::RecompatPassed, at, |entries, view| {
            dependencies::check(depends_on, entries)?;
            view.depends_on = depends_on.to_vec();
            view.last_validation_at = Some(at.clone());
            Ok(())
        })
    }

    /// Tells that the view `view`, which was `pending-recompat-check`, does not fit what it depends
    /// on: it is `dsl-update-required`, and blocks the activation of what it depends on.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Illegal`] when it has another status, and the other variants as they say.
    /// Unless they say otherwise, the file is as it was.
    pub fn recompat_failed(&self, view: &str, at: &Timestamp) -> Result<Flushed, ChangeError> {
        self.happen(view, &Event::RecompatFailed, at, |_, view| {
            view.last_validation_at = Some(at.clone());
            Ok(())
        })
    }
}
