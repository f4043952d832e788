//! Stamps: which version of the tool installed or refreshed the project, and when.

use agentslock_core::{FieldError, Fields, Timestamp};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

pub(crate) const INSTALL: &str = "install";
pub(crate) const REFRESH: &str = "refresh";
/// What a stamp says of the tool.
const TOOL: [&str; 3] = ["version", "commit", "describe"];
/// When it was installed, and when it was refreshed.
pub(crate) const INSTALLED_AT: &str = "stamped_at";
pub(crate) const REFRESHED_AT: &str = "refreshedAt";

/// The section `install`: what the project was installed by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Install {
    /// The project.
    pub project: String,
    /// The tool.
    pub tool: Tool,
    /// When it was installed.
    pub stamped_at: Timestamp,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

/// The section `refresh`: what the project was last refreshed by.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refresh {
    /// The tool.
    pub tool: Tool,
    /// When it was refreshed. Some files do not say.
    pub refreshed_at: Option<Timestamp>,
    /// Fields that this crate does not know, as they were spelled.
    pub other: Fields,
}

/// A version of the tool that made a stamp, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    /// Its version.
    pub version: Option<String>,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// What `git describe` says of that commit.
    pub describe: Option<String>,
}

impl Install {
    /// A stamp for `project`.
    pub fn new(project: impl Into<String>, tool: Tool, stamped_at: Timestamp) -> Self {
        Self { project: project.into(), tool, stamped_at, other: Fields::new() }
    }

    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            project: fields.require("project")?,
            tool: Tool::take(&mut fields)?,
            stamped_at: Timestamp::verbatim(fields.require::<String>(INSTALLED_AT)?),
            other: fields,
        })
    }
}

impl Refresh {
    /// A stamp.
    pub fn new(tool: Tool, refreshed_at: Timestamp) -> Self {
        Self { tool, refreshed_at: Some(refreshed_at), other: Fields::new() }
    }

    pub(crate) fn from_fields(mut fields: Fields) -> Result<Self, FieldError> {
        Ok(Self {
            tool: Tool::take(&mut fields)?,
            refreshed_at: fields.take_text::<String>(REFRESHED_AT)?.map(Timestamp::verbatim),
            other: fields,
        })
    }
}

impl Tool {
    /// A version, and nothing else.
    pub fn version(version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..Self::default() }
    }

    fn take(fields: &mut Fields) -> Result<Self, FieldError> {
        Ok(Self {
            version: fields.take_text("version")?,
            commit: fields.take_text("commit")?,
            describe: fields.take_text("describe")?,
        })
    }

    fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (name, text) in TOOL.iter().zip([&self.version, &self.commit, &self.describe]) {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                map.serialize_entry(name, text)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Install {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("project", &self.project)?;
        self.tool.serialize_into(&mut map)?;
        map.serialize_entry(INSTALLED_AT, &self.stamped_at)?;
        let [version, commit, describe] = TOOL;
        let own = ["project", version, commit, describe, INSTALLED_AT];
        self.other.serialize_into(&mut map, &own)?;
        map.end()
    }
}

impl Serialize for Refresh {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.tool.serialize_into(&mut map)?;
        if let Some(at) = &self.refreshed_at {
            map.serialize_entry(REFRESHED_AT, at)?;
        }
        let [version, commit, describe] = TOOL;
        self.other.serialize_into(&mut map, &[version, commit, describe, REFRESHED_AT])?;
        map.end()
    }
}
