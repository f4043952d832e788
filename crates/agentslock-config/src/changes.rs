//! What a write changed, and what it would change.

use std::collections::BTreeMap;
use std::fmt;

use agentslock_core::{Digest, ParseDigestError};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::cache_key::CacheKey;
use crate::kind::Kind;
use crate::reference::{ParseReferenceError, Reference};
use crate::revision::ParseRevisionError;
use crate::stamp::{Install, Refresh, Tool};
use crate::unit::Unit;

/// What was there, and what is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change<T> {
    /// What was there; `None`: nothing.
    pub before: Option<T>,
    /// What is there now; `None`: nothing.
    pub after: Option<T>,
}

/// What differs between two states of a document. Shown, it is a diff of one line for each
/// difference, each with a newline at its end: use `print!`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changes {
    /// Units that were added, removed or changed.
    pub units: BTreeMap<Reference, Change<Unit>>,
    /// Digests of artifacts' content.
    pub artifact_content: BTreeMap<Reference, Change<Digest>>,
    /// The digest of the inputs.
    pub inputs_digest: Option<Change<Digest>>,
    /// The stamp of installing.
    pub install: Option<Change<Install>>,
    /// The stamp of refreshing.
    pub refresh: Option<Change<Refresh>>,
}

/// What a write would change, and what it would refuse. A write that refuses anything writes
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// What would change if nothing were refused.
    pub changes: Changes,
    /// What would be refused, and why.
    pub refused: Vec<Refused>,
}

/// A unit that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The unit's reference.
    pub reference: Reference,
    /// Why.
    pub reason: Refusal,
}

/// Why a unit cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The reference is locked as a unit of a kind that the pass does not own.
    #[error("it is locked as a unit of kind `{kind}`, which the pass does not own")]
    Taken {
        /// The kind that it is locked as.
        kind: Kind,
    },
    /// The reference cannot name a unit of this kind, and is not in the document either.
    #[error(transparent)]
    Reference(ParseReferenceError),
    /// The digest does not fit the kind, and does not stand at that place in the document either.
    #[error(transparent)]
    Revision(ParseRevisionError),
    /// The digest of the content is not a digest, and does not stand at that place in the document
    /// either.
    #[error("its content: {0}")]
    Content(ParseDigestError),
}

impl<T: PartialEq> Change<T> {
    /// `None` if nothing changed.
    pub fn of(before: Option<T>, after: Option<T>) -> Option<Self> {
        (before != after).then_some(Self { before, after })
    }
}

impl Changes {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The units that were not there before.
    pub fn added(&self) -> impl Iterator<Item = (&Reference, &Unit)> {
        self.units.iter().filter_map(|(reference, change)| match change {
            Change { before: None, after: Some(unit) } => Some((reference, unit)),
            _ => None,
        })
    }

    /// The units that are no longer there.
    pub fn removed(&self) -> impl Iterator<Item = (&Reference, &Unit)> {
        self.units.iter().filter_map(|(reference, change)| match change {
            Change { before: Some(unit), after: None } => Some((reference, unit)),
            _ => None,
        })
    }

    /// The units that are there as before, with another entry: before and after.
    pub fn changed(&self) -> impl Iterator<Item = (&Reference, &Unit, &Unit)> {
        self.units.iter().filter_map(|(reference, change)| match change {
            Change { before: Some(before), after: Some(after) } => Some((reference, before, after)),
            _ => None,
        })
    }
}

impl Plan {
    /// Whether nothing would change and nothing would be refused.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }
}

impl Refused {
    /// `reference` cannot be written, for `reason`.
    pub fn new(reference: Reference, reason: Refusal) -> Self {
        Self { reference, reason }
    }
}

/// What differs between two maps, by key.
pub(crate) fn between<T: PartialEq>(
    mut before: BTreeMap<Reference, T>,
    after: BTreeMap<Reference, T>,
) -> BTreeMap<Reference, Change<T>> {
    let mut changes = BTreeMap::new();
    for (reference, after) in after {
        if let Some(change) = Change::of(before.remove(&reference), Some(after)) {
            changes.insert(reference, change);
        }
    }
    let removed = before.into_iter();
    changes
        .extend(removed.map(|(key, before)| (key, Change { before: Some(before), after: None })));
    changes
}

/// `+` for what was added, `-` for what was removed, `~` for what changed.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reference, change) in &self.units {
            match change {
                Change { before: Some(before), after: Some(after) } => {
                    writeln!(f, "~ {reference} {}", Differences(before, after))?;
                }
                Change { before: None, after: Some(unit) } => {
                    writeln!(f, "+ {reference} {} {}", unit.kind, unit.digest)?;
                }
                Change { before: Some(unit), after: None } => {
                    writeln!(f, "- {reference} {} {}", unit.kind, unit.digest)?;
                }
                Change { before: None, after: None } => {}
            }
        }
        for (reference, change) in &self.artifact_content {
            line(f, &format!("content of {reference}"), change, Digest::to_string)?;
        }
        if let Some(change) = &self.inputs_digest {
            line(f, "inputs", change, Digest::to_string)?;
        }
        if let Some(change) = &self.install {
            line(f, "install", change, |stamp| said(&stamp.tool, Some(stamp.stamped_at.as_str())))?;
        }
        if let Some(change) = &self.refresh {
            let at = |stamp: &Refresh| stamp.refreshed_at.as_ref().map(|at| at.as_str().to_owned());
            line(f, "refresh", change, |stamp| said(&stamp.tool, at(stamp).as_deref()))?;
        }
        Ok(())
    }
}

fn line<T>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    change: &Change<T>,
    show: impl Fn(&T) -> String,
) -> fmt::Result {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            writeln!(f, "~ {what} {} -> {}", show(before), show(after))
        }
        (None, Some(after)) => writeln!(f, "+ {what} {}", show(after)),
        (Some(before), None) => writeln!(f, "- {what} {}", show(before)),
        (None, None) => Ok(()),
    }
}

/// What a stamp says, in short.
fn said(tool: &Tool, at: Option<&str>) -> String {
    let version = tool.version.as_deref().or(tool.commit.as_deref());
    let parts: Vec<_> = version.into_iter().chain(at).collect();
    if parts.is_empty() { "(empty)".to_owned() } else { parts.join(" at ") }
}

/// In what two entries of one unit differ.
struct Differences<'a>(&'a Unit, &'a Unit);

impl fmt::Display for Differences<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(before, after) = self;
        let key = |unit: &Unit| unit.cache_key.as_ref().map_or("none", CacheKey::as_str).to_owned();
        let mut parts = Vec::new();
        if before.kind == after.kind {
            parts.push(after.kind.to_string());
        } else {
            parts.push(format!("{} -> {}", before.kind, after.kind));
        }
        if before.digest != after.digest {
            parts.push(format!("{} -> {}", before.digest, after.digest));
        }
        if key(before) != key(after) {
            parts.push(format!("cache key {} -> {}", key(before), key(after)));
        }
        match (before.transitive, after.transitive) {
            (false, true) => parts.push("transitive now".to_owned()),
            (true, false) => parts.push("no longer transitive".to_owned()),
            _ => {}
        }
        if before.other != after.other {
            parts.push("other fields".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

/// The changes, and `!` for what is refused.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.changes.fmt(f)?;
        self.refused.iter().try_for_each(|refused| writeln!(f, "! {refused}"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reference, self.reason)
    }
}

impl Serialize for Refused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut refused = serializer.serialize_struct("Refused", 2)?;
        refused.serialize_field("reference", &self.reference)?;
        refused.serialize_field("reason", &self.reason.to_string())?;
        refused.end()
    }
}
