//! Materialized views: their status, what they depend on, and how they came to it.

use std::fmt;

use agentslock_core::{Digest, FieldError, Fields, Timestamp};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The status of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Built, and usable.
    Ready,
    /// The schema of something that it depends on changed; whether it still fits is to be checked.
    PendingRecompatCheck,
    /// To be built again.
    PendingRebuild,
    /// It no longer fits what it depends on; its definition has to change.
    DslUpdateRequired,
    /// A status that this crate does not know. It is kept as it is.
    Other(String),
}

impl Status {
    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ready => "ready",
            Self::PendingRecompatCheck => "pending-recompat-check",
            Self::PendingRebuild => "pending-rebuild",
            Self::DslUpdateRequired => "dsl-update-required",
            Self::Other(status) => status,
        }
    }
}

impl From<String> for Status {
    fn from(status: String) -> Self {
        match status.as_str() {
            "ready" => Self::Ready,
            "pending-recompat-check" => Self::PendingRecompatCheck,
            "pending-rebuild" => Self::PendingRebuild,
            "dsl-update-required" => Self::DslUpdateRequired,
            _ => Self::Other(status),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a view was built against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The adapter that it depends on.
    pub adapter: String,
    /// That adapter's schema, then.
    pub schema_digest: Digest,
    /// That adapter's version, then.
    pub version: String,
}

/// One entry of a view's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// The status before; absent for a view that was new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The status after.
    pub to: String,
    /// What caused it.
    pub trigger: String,
}

/// One materialized view of an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The digest of what was built.
    pub view_digest: Option<Digest>,
    /// Its status.
    pub view_status: Status,
    /// What it was built against.
    pub depends_on: Vec<Dependency>,
    /// When it was last built.
    pub last_rebuilt_at: Option<Timestamp>,
    /// When it was last checked.
    pub last_validation_at: Option<Timestamp>,
    /// How it came to its status, oldest first.
    pub state_history: Vec<Transition>,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

impl View {
    fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            view_digest: fields.take("view_digest")?,
            view_status: fields.require::<String>("view_status")?.into(),
            depends_on: fields.take("depends_on")?.unwrap_or_default(),
            last_rebuilt_at: fields.take("last_rebuilt_at")?,
            last_validation_at: fields.take("last_validation_at")?,
            state_history: fields.take("state_history")?.unwrap_or_default(),
            other: fields,
        })
    }
}

impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fields(Fields::deserialize(deserializer)?).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            D::Error::custom(format!("{error}{}", source.unwrap_or_default()))
        })
    }
}

impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(digest) = &self.view_digest {
            map.serialize_entry("view_digest", digest)?;
        }
        map.serialize_entry("view_status", self.view_status.as_str())?;
        if !self.depends_on.is_empty() {
            map.serialize_entry("depends_on", &self.depends_on)?;
        }
        if let Some(at) = &self.last_rebuilt_at {
            map.serialize_entry("last_rebuilt_at", at)?;
        }
        if let Some(at) = &self.last_validation_at {
            map.serialize_entry("last_validation_at", at)?;
        }
        if !self.state_history.is_empty() {
            map.serialize_entry("state_history", &self.state_history)?;
        }
        self.other.serialize_into(&mut map)?;
        map.end()
    }
}
