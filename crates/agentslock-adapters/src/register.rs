//! Registering freshly built views, and telling that one was built again.

use std::collections::BTreeMap;

use agentslock_core::{Digest, Entries, Flushed, Timestamp};
use serde::Serialize;

use crate::dependencies::{self, live, settle};
use crate::document::check_name;
use crate::error::ChangeError;
use crate::handle::AdapterHandle;
use crate::machine::{Event, Status};
use crate::outdated::OutdatedView;
use crate::view::{Dependency, View};

/// A view as it was just built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    digest: Digest,
    depends_on: Vec<Dependency>,
    at: Timestamp,
}

/// What became of views that were built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Built {
    /// The views that are not `ready`, because they were built against a schema that is gone by
    /// now: they are `pending-recompat-check`. All others are `ready`.
    pub outdated: Vec<OutdatedView>,
    /// Whether the file was touched.
    pub flushed: Flushed,
}

impl Build {
    /// The digest of what was built, and when. It depends on nothing yet: no new schema of any
    /// adapter, its own included, makes it less than `ready`.
    pub fn new(digest: Digest, at: Timestamp) -> Self {
        Self { digest, depends_on: Vec::new(), at }
    }

    /// Adds a schema that it was built against. If that is gone, the view is not `ready`.
    #[must_use]
    pub fn depending_on(mut self, dependency: Dependency) -> Self {
        self.depends_on.push(dependency);
        self
    }

    /// What registering makes of `old`.
    fn registered(&self, old: Option<View>, entries: &Entries) -> View {
        let from = old.as_ref().map(|view| view.view_status.clone());
        let mut view = old.unwrap_or_else(View::new);
        view.enter(from.as_ref(), Status::Ready, &Event::Registered, &self.at);
        view.view_digest = Some(self.digest.clone());
        view.depends_on.clone_from(&self.depends_on);
        view.last_rebuilt_at = Some(self.at.clone());
        settle(&mut view, entries, &self.at);
        view
    }

    /// Whether `view` already is what registering this build would make of it.
    fn is_still(&self, view: &View, entries: &Entries) -> bool {
        let gone = dependencies::outdated(&self.depends_on, |name| live(entries, name));
        let status = if gone.is_empty() { Status::Ready } else { Status::PendingRecompatCheck };
        view.view_status == status
            && view.view_digest.as_ref() == Some(&self.digest)
            && view.depends_on == self.depends_on
    }
}

impl Built {
    /// What could have become of views, for a test.
    pub fn new(outdated: Vec<OutdatedView>, flushed: Flushed) -> Self {
        Self { outdated, flushed }
    }
}

impl AdapterHandle {
    /// Registers the view `view` as freshly built: whatever its status was, it is `ready` now.
    ///
    /// If a schema that it was built against is gone by now, it is `pending-recompat-check`
    /// instead, and [`Built::outdated`] says so. What the schemas are now is found out under the
    /// lock. A view that already has this digest, these dependencies and that status is left as it
    /// is.
    ///
    /// # Errors
    ///
    /// [`ChangeError::NotActive`] when the adapter is not active, and the other variants as they
    /// say. Unless they say otherwise, the file is as it was.
    pub fn register_view(&self, view: &str, build: &Build) -> Result<Built, ChangeError> {
        self.register_views([(view, build.clone())])
    }

    /// As [`register_view`](Self::register_view), for several views in one write: readers see none
    /// of them or all.
    ///
    /// # Errors
    ///
    /// As there; none of them is registered then.
    pub fn register_views<N: Into<String>>(
        &self,
        builds: impl IntoIterator<Item = (N, Build)>,
    ) -> Result<Built, ChangeError> {
        let builds: BTreeMap<String, Build> =
            builds.into_iter().map(|(name, build)| (name.into(), build)).collect();
        for (name, build) in &builds {
            check_name(name, "a view")?;
            let of = || format!("the view `{}`", self.view_name(name));
            build.digest.check().map_err(|source| ChangeError::Digest { of: of(), source })?;
            build.at.check().map_err(|source| ChangeError::Timestamp { of: of(), source })?;
        }
        let (outdated, flushed) = self.change(|entries, adapter| {
            let mut outdated = Vec::new();
            for (name, build) in &builds {
                let view_name = self.view_name(name);
                dependencies::check(&view_name, &build.depends_on, entries)?;
                let views = &mut adapter.materialized_views;
                let mut view = views.remove(name);
                if view.as_ref().is_none_or(|view| !build.is_still(view, entries)) {
                    view = Some(build.registered(view, entries));
                }
                let view = view.expect("because it is registered by now");
                let gone = dependencies::outdated(&view.depends_on, |name| live(entries, name));
                if !gone.is_empty() {
                    outdated.push(OutdatedView::new(view_name, view.view_status.clone(), gone));
                }
                views.insert(name.clone(), view);
            }
            Ok(outdated)
        })?;
        Ok(Built { outdated, flushed })
    }

    /// Tells that the view `view`, which was `pending-rebuild`, was built again and has the digest
    /// `digest` now: it is `ready`.
    ///
    /// If a schema that it depends on has changed since its check, it is `pending-recompat-check`
    /// instead, and [`Built::outdated`] says so. That is found out under the lock.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Illegal`] when it has another status, and the other variants as they say.
    /// Unless they say otherwise, the file is as it was.
    pub fn view_rebuilt(
        &self,
        view: &str,
        digest: &Digest,
        at: &Timestamp,
    ) -> Result<Built, ChangeError> {
        let name = self.view_name(view);
        let of = || format!("the view `{name}`");
        digest.check().map_err(|source| ChangeError::Digest { of: of(), source })?;
        let (outdated, flushed) = self.happen(view, &Event::Rebuilt, at, |entries, view| {
            view.view_digest = Some(digest.clone());
            view.last_rebuilt_at = Some(at.clone());
            let gone = settle(view, entries, at);
            let status = view.view_status.clone();
            let outdated =
                (!gone.is_empty()).then(|| OutdatedView::new(name.clone(), status, gone));
            Ok(outdated.into_iter().collect())
        })?;
        Ok(Built { outdated, flushed })
    }
}
