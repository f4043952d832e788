//! Registering a freshly built view.

use agentslock_core::{Digest, Fields, Flushed, Timestamp};

use crate::HISTORY_LIMIT;
use crate::error::ChangeAdapterError;
use crate::lock::{AdaptersLock, check_name};
use crate::view::{Dependency, Status, Transition, View};

/// A view as it was just built.
#[derive(Clone, Debug)]
pub struct Build {
    digest: Digest,
    depends_on: Vec<Dependency>,
    at: Timestamp,
}

impl Build {
    /// The digest of what was built, and when. It depends on nothing yet.
    pub fn new(digest: Digest, at: Timestamp) -> Self {
        Self { digest, depends_on: Vec::new(), at }
    }

    /// Adds something that it was built against.
    #[must_use]
    pub fn depending_on(mut self, dependency: Dependency) -> Self {
        self.depends_on.push(dependency);
        self
    }
}

impl AdaptersLock {
    /// Registers the view `view` of the adapter `adapter` as freshly built: whatever its status was,
    /// it is `ready` now. Its history says so with the trigger `registered`.
    ///
    /// # Errors
    ///
    /// [`ChangeAdapterError::NotActive`] when there is no such adapter, and the other variants as
    /// they say. Unless it says otherwise, the file is as it was.
    pub fn register_view(
        &self,
        adapter: &str,
        view: &str,
        build: &Build,
    ) -> Result<Flushed, ChangeAdapterError> {
        check_name(view, "a view")?;
        self.change(adapter, |before| {
            let mut changed = before.ok_or_else(|| ChangeAdapterError::NotActive {
                path: self.path().to_owned(),
                adapter: adapter.to_owned(),
            })?;
            let old = changed.materialized_views.remove(view);
            changed.materialized_views.insert(view.to_owned(), registered(old, build));
            Ok(changed)
        })
    }
}

fn registered(old: Option<View>, build: &Build) -> View {
    let from = old.as_ref().map(|view| view.view_status.as_str().to_owned());
    let (mut history, validated, other) = old.map_or_else(
        || (Vec::new(), None, Fields::new()),
        |view| (view.state_history, view.last_validation_at, view.other),
    );
    history.push(Transition {
        at: build.at.clone(),
        from,
        to: Status::Ready.as_str().to_owned(),
        trigger: "registered".to_owned(),
    });
    let surplus = history.len().saturating_sub(HISTORY_LIMIT);
    history.drain(..surplus);
    View {
        view_digest: Some(build.digest.clone()),
        view_status: Status::Ready,
        depends_on: build.depends_on.clone(),
        last_rebuilt_at: Some(build.at.clone()),
        last_validation_at: validated,
        state_history: history,
        other,
    }
}
