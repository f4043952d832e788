//! The merge: per section, and per entry inside a section that both sides changed.

use std::collections::BTreeSet;

use super::conflict::{Conflict, Resolution, Resolver, Side};
use super::error::MergeError;
use super::merged::{Item, Merged, Part, Parts};
use crate::document::Document;
use crate::document::reserved::{INPUTS_DIGEST_KEY, LOCK_VERSION, LOCK_VERSION_KEY, is_reserved};
use crate::document::version::whole_number;
use crate::json::meaning::meanings;
use crate::json::syntax::{SyntaxError, SyntaxProblem};

/// Merges `theirs` into `ours`, which both began as `base`. Reads and writes no file.
///
/// An empty `base` means that there was none: both sides created the document. (git's merge drivers
/// get an empty file then.)
///
/// If one side changed a section or entry, its value is taken. If both sides changed it to the same
/// value, that is taken. If they changed it differently, that is a [`Conflict`]: `resolver` decides
/// it or leaves it open. Removing is a change. Sections are compared first. The entries of a
/// section are compared if both sides changed the section differently and it is an object on each
/// side that has it. A section or entry is taken byte for byte. White space, escapes and the order
/// of keys make no difference.
///
/// `inputs_digest` is never a conflict: if both sides changed it differently, it is removed, and
/// the next resolve computes it ([`Merged::inputs_digest_dropped`]).
///
/// ```
/// use agentslock_core::merge::{Resolution, merge};
///
/// let base = r#"{"units": {"a": 1, "b": 1}}"#;
/// let ours = r#"{"units": {"a": 2, "b": 1}}"#;
/// let theirs = r#"{"units": {"a": 1, "b": 3}, "install": {}}"#;
/// let merged = merge(base, ours, theirs, &mut Resolution::Unresolved)?;
/// assert_eq!(merged.conflicts().count(), 0);
/// let expected = r#"{
///   "install": {},
///   "units": {
///     "a": 2,
///     "b": 3
///   }
/// }
/// "#;
/// assert_eq!(merged.text().as_deref(), Some(expected));
/// # Ok::<(), agentslock_core::merge::MergeError>(())
/// ```
///
/// # Errors
///
/// [`MergeError`] when one of the three is no document, or one of a later format.
pub fn merge(
    base: impl AsRef<[u8]>,
    ours: impl AsRef<[u8]>,
    theirs: impl AsRef<[u8]>,
    resolver: &mut dyn Resolver,
) -> Result<Merged, MergeError> {
    let base = match parse(Side::Base, base.as_ref()) {
        Err(MergeError { error: SyntaxError { problem: SyntaxProblem::Empty, .. }, .. }) => {
            parse(Side::Base, b"{}")
        }
        other => other,
    }?;
    let ours = parse(Side::Ours, ours.as_ref())?;
    let theirs = parse(Side::Theirs, theirs.as_ref())?;
    let mut merging = Merging { resolver, inputs_digest_dropped: false };
    let names: BTreeSet<&str> = [&base, &ours, &theirs].into_iter().flat_map(names).collect();
    let mut items = Vec::new();
    for name in names {
        items.extend(merging.top_level(name, [&base, &ours, &theirs].map(|d| part(d, name))));
    }
    Ok(Merged { items, inputs_digest_dropped: merging.inputs_digest_dropped })
}

struct Merging<'a> {
    resolver: &'a mut dyn Resolver,
    inputs_digest_dropped: bool,
}

