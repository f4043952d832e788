//! Registering a freshly built view, and telling that one was built again.

use agentslock_core::{Digest, Flushed, Timestamp};

use crate::dependencies;
use crate::error::ChangeError;
use crate::handle::AdapterHandle;
use crate::machine::Event;
use crate::view::Dependency;

/// A view as it was just built.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl AdapterHandle {
    /// Registers the view `view` as freshly built: whatever its status was, it is `ready` now.
    ///
    /// # Errors
    ///
    /// [`ChangeError::NotActive`] when the adapter is not active, and the other variants as they
    /// say. Unless they say otherwise, the file is as it was.
    pub fn register_view(&self, view: &str, build: &Build) -> Result<Flushed, ChangeError> {
        build.digest.check()?;
        self.happen(view, &Event::Registered, &build.at, |entries, view| {
            dependencies::check(&build.depends_on, entries)?;
            view.view_digest = Some(build.digest.clone());
            view.depends_on.clone_from(&build.depends_on);
            view.last_rebuilt_at = Some(build.at.clone());
            Ok(())
        })
    }

    /// Tells that the view `view`, which was `pending-rebuild`, was built again and has the digest
    /// `digest` now: it is `ready`.
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
    ) -> Result<Flushed, ChangeError> {
        digest.check()?;
        self.happen(view, &Event::Rebuilt, at, |_, view| {
            view.view_digest = Some(digest.clone());
            view.last_rebuilt_at = Some(at.clone());
            Ok(())
        })
    }
}
