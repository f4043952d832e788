//! What a handle has been told to change, until a flush has written it.

use std::collections::BTreeMap;

use crate::document::change::Change;

/// The staged changes. Each staging has a number, higher than those before it. It tells whether a
/// key was staged again after a flush took its snapshot.
#[derive(Debug, Default)]
pub(super) struct Stage {
    changes: BTreeMap<String, (u64, Change)>,
    last: u64,
}

/// The staged changes at one moment.
pub(super) struct Snapshot {
    /// The number of the last staging that it shows.
    last: u64,
    pub(super) changes: BTreeMap<String, Change>,
}

impl Stage {
    pub(super) fn put(&mut self, name: &str, change: Change) {
        self.last += 1;
        self.changes.insert(name.to_owned(), (self.last, change));
    }

    pub(super) fn get(&self, name: &str) -> Option<&Change> {
        self.changes.get(name).map(|(_, change)| change)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &Change)> {
        self.changes.iter().map(|(name, (_, change))| (name.as_str(), change))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let changes = self.changes.iter().map(|(name, (_, change))| (name.clone(), change.clone()));
        Snapshot { last: self.last, changes: changes.collect() }
    }

    /// Forgets what `snapshot` shows, but not what was staged since it was taken.
    pub(super) fn forget(&mut self, snapshot: &Snapshot) {
        self.changes.retain(|_, (number, _)| *number > snapshot.last);
    }
}
