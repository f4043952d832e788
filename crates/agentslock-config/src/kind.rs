//! Kinds: what a unit is.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a unit is. Two kinds are equal if they stand in a document alike.
///
/// Parsing and deserialising know the kinds below and refuse every other name, so that `lyer` is a
/// typing error and not a kind. A caller who means another kind says so: [`Kind::other`].
#[derive(Clone, Debug)]
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

/// A text does not name a kind that this crate knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a kind: expected `layer`, `artifact`, `profile`, `prompt`, `project-set` or \
     `descriptor`"
)]
#[non_exhaustive]
pub struct ParseKindError {
    /// The text.
    pub text: String,
}

impl Kind {
    /// All kinds that this crate knows.
    pub const KNOWN: [Self; 6] = [
        Self::Layer,
        Self::Artifact,
        Self::Profile,
        Self::Prompt,
        Self::ProjectSet,
        Self::Descriptor,
    ];

    /// The kind that stands in a document as `name`, whether or not this crate knows it.
    pub fn other(name: impl Into<String>) -> Self {
        let name = name.into();
        name.parse().unwrap_or(Self::Other(name))
    }

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

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(text: &str) -> Result<Self, ParseKindError> {
        let known = Self::KNOWN.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| ParseKindError { text: text.to_owned() })
    }
}

/// Checked, as by [`FromStr`]: for a manifest.
impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
