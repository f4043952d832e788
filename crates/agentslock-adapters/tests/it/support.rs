//! A document in a directory of its own, and short names for what tests are about.

use std::error::Error;
use std::path::PathBuf;

use agentslock_adapters::{
    Activation, AdapterHandle, AdaptersLock, Dependency, Digest, Durability, LockfileOptions,
    Timestamp, View,
};

/// A document, and adapter code's view of it.
pub(crate) struct Lab {
    lab: testkit::Lab,
    pub(crate) lock: AdaptersLock,
}

impl Lab {
    /// In memory where there is some, and without syncing, which only takes time here.
    pub(crate) fn with(text: impl AsRef<[u8]>) -> Self {
        let lab = testkit::Lab::in_memory();
        let options = LockfileOptions::new().durability(Durability::Atomic);
        let lock = AdaptersLock::with_options(lab.join(".agentsrc.lock"), options);
        let lab = Self { lab, lock };
        lab.write(text);
        lab
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.lab.join(".agentsrc.lock")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn write(&self, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(), text).unwrap();
    }

    pub(crate) fn adapter(&self, name: &str) -> AdapterHandle {
        self.lock.adapter(name).unwrap()
    }

    pub(crate) fn view(&self, adapter: &str, view: &str) -> View {
        self.lock.adapters().unwrap()[adapter].materialized_views[view].clone()
    }
}

/// A document with the adapter `kuzu`, whose views have these statuses and depend on the schema
/// that `crg` offers.
pub(crate) fn kuzu(views: &[(&str, &str)]) -> String {
    kuzu_beside(&digest(4), views)
}

/// As [`kuzu`], where `crg` has gone live with another schema since, and a program that does not
/// compare has left the views as they were.
pub(crate) fn kuzu_after_bump(views: &[(&str, &str)]) -> String {
    kuzu_beside(&digest(5), views)
}

fn kuzu_beside(schema: &Digest, views: &[(&str, &str)]) -> String {
    let views = views.iter().map(|(name, status)| (*name, view(status)));
    let views: serde_json::Map<_, _> = views.map(|(name, view)| (name.to_owned(), view)).collect();
    serde_json::json!({
        "adapters": { "crg": {
            "source_digest": digest(1),
            "schema_digest": schema,
            "activated_at": at(0),
        }, "kuzu": {
            "source_digest": digest(1),
            "schema_digest": digest(2),
            "activated_at": at(0),
            "materialized_views": views,
        }}
    })
    .to_string()
}

pub(crate) fn view(status: &str) -> serde_json::Value {
    serde_json::json!({
        "view_digest": digest(3),
        "view_status": status,
        "depends_on": [{ "adapter": "crg", "schema_digest": digest(4), "version": "1" }],
        "last_rebuilt_at": at(0),
    })
}

pub(crate) fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

/// As a program could have read it from somewhere: not checked.
pub(crate) fn unchecked<T: Verbatim>(text: &str) -> T {
    T::verbatim(text)
}

pub(crate) trait Verbatim {
    fn verbatim(text: &str) -> Self;
}

impl Verbatim for Digest {
    fn verbatim(text: &str) -> Self {
        Self::verbatim(text)
    }
}

impl Verbatim for Timestamp {
    fn verbatim(text: &str) -> Self {
        Self::verbatim(text)
    }
}

pub(crate) fn at(second: usize) -> Timestamp {
    format!("2026-01-02T03:{:02}:{:02}Z", second / 60, second % 60).parse().unwrap()
}

pub(crate) fn activation(byte: u8, second: usize) -> Activation {
    let (source_digest, schema_digest) = (digest(byte), digest(byte + 1));
    Activation { source_digest, schema_digest, at: at(second) }
}

pub(crate) fn on(adapter: &str) -> Dependency {
    Dependency::new(adapter, digest(4), "1")
}

/// All that an error says, sources included.
pub(crate) fn said(error: &dyn Error) -> String {
    let sources = std::iter::successors(error.source(), |&error| error.source());
    sources.fold(error.to_string(), |said, source| format!("{said}: {source}"))
}

/// What each view is called.
pub(crate) fn names<'a>(
    views: impl IntoIterator<Item = &'a agentslock_adapters::ViewName>,
) -> Vec<String> {
    views.into_iter().map(ToString::to_string).collect()
}
