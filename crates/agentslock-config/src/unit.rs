//! Units: what a resolve locked.

use agentslock_core::{FieldError, Fields};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cache_key::CacheKey;
use crate::kind::Kind;
use crate::revision::Revision;

/// One entry of `units`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// What it was resolved to.
    pub digest: Revision,
    /// When it was fetched, as text. Only older files have it. A unit that a pass does not change
    /// keeps it; it is never written again.
    pub fetched_at: Option<String>,
    /// When it was last checked, as text. As [`fetched_at`](Self::fetched_at).
    pub last_checked_at: Option<String>,
    /// Where a cache keeps it.
    pub cache_key: Option<CacheKey>,
    /// Whether only another layer's `extends` names it, and no manifest declares it.
    pub transitive: bool,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

impl Unit {
    /// A unit as a resolver makes it.
    pub fn new(kind: Kind, digest: impl Into<Revision>) -> Self {
        Self {
            kind,
            digest: digest.into(),
            fetched_at: None,
            last_checked_at: None,
            cache_key: None,
            transitive: false,
            other: Fields::new(),
        }
    }

    /// Sets the cache key.
    #[must_use]
    pub fn with_cache_key(mut self, key: impl Into<CacheKey>) -> Self {
        self.cache_key = Some(key.into());
        self
    }

    /// Marks it as one that only another layer's `extends` names.
    #[must_use]
    pub fn transitive(mut self) -> Self {
        self.transitive = true;
        self
    }

    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            kind: Kind::other(fields.require::<String>("kind")?),
            digest: Revision::as_found(fields.require("digest")?),
            fetched_at: fields.take_text("fetched_at")?,
            last_checked_at: fields.take_text("last_checked_at")?,
            cache_key: fields.take_text::<String>("cache_key")?.map(CacheKey::from),
            transitive: fields.take("transitive")?.unwrap_or(false),
            other: fields,
        })
    }

    /// Whether a resolve that gives `self` where `locked` stands changed nothing.
    pub(crate) fn is_still(&self, locked: &Self) -> bool {
        let adds_nothing = self.other.and_missing_of(&locked.other) == locked.other;
        let own = |unit: &Self| {
            let key = unit.cache_key.clone().filter(|key| !key.as_str().is_empty());
            (unit.kind.clone(), unit.digest.clone(), key, unit.transitive)
        };
        own(self) == own(locked) && adds_nothing
    }

    /// The entry to be written where `locked` stands. What a resolver does not know of stays. The
    /// times go, because they would change with each resolve.
    pub(crate) fn entry(&self, locked: Option<&Self>) -> Self {
        let mut entry = self.clone();
        (entry.fetched_at, entry.last_checked_at) = (None, None);
        if let Some(locked) = locked {
            entry.other = self.other.and_missing_of(&locked.other);
        }
        entry
    }
}

/// As it stands in the document.
impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("digest", &self.digest)?;
        let cache_key = self.cache_key.as_ref().map(CacheKey::as_str);
        for (name, text) in [
            ("fetched_at", self.fetched_at.as_deref()),
            ("last_checked_at", self.last_checked_at.as_deref()),
            ("cache_key", cache_key),
        ] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                map.serialize_entry(name, text)?;
            }
        }
        if self.transitive {
            map.serialize_entry("transitive", &true)?;
        }
        self.other.serialize_into(&mut map, &FIELDS)?;
        map.end()
    }
}

/// The fields of a unit, in the order in which they are written.
const FIELDS: [&str; 6] =
    ["kind", "digest", "fetched_at", "last_checked_at", "cache_key", "transitive"];
