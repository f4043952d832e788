//! What a merge came to, and how it is written: with markers where it left a conflict open.

use std::num::NonZero;

use super::conflict::Conflict;
use crate::document::render::{INDENT, OPEN, ObjectLayout};
use crate::document::reserved::INPUTS_DIGEST_KEY;

/// The result of a [`merge`](super::merge()).
#[derive(Clone, Debug)]
#[must_use = "a merge writes nothing"]
pub struct Merged {
    /// In the order in which they are written.
    pub(super) items: Vec<Item>,
    pub(super) inputs_digest_dropped: bool,
}

/// How conflicts are marked, in git's manner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Markers<'a> {
    /// How many characters a marker has. git tells its merge drivers (`%L`).
    pub size: NonZero<usize>,
    /// What our side is called. A label ends at the end of its line.
    pub ours: &'a str,
    /// What both sides began with is called.
    pub base: &'a str,
    /// What their side is called.
    pub theirs: &'a str,
}

impl Default for Markers<'_> {
    /// git's size, and plain words.
    fn default() -> Self {
        let size = NonZero::new(7).expect("because it is not zero");
        Self { size, ours: "ours", base: "base", theirs: "theirs" }
    }
}

impl Merged {
    /// The merged document, if no conflict is open. Its frame is laid out as a flush would.
    pub fn text(&self) -> Option<String> {
        self.conflicts().next().is_none().then(|| self.marked(&Markers::default()))
    }

    /// The merged document with each open conflict between markers, on lines of its own. Without
    /// any it is [`text`](Self::text). [`MarkedSides`](super::MarkedSides) reads it back.
    pub fn marked(&self, markers: &Markers<'_>) -> String {
        let mut out = String::new();
        push_object(&mut out, &self.items, "", markers);
        out
    }

    /// This result as the *base* of another merge (git's criss-cross merges). An open conflict, or
    /// a dropped `inputs_digest`, becomes `null`. Neither branch contains that `null`, so the next
    /// merge compares the branches with each other and never restores an old value.
    pub fn as_base(&self) -> String {
        let mut items = undecided(&self.items);
        if self.inputs_digest_dropped {
            let key = format!("{INPUTS_DIGEST_KEY:?}").into();
            items.push(Item::Taken(Kept { key, value: "null".into() }));
        }
        Self { items, inputs_digest_dropped: false }.marked(&Markers::default())
    }

    /// The conflicts that the resolver left open, in the order in which they stand in the document.
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict<'_>> {
        self.items.iter().flat_map(|item| {
            let (section, items) = match item {
                Item::Section { name, items, .. } => (Some(&**name), items.as_slice()),
                other => (None, std::slice::from_ref(other)),
            };
            items.iter().filter_map(move |item| item.as_conflict(section))
        })
    }

    /// Whether `inputs_digest` was removed, because both sides changed it differently.
    pub fn inputs_digest_dropped(&self) -> bool {
        self.inputs_digest_dropped
    }
}

/// A key and its value, as they are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
}

/// Of base, ours, and theirs.
pub(super) type Parts<'a> = [Option<Part<'a>>; 3];

/// What is written for one key.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Taken(Kept),
    /// A section that was merged entry by entry.
    Section {
        name: Box<str>,
        key: Box<str>,
        items: Vec<Item>,
    },
    /// Base, ours, and theirs.
    Conflict(Box<str>, [Option<Kept>; 3]),
}

/// A [`Part`] of its own.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    key: Box<str>,
    value: Box<str>,
}

impl From<Part<'_>> for Kept {
    fn from(Part { key, value }: Part<'_>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

impl Item {
    pub(super) fn taken(part: Option<Part<'_>>) -> Option<Self> {
        part.map(|part| Self::Taken(part.into()))
    }

    pub(super) fn conflict(name: &str, parts: Parts<'_>) -> Self {
        Self::Conflict(name.into(), parts.map(|part| part.map(Kept::from)))
    }

    fn as_conflict<'a>(&'a self, section: Option<&'a str>) -> Option<Conflict<'a>> {
        let Self::Conflict(name, parts) = self else { return None };
        let [base, ours, theirs] = parts.each_ref().map(|part| part.as_ref().map(|p| &*p.value));
        let entry = section.is_some().then_some(&**name);
        Some(Conflict { section: section.unwrap_or(name), entry, base, ours, theirs })
    }
}

/// `items` with `null` for each conflict.
fn undecided(items: &[Item]) -> Vec<Item> {
    let undecided = |item: &Item| match item {
        Item::Taken(kept) => Item::Taken(kept.clone()),
        Item::Section { name, key, items } => {
            Item::Section { name: name.clone(), key: key.clone(), items: undecided(items) }
        }
        Item::Conflict(_, parts) => {
            let kept = parts.iter().flatten().next().expect("because a side has it");
            Item::Taken(Kept { key: kept.key.clone(), value: "null".into() })
        }
    };
    items.iter().map(undecided).collect()
}

/// Writes `items` as an object whose closing bracket stands behind `margin`. Each key begins a
/// line, so that a marker can stand before it.
fn push_object(out: &mut String, items: &[Item], margin: &str, markers: &Markers<'_>) {
    let object = ObjectLayout { margin, len: items.len() };
    out.push_str(OPEN);
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::Taken(Kept { key, value }) => out.extend(object.entry(index, key, value)),
            Item::Section { key, items, .. } => {
                let mut value = String::new();
                push_object(&mut value, items, INDENT, markers);
                out.extend(object.entry(index, key, &value));
            }
            Item::Conflict(_, [base, ours, theirs]) => {
                let Markers { ours: our_label, base: base_label, theirs: their_label, .. } =
                    markers;
                let parts = [('<', *our_label, ours), ('|', base_label, base), ('=', "", theirs)];
                for (character, label, part) in parts {
                    push_marker(out, markers, character, label);
                    if let Some(Kept { key, value }) = part {
                        out.extend(object.entry(index, key, value));
                    }
                }
                push_marker(out, markers, '>', their_label);
            }
        }
    }
    out.extend(object.end());
}

fn push_marker(out: &mut String, markers: &Markers<'_>, character: char, label: &str) {
    out.push('\n');
    out.extend(std::iter::repeat_n(character, markers.size.get()));
    if let Some(label) = label.lines().next().filter(|label| !label.is_empty()) {
        out.extend([" ", label]);
    }
}
