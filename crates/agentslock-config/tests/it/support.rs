//! A document in a directory of its own, and short names for what tests are about.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use agentslock_config::{
    ConfigLock, Digest, Install, Kind, Pass, Reference, Refresh, Revision, Timestamp, Unit,
};

/// A document, and a resolver's view of it.
pub(crate) struct Lab {
    directory: testkit::Lab,
    pub(crate) lock: ConfigLock,
}

impl Lab {
    /// There is no document yet.
    pub(crate) fn empty() -> Self {
        let directory = testkit::Lab::new();
        let lock = ConfigLock::new(directory.root().join(".agentsrc.lock"));
        Self { directory, lock }
    }

    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let lab = Self::empty();
        std::fs::write(lab.path(), text).unwrap();
        lab
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.root().join(".agentsrc.lock")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn units(&self) -> BTreeMap<Reference, Unit> {
        self.lock.read().unwrap().units().unwrap()
    }

    pub(crate) fn content(&self) -> BTreeMap<Reference, Digest> {
        self.lock.read().unwrap().artifact_content().unwrap()
    }

    pub(crate) fn inputs(&self) -> Option<Digest> {
        self.lock.read().unwrap().inputs_digest()
    }

    pub(crate) fn install(&self) -> Option<Install> {
        self.lock.read().unwrap().install_stamp().unwrap()
    }

    pub(crate) fn refresh(&self) -> Option<Refresh> {
        self.lock.read().unwrap().refresh_stamp().unwrap()
    }

    /// The references of all units.
    pub(crate) fn names(&self) -> Vec<String> {
        self.units().into_keys().map(|reference| reference.to_string()).collect()
    }
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

pub(crate) fn revision(byte: u8) -> Revision {
    digest(byte).into()
}

/// What lies beside the document, itself included.
pub(crate) fn names(lab: &Lab) -> Vec<String> {
    testkit::names(lab.path().parent().unwrap())
}

/// A file of the vectors.
pub(crate) fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read_to_string(path).unwrap()
}

pub(crate) fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

pub(crate) fn at(second: u32) -> Timestamp {
    format!("2026-01-02T03:04:{second:02}Z").parse().unwrap()
}

pub(crate) fn layer(byte: u8) -> Unit {
    Unit::new(Kind::Layer, digest(byte))
}

pub(crate) fn artifact(byte: u8) -> Unit {
    Unit::new(Kind::Artifact, digest(byte))
}

pub(crate) fn pass(kinds: impl IntoIterator<Item = Kind>, units: &[(&str, Unit)]) -> Pass {
    let mut pass = Pass::over(kinds);
    for (name, unit) in units {
        pass.add(reference(name), unit.clone()).unwrap();
    }
    pass
}

/// All that an error says, sources included.
pub(crate) fn said(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |said, source| format!("{said}: {source}"))
}

/// The document in this project's example of a repository.
pub(crate) fn example() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join("examples/repo/.agentsrc.lock")).unwrap()
}
