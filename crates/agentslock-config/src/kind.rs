//! Kinds: what a unit is.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// What a unit is. Two kinds are equal if they stand in a document alike.
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
