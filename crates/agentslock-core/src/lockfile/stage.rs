//! What a handle has been told to change, until a flush has written it.

use std::collections::BTreeMap;

use crate::document::change::Change;

/// The staged changes. Each staging has a number of its own, which tells whether a key was staged
/// again after a flush took its picture.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    changes: BTreeMap<String, (u64, Change)>,
    last: u64,
}

/// The staged changes at one moment.
pub(crate) struct Picture {
    numbers: BTreeMap<String, u64>,
    pub(crate) changes: BTreeMap<String, Change>,
}

impl Stage {
    pub(crate) fn put(&mut self, name: &str, change: Change) {
        self.last += 1;
        self.changes.insert(name.to_owned(), (self.last, change));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Change> {
        self.changes.get(name).map(|(_, change)| change)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &Change)> {
        self.changes.iter().map(|(name, (_, change))| (name.as_str(), change))
    }

    pub(crate) fn picture(&self) -> Picture {
        Picture {
            numbers: self.changes.iter().map(|(name, (n, _))| (name.clone(), *n)).collect(),
            changes: self.changes.iter().map(|(name, (_, c))| (name.clone(), c.clone())).collect(),
        }
    }

    /// Forgets what `picture` shows, but not what was staged since it was taken.
    pub(crate) fn forget(&mut self, picture: &Picture) {
        self.changes.retain(|name, (number, _)| picture.numbers.get(name) != Some(number));
    }
}
