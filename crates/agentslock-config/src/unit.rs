//! Units: what a resolve locked.

use std::fmt;

use agentslock_core::{Digest, FieldError, Fields};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What a unit is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A layer of configuration.
    Layer,
    /// A package's artifact.
    Artifact,
    /// A profile.
    Profile,
    /// A prompt.
    Prompt,
    /// A set of projects.
    ProjectSet,
    /// A descriptor.
    Descriptor,
    /// A kind that this crate does not know. It is kept as it is.
    Other(String),
}

impl Kind {
    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Layer => "layer",
            Self::Artifact => "artifact",
            Self::Profile => "profile",
            Self::Prompt => "prompt",
            Self::ProjectSet => "project-set",
            Self::Descriptor => "descriptor",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for Kind {
    fn from(name: String) -> Self {
        match name.as_str() {
            "layer" => Self::Layer,
            "artifact" => Self::Artifact,
            "profile" => Self::Profile,
            "prompt" => Self::Prompt,
            "project-set" => Self::ProjectSet,
            "descriptor" => Self::Descriptor,
            _ => Self::Other(name),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of `units`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit {
    /// What it is.
    pub kind: Kind,
    /// The digest of its content.
    pub digest: Digest,
    /// When it was fetched. Only older files have it; it is never written anew.
    pub fetched_at: Option<String>,
    /// When it was last checked. Only older files have it; it is never written anew.
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
            fetched_at: fields.take("fetched_at")?,
            last_checked_at: fields.take("last_checked_at")?,
            cache_key: fields.take("cache_key")?,
            other: fields,
        })
    }

    /// Whether a resolve that gives `self` where `locked` stands changed nothing.
    pub(crate) fn is_still(&self, locked: &Self) -> bool {
        (&self.kind, &self.digest, &self.cache_key)
            == (&locked.kind, &locked.digest, &locked.cache_key)
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("digest", &self.digest)?;
        let texts = [
            ("fetched_at", &self.fetched_at),
            ("last_checked_at", &self.last_checked_at),
            ("cache_key", &self.cache_key),
        ];
        for (name, text) in texts {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                map.serialize_entry(name, text)?;
            }
        }
        self.other.serialize_into(&mut map)?;
        map.end()
    }
}
