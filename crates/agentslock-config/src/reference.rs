//! References: what a unit is called.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::kind::Kind;

/// A reference, `source:path` or `source:path@version`: the key of a unit, verbatim as it is
/// declared.
///
/// The source ends at the first `:`. The version begins after the last `@` of what follows; a
/// reference without one, or with an empty one, has no version. Nothing else is looked at: colons,
/// slashes and spaces are part of the path.
///
/// Parsing and deserialising check a reference. The keys of a document are taken as they are. So is
/// what [`verbatim`](Self::verbatim) gets: the keys of profiles, project sets and descriptors are
/// no references.
///
/// ```
/// use agentslock_config::Reference;
///
/// let base: Reference = "acme:org/base.json@v1.2.0".parse()?;
/// assert_eq!((base.source(), base.path()), ("acme", "org/base.json"));
/// assert_eq!(base.version(), Some("v1.2.0"));
/// assert_eq!(base.identity(), "acme:org/base.json");
/// # Ok::<(), agentslock_config::ParseReferenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Reference(String);

/// Why a text is not a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a reference: column {column}: {problem}")]
#[non_exhaustive]
pub struct ParseReferenceError {
    /// The text.
    pub text: String,
    /// Where it departs from a reference, in bytes from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: ReferenceProblem,
}

/// What is wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceProblem {
    /// There is no `:`, or nothing before it.
    #[error("expected `source:path`, found no source before a `:`")]
    NoSource,
    /// There is nothing between the first `:` and the version.
    #[error("the path is empty")]
    EmptyPath,
    /// An artifact's reference has no version.
    #[error("an artifact needs a version: `source:path@version`")]
    NoVersion,
    /// The key of a unit is empty.
    #[error("the key is empty")]
    Empty,
}

impl ReferenceProblem {
    /// Its name: `no-source`, `empty-path`, `no-version`, `empty`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSource => "no-source",
            Self::EmptyPath => "empty-path",
            Self::NoVersion => "no-version",
            Self::Empty => "empty",
        }
    }
}

impl Reference {
    /// `text` as the key of a unit, unchecked: for a profile (`repo-local:stage-profile:verifier`),
    /// a project set or a descriptor, whose keys are no references.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The reference that three separate texts stand for. White space around each is dropped, and
    /// an empty version is no version: the Go programs read the objects in `prompt_files` so.
    ///
    /// A path with an `@` gives a reference that reads back with a version. The Go programs do the
    /// same.
    ///
    /// # Errors
    ///
    /// [`ParseReferenceError`] for an empty source or path.
    pub fn from_parts(
        source: &str,
        path: &str,
        version: Option<&str>,
    ) -> Result<Self, ParseReferenceError> {
        let (source, path) = (source.trim(), path.trim());
        let version = version.map(str::trim).filter(|version| !version.is_empty());
        let text = match version {
            Some(version) => format!("{source}:{path}@{version}"),
            None => format!("{source}:{path}"),
        };
        let problem = match (source.is_empty(), path.is_empty()) {
            (true, _) => ReferenceProblem::NoSource,
            (_, true) => ReferenceProblem::EmptyPath,
            _ => return Ok(Self(text)),
        };
        let column = if source.is_empty() { 1 } else { source.len() + 2 };
        Err(ParseReferenceError { text, column, problem })
    }

    /// The reference in an entry of `prompt_files` that is a text; `None` if the text is a local
    /// path. It is a local path unless it begins with a source that `is_source` knows.
    pub fn from_prompt_file(text: &str, is_source: impl Fn(&str) -> bool) -> Option<Self> {
        let reference: Self = text.parse().ok()?;
        is_source(reference.source()).then_some(reference)
    }

    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first `:`. Empty if there is no `:`, which only a key can be that is
    /// no reference.
    pub fn source(&self) -> &str {
        self.0.split_once(':').map_or("", |(source, _)| source)
    }

    /// What stands between source and version.
    pub fn path(&self) -> &str {
        path_and_version(&self.0).0
    }

    /// What stands after the last `@` of what follows the first `:`, if it is not empty.
    pub fn version(&self) -> Option<&str> {
        path_and_version(&self.0).1
    }

    /// What two versions of one thing have in common: all before the last `@`.
    ///
    /// An `@` before the first `:` is part of the identity, and so is one that the path begins
    /// with. `acme:@scope/x` is not another version of `acme:@scope/y`. The Go programs cut there,
    /// too; for all other references both agree.
    pub fn identity(&self) -> &str {
        let text = self.0.as_str();
        // Without a `:` there is no source that an `@` could be part of.
        let path = text.find(':').map_or(0, |colon| colon + 1);
        match text[path..].rfind('@') {
            Some(at) if at > 0 => &text[..path + at],
            _ => text,
        }
    }

    /// Whether an artifact of this reference can be installed: its path is `skill`, `agent` or
    /// `plugin`, a slash, and a name. Parsing does not ask that.
    pub fn is_installable(&self) -> bool {
        let Some((family, name)) = self.path().split_once('/') else { return false };
        matches!(family, "skill" | "agent" | "plugin") && !name.is_empty()
    }

    /// Whether this can be the key of a unit of the kind `kind`. A layer and a prompt need a
    /// reference, an artifact one with a version. Other kinds need any text.
    ///
    /// # Errors
    ///
    /// [`ParseReferenceError`], which says what is missing.
    pub fn check(&self, kind: &Kind) -> Result<(), ParseReferenceError> {
        let text = self.as_str();
        let error =
            |column, problem| Err(ParseReferenceError { text: text.into(), column, problem });
        match kind {
            Kind::Layer | Kind::Prompt => parse(text),
            Kind::Artifact => {
                parse(text)?;
                match self.version() {
                    Some(_) => Ok(()),
                    None => error(text.len() + 1, ReferenceProblem::NoVersion),
                }
            }
            _ if text.is_empty() => error(1, ReferenceProblem::Empty),
            _ => Ok(()),
        }
    }
}

fn path_and_version(text: &str) -> (&str, Option<&str>) {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    match rest.rsplit_once('@') {
        Some((path, version)) => (path, Some(version).filter(|version| !version.is_empty())),
        None => (rest, None),
    }
}

fn parse(text: &str) -> Result<(), ParseReferenceError> {
    let error =
        |column, problem| Err(ParseReferenceError { text: text.to_owned(), column, problem });
    let colon = match text.find(':') {
        None => return error(text.len() + 1, ReferenceProblem::NoSource),
        Some(0) => return error(1, ReferenceProblem::NoSource),
        Some(colon) => colon,
    };
    if path_and_version(text).0.is_empty() {
        return error(colon + 2, ReferenceProblem::EmptyPath);
    }
    Ok(())
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, ParseReferenceError> {
        parse(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<&str> for Reference {
    type Error = ParseReferenceError;

    fn try_from(text: &str) -> Result<Self, ParseReferenceError> {
        text.parse()
    }
}

/// Checked, as by [`FromStr`]: for a manifest.
impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(de::Error::custom)?;
        Ok(Self(text))
    }
}

/// Text and reference compare alike, so that a map from references can be asked with a text.
impl Borrow<str> for Reference {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Reference {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Reference {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
