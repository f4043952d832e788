//! An empty directory to test in: what the labs of all crates have in common.

use std::ops::Deref;
use std::path::Path;

use crate::places::{Place, places};
use crate::snapshot::names;

/// An empty directory on one of the file systems to test on. Removed when it is dropped.
///
/// A crate's own lab has what its tests are about (the file that they lock, their document) and
/// derefs to this one.
#[derive(Debug)]
pub struct Lab {
    place: Place,
}

impl Lab {
    /// Where temporary files go.
    pub fn new() -> Self {
        Self::everywhere().remove(0)
    }

    /// One on each file system to test on.
    pub fn everywhere() -> Vec<Self> {
        places().into_iter().map(|place| Self { place }).collect()
    }

    /// In shared memory, if there is some: for what is done a thousand times.
    ///
    /// # Panics
    ///
    /// Never: temporary files go somewhere.
    pub fn in_memory() -> Self {
        Self::everywhere().pop().expect("because temporary files go somewhere")
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        self.place.path()
    }

    /// The names in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        names(self.root())
    }
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

/// Its name, and paths below it.
impl Deref for Lab {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}
