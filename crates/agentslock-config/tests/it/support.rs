//! A document in a directory of its own, and short names for what tests are about.

use std::error::Error;
use std::path::Path;

use agentslock_config::{ConfigLock, Digest, Kind, Pass, Reference, Timestamp, Unit};
use tempfile::TempDir;

/// A document, and a resolver's view of it.
pub(crate) struct Lab {
    directory: TempDir,
    pub(crate) lock: ConfigLock,
}

impl Lab {
    /// There is no document yet.
    pub(crate) fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let lock = ConfigLock::new(directory.path().join(".agentsrc.lock"));
        Self { directory, lock }
    }

    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let lab = Self::empty();
        std::fs::write(lab.path(), text).unwrap();
        lab
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join(".agentsrc.lock")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// The references of all units.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock.units().unwrap().into_keys().map(|reference| reference.to_string()).collect()
    }
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

/// As a program could have read it from somewhere: not checked.
pub(crate) fn unchecked<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap()
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
