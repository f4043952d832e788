//! Dependencies: what a caller says of them, and whether what they name is still there.

use agentslock_core::{Digest, Entries, ReadError, Timestamp};

use crate::document::{AdaptersLock, check_name};
use crate::error::ChangeError;
use crate::machine::Event;
use crate::outdated::{OutdatedDependency, OutdatedView};
use crate::view::{Dependency, View, ViewName};

impl AdaptersLock {
    /// All views that were built against a schema that is gone, whatever their status, sorted. None
    /// that this crate writes is `ready`; a program that does not compare can leave one.
    ///
    /// # Errors
    ///
    /// [`ReadError`], which names entry, field and place.
    pub fn outdated(&self) -> Result<Vec<OutdatedView>, ReadError> {
        let adapters = self.adapters()?;
        let live = |name: &str| {
            let schema = adapters.get(name).map(|adapter| adapter.schema_digest.clone());
            schema.filter(|schema| !schema.as_str().is_empty())
        };
        let mut all = Vec::new();
        for (adapter, entry) in &adapters {
            for (view, found) in &entry.materialized_views {
                let gone = outdated(&found.depends_on, live);
                if !gone.is_empty() {
                    let view = ViewName { adapter: adapter.clone(), view: view.clone() };
                    all.push(OutdatedView::new(view, found.view_status.clone(), gone));
                }
            }
        }
        all.sort_by(|a, b| a.view.cmp(&b.view));
        Ok(all)
    }
}

/// Checks what `view` is said to depend on. A digest that is not one is accepted only if the
/// adapter that is depended on has it: an older program gave it that one.
pub(crate) fn check(
    view: &ViewName,
    dependencies: &[Dependency],
    entries: &Entries,
) -> Result<(), ChangeError> {
    for Dependency { adapter, schema_digest, .. } in dependencies {
        check_name(adapter, "an adapter")?;
        if live(entries, adapter).as_ref() != Some(schema_digest) {
            schema_digest.check().map_err(|source| ChangeError::Digest {
                of: format!("the view `{view}`, its dependency on `{adapter}`"),
                source,
            })?;
        }
    }
    Ok(())
}

/// The schema that `adapter` offers. `None` if it is not in the document, or was never activated.
/// (For the views of such an adapter the Go programs make an entry with empty texts.) Then there is
/// nothing to compare with, and neither is there in an entry that cannot be read.
pub(crate) fn live(entries: &Entries, adapter: &str) -> Option<Digest> {
    let schema = entries.object(adapter, |mut fields| fields.take_text::<String>("schema_digest"));
    schema.ok().flatten().flatten().map(Digest::verbatim)
}

/// Which of `dependencies` name a schema that is gone, by what `live` says that an adapter offers.
pub(crate) fn outdated(
    dependencies: &[Dependency],
    live: impl Fn(&str) -> Option<Digest>,
) -> Vec<OutdatedDependency> {
    let gone = |dependency: &Dependency| {
        let live = live(&dependency.adapter).filter(|live| *live != dependency.schema_digest)?;
        let built_against = dependency.schema_digest.clone();
        Some(OutdatedDependency::new(dependency.adapter.clone(), built_against, live))
    };
    dependencies.iter().filter_map(gone).collect()
}

/// Called on a `view` that was just made `ready`. If it depends on a schema that is gone, it is
/// `pending-recompat-check` in the same write, as if the bump had come right after. Returns what is
/// gone.
pub(crate) fn settle(
    view: &mut View,
    entries: &Entries,
    at: &Timestamp,
) -> Vec<OutdatedDependency> {
    let gone = outdated(&view.depends_on, |adapter| live(entries, adapter));
    if let Some(first) = gone.first() {
        view.step(&Event::DependeeBumped(first.adapter.clone()), at);
    }
    gone
}
