//! Materialized views: their status, what they depend on, and how they came to it.

use std::cmp::Ordering;
use std::fmt;

use agentslock_core::{Digest, FieldError, Fields, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::machine::{Event, Status};

/// How many transitions the history of a view keeps.
pub const HISTORY_LIMIT: usize = 20;

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
    /// When it was last checked: by a check of its compatibility, or by a reconcile that changed
    /// its status.
    pub last_validation_at: Option<Timestamp>,
    /// How it came to its status, oldest first.
    pub state_history: Vec<Transition>,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

/// What a view was built against.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dependency {
    /// The adapter that it depends on.
    pub adapter: String,
    /// That adapter's schema, then.
    pub schema_digest: Digest,
    /// That adapter's version, then.
    pub version: String,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

/// One entry of a view's history.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// When.
    pub at: Timestamp,
    /// The status before; `None` for a view that was new.
    pub from: Option<String>,
    /// The status after.
    pub to: String,
    /// What caused it.
    pub trigger: String,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

/// What a view is called: shown, and sorted, as `adapter/view`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewName {
    /// The adapter that it is of.
    pub adapter: String,
    /// Its name there.
    pub view: String,
}

impl View {
    /// A view that nothing has happened to yet. Its status is set by its first event.
    pub(crate) fn new() -> Self {
        Self {
            view_digest: None,
            view_status: Status::Ready,
            depends_on: Vec::new(),
            last_rebuilt_at: None,
            last_validation_at: None,
            state_history: Vec::new(),
            other: Fields::new(),
        }
    }

    /// Whether it was built against the adapter `name`.
    pub(crate) fn is_built_against(&self, name: &str) -> bool {
        self.depends_on.iter().any(|dependency| dependency.adapter == name)
    }

    /// Puts it into the status `to`, and into its history how it came there.
    pub(crate) fn enter(&mut self, from: Option<&Status>, to: Status, by: &Event, at: &Timestamp) {
        self.state_history.push(Transition::new(at.clone(), from, &to, by));
        let surplus = self.state_history.len().saturating_sub(HISTORY_LIMIT);
        self.state_history.drain(..surplus);
        self.view_status = to;
    }

    /// Lets `event` happen to it, if that is possible in its status.
    pub(crate) fn step(&mut self, event: &Event, at: &Timestamp) -> bool {
        let from = self.view_status.clone();
        let Some(to) = event.leads_to(Some(&from)) else { return false };
        self.enter(Some(&from), to, event, at);
        true
    }

    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            view_digest: fields.take_text::<String>("view_digest")?.map(Digest::verbatim),
            view_status: fields.require::<String>("view_status")?.into(),
            depends_on: fields.take_list("depends_on", Dependency::from_fields)?,
            last_rebuilt_at: fields
                .take_text::<String>("last_rebuilt_at")?
                .map(Timestamp::verbatim),
            last_validation_at: fields
                .take_text::<String>("last_validation_at")?
                .map(Timestamp::verbatim),
            state_history: fields.take_list("state_history", Transition::from_fields)?,
            other: fields,
        })
    }
}

/// The fields of a view.
const FIELDS: [&str; 6] = [
    "view_digest",
    "view_status",
    "depends_on",
    "last_rebuilt_at",
    "last_validation_at",
    "state_history",
];

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
        self.other.serialize_into(&mut map, &FIELDS)?;
        map.end()
    }
}

impl Dependency {
    /// The adapter `adapter`, with its schema and version as they are now.
    pub fn new(
        adapter: impl Into<String>,
        schema_digest: Digest,
        version: impl Into<String>,
    ) -> Self {
        let (adapter, version) = (adapter.into(), version.into());
        Self { adapter, schema_digest, version, other: Fields::new() }
    }

    fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            adapter: fields.require("adapter")?,
            schema_digest: Digest::verbatim(fields.require::<String>("schema_digest")?),
            version: fields.require("version")?,
            other: fields,
        })
    }
}

impl Serialize for Dependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("adapter", &self.adapter)?;
        map.serialize_entry("schema_digest", &self.schema_digest)?;
        map.serialize_entry("version", &self.version)?;
        self.other.serialize_into(&mut map, &["adapter", "schema_digest", "version"])?;
        map.end()
    }
}

impl Transition {
    fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            at: Timestamp::verbatim(fields.require::<String>("at")?),
            from: fields.take_text("from")?,
            to: fields.require("to")?,
            trigger: fields.require("trigger")?,
            other: fields,
        })
    }
}

impl Transition {
    /// A transition, for a test of code that reads a history.
    pub fn new(at: Timestamp, from: Option<&Status>, to: &Status, by: &Event) -> Self {
        Self {
            at,
            from: from.map(|status| status.as_str().to_owned()).filter(|text| !text.is_empty()),
            to: to.as_str().to_owned(),
            trigger: by.to_string(),
            other: Fields::new(),
        }
    }
}

impl Serialize for Transition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("at", &self.at)?;
        if let Some(from) = &self.from {
            map.serialize_entry("from", from)?;
        }
        map.serialize_entry("to", &self.to)?;
        map.serialize_entry("trigger", &self.trigger)?;
        self.other.serialize_into(&mut map, &["at", "from", "to", "trigger"])?;
        map.end()
    }
}

impl ViewName {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.adapter.bytes().chain([b'/']).chain(self.view.bytes())
    }
}

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.adapter, self.view)
    }
}

/// As it is shown.
impl Serialize for ViewName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialOrd for ViewName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As they are shown; of two that are shown alike, by the adapter.
impl Ord for ViewName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes()).then_with(|| self.adapter.cmp(&other.adapter))
    }
}