impl Merging<'_> {
    /// What becomes of a top-level key; `None`: it is not in the merged document.
    fn top_level(&mut self, name: &str, parts: Parts<'_>) -> Option<Item> {
        // A document without a version has this one.
        let absent = (name == LOCK_VERSION_KEY).then_some("1");
        match decide(parts, absent) {
            Decision::Take(part) => return Item::taken(part),
            Decision::Conflict if name == INPUTS_DIGEST_KEY => {
                self.inputs_digest_dropped = true;
                return None;
            }
            Decision::Conflict => {}
        }
        if !is_reserved(name)
            && !self.resolver.is_indivisible(name)
            && let Some(documents) = as_objects(parts)
        {
            let key = parts[1].expect("because it is an object on our side").key;
            let items = self.entries(name, &documents);
            return Some(Item::Section { name: name.into(), key: key.into(), items });
        }
        self.conflict(name, None, parts)
    }

    /// What becomes of the entries of a section.
    fn entries(&mut self, section: &str, documents: &[Document; 3]) -> Vec<Item> {
        let mut items = Vec::new();
        for name in order(&documents[1], &documents[2]) {
            let parts = documents.each_ref().map(|document| part(document, name));
            items.extend(match decide(parts, None) {
                Decision::Take(part) => Item::taken(part),
                Decision::Conflict => self.conflict(section, Some(name), parts),
            });
        }
        items
    }

    fn conflict(&mut self, section: &str, entry: Option<&str>, parts: Parts<'_>) -> Option<Item> {
        let [base, ours, theirs] = parts.map(|part| part.map(|part| part.value));
        match self.resolver.resolve(&Conflict { section, entry, base, ours, theirs }) {
            Resolution::Ours => Item::taken(parts[1]),
            Resolution::Theirs => Item::taken(parts[2]),
            Resolution::Unresolved => Some(Item::conflict(entry.unwrap_or(section), parts)),
        }
    }
}

enum Decision<'a> {
    Take(Option<Part<'a>>),
    Conflict,
}

/// The rule. `absent` is what stands for a missing value.
fn decide<'a>(parts: Parts<'a>, absent: Option<&str>) -> Decision<'a> {
    let [base, ours, theirs] = parts;
    // Mostly one side has left it as it was, to the byte; whatever the other one did, that is it.
    if ours == base {
        return Decision::Take(theirs);
    }
    if theirs == base {
        return Decision::Take(ours);
    }
    let values = parts.map(|part| part.map(|part| part.value).or(absent));
    let [was, mine, other] = meanings(values);
    if mine == other {
        Decision::Take(ours.or(theirs))
    } else if mine == was {
        Decision::Take(theirs)
    } else if other == was {
        Decision::Take(ours)
    } else {
        Decision::Conflict
    }
}

/// The section on each side, taken apart, if it is an object with distinct keys on both sides and
/// was one before. Where there was none, or `null`, which is what a Go program writes that has
/// nothing to say, there were no entries.
fn as_objects(parts: Parts<'_>) -> Option<[Document; 3]> {
    let object = |json: &str| Document::parse(json.into()).ok();
    let [base, ours, theirs] = parts.map(|part| part.map(|part| part.value));
    Some([
        object(base.filter(|base| *base != "null").unwrap_or("{}"))?,
        object(ours?)?,
        object(theirs?)?,
    ])
}

/// The keys of two objects: sorted if both are, as maps are written; else ours as they stand, and
/// then what only they have.
fn order<'a>(ours: &'a Document, theirs: &'a Document) -> Vec<&'a str> {
    let [ours, theirs] = [ours, theirs].map(|document| {
        let mut entries: Vec<_> = document.entries().iter().collect();
        // All keys lie in one text.
        entries.sort_by_key(|entry| document.key_of(entry).as_ptr());
        entries.into_iter().map(|entry| &*entry.name).collect::<Vec<_>>()
    });
    let known: BTreeSet<&str> = ours.iter().copied().collect();
    let is_sorted = ours.is_sorted() && theirs.is_sorted();
    let mut names = ours;
    names.extend(theirs.into_iter().filter(|name| !known.contains(name)));
    if is_sorted {
        names.sort_unstable();
    }
    names
}

fn names(document: &Document) -> impl Iterator<Item = &str> {
    document.entries().iter().map(|entry| &*entry.name)
}

fn part<'a>(document: &'a Document, name: &str) -> Option<Part<'a>> {
    let index = document.entries().binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
    let entry = &document.entries()[index];
    Some(Part { key: document.key_of(entry), value: document.value_of(entry) })
}

fn parse(side: Side, bytes: &[u8]) -> Result<Document, MergeError> {
    let failed = |error| MergeError { side, error };
    let document = Document::parse(bytes.into()).map_err(failed)?;
    let version = document.value(LOCK_VERSION_KEY).unwrap_or_default();
    match whole_number(version) {
        Ok(found) if found > LOCK_VERSION => {
            let text = document.text();
            let before = version.as_ptr() as usize - text.as_ptr() as usize;
            let problem = SyntaxProblem::LaterVersion(found);
            Err(failed(SyntaxError::after(&text.as_bytes()[..before], problem)))
        }
        _ => Ok(document),
    }
}
