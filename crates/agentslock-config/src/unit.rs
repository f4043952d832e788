//! Units: what a resolve locked.

use agentslock_core::{Digest, FieldError, Fields};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::kind::Kind;

/// One entry of `units`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// The digest of its content.
    pub digest: Digest,
    /// When it was fetched, as text. Only older files have it, and it is never written anew.
    pub fetched_at: Option<String>,
    /// When it was last checked, as text. Only older files have it, and it is never written anew.
    pub last_checked_at: Option<String>,
    /// Where a cache keeps it.
    pub cache_key: Option<String>,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

impl Unit {
    /// A unit as a resolver makes it.
    pub fn new(kind: Kind, digest: Digest) -> Self {
        Self {
            kind,
            digest,
            fetched_at: None,
            last_checked_at: None,
            cache_key: None,
            other: Fields::new(),
        }
    }

    /// Sets the cache key.
    #[must_use]
    pub fn with_cache_key(mut self, key: impl Into<String>) -> Self {
        self.cache_key = Some(key.into());
        self
    }

    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            kind: fields.require::<String>("kind")?.into(),
            digest: fields.require("digest")?,
            fetched_at: fields.take_text("fetched_at")?,
            last_checked_at: fields.take_text("last_checked_at")?,
            cache_key: fields.take_text("cache_key")?,
            other: fields,
        })
    }

    /// Whether a resolve that gives `self` where `locked` stands changed nothing.
    pub(crate) fn is_still(&self, locked: &Self) -> bool {
        let adds_nothing = self.other.and_missing_of(&locked.other) == locked.other;
        let cache_key = self.cache_key.as_deref().filter(|key| !key.is_empty());
        let same = (&self.kind, &self.digest) == (&locked.kind, &locked.digest);
        same && cache_key == locked.cache_key.as_deref() && adds_nothing
    }

    /// The entry to be written where `locked` stands: what a resolver does not know of stays.
    pub(crate) fn entry(&self, locked: Option<&Self>) -> Entry<'_> {
        let locked = locked.map(|locked| &locked.other);
        let other = locked.map_or_else(|| self.other.clone(), |it| self.other.and_missing_of(it));
        Entry { unit: self, other }
    }
}

/// The fields of a unit.
const FIELDS: [&str; 5] = ["kind", "digest", "fetched_at", "last_checked_at", "cache_key"];

/// A unit as it is written: without the times, which would change with each resolve.
pub(crate) struct Entry<'a> {
    unit: &'a Unit,
    other: Fields,
}

impl Serialize for Entry<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.unit.kind.as_str())?;
        map.serialize_entry("digest", &self.unit.digest)?;
        if let Some(key) = self.unit.cache_key.as_deref().filter(|key| !key.is_empty()) {
            map.serialize_entry("cache_key", key)?;
        }
        self.other.serialize_into(&mut map, &FIELDS)?;
        map.end()
    }
}
