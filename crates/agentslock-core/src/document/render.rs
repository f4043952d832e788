//! The document to be written: the sections that were read and the values that were staged, in one
//! frame. It is written piece by piece, without a copy of the whole. And how the frame is laid out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::change::Change;
use super::{Document, Entry};
use crate::json::encode::canonical_key;

/// What an object begins with.
pub(crate) const OPEN: &str = "{";

/// How an object is laid out of which the entries are known: the document, and a section that was
/// merged entry by entry.
#[derive(Clone, Copy)]
pub(crate) struct ObjectLayout<'a> {
    /// What stands before its closing bracket.
    pub(crate) margin: &'a str,
    /// How many entries it has.
    pub(crate) len: usize,
}

/// What stands before an entry, beside the margin of the object that it lies in.
pub(crate) const INDENT: &str = "  ";

impl<'a> ObjectLayout<'a> {
    pub(super) fn document(len: usize) -> Self {
        Self { margin: "", len }
    }

    /// The entry of this index. Its line break comes first, so that a marker can stand before it.
    pub(crate) fn entry<'b>(self, index: usize, key: &'b str, value: &'b str) -> [&'b str; 7]
    where
        'a: 'b,
    {
        let comma = if index + 1 == self.len { "" } else { "," };
        ["\n", self.margin, INDENT, key, ": ", value, comma]
    }

    /// Only the document ends its last line.
    pub(crate) fn end(self) -> [&'a str; 4] {
        let line_end = if self.margin.is_empty() { "\n" } else { "" };
        if self.len == 0 { ["", "", "}", line_end] } else { ["\n", self.margin, "}", line_end] }
    }
}

pub(crate) struct Rendered<'a> {
    /// Name, key and value.
    entries: Vec<(&'a str, Key<'a>, &'a str)>,
}

enum Key<'a> {
    /// As it stands in the document.
    Kept(&'a str),
    New(String),
}

impl Key<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Kept(key) => key,
            Self::New(key) => key,
        }
    }
}

impl<'a> Rendered<'a> {
    /// `document` with `changes` applied, by name in byte order. A key that was there keeps its
    /// spelling, also in a section of another program.
    pub(crate) fn new(document: &'a Document, changes: &'a BTreeMap<String, Change>) -> Self {
        let mut by_name: BTreeMap<&str, (Key<'a>, &'a str)> = document
            .entries()
            .iter()
            .map(|entry| {
                let kept = (Key::Kept(document.key_of(entry)), document.value_of(entry));
                (&*entry.name, kept)
            })
            .collect();
        for (name, change) in changes {
            match change {
                Change::Remove => {
                    by_name.remove(name.as_str());
                }
                Change::Set(value) => {
                    by_name
                        .entry(name)
                        .and_modify(|entry| entry.1 = value)
                        .or_insert_with(|| (Key::New(canonical_key(name)), value));
                }
            }
        }
        let entries = by_name.into_iter().map(|(name, (key, value))| (name, key, value));
        Self { entries: entries.collect() }
    }

    /// What is written, as a reader would find it.
    fn to_document(&self) -> Document {
        let object = ObjectLayout::document(self.entries.len());
        let mut text = String::with_capacity(self.pieces().map(str::len).sum());
        let add = |text: &mut String, pieces: &[&str]| {
            let start = text.len();
            text.extend(pieces.iter().copied());
            start..text.len()
        };
        add(&mut text, &[OPEN]);
        let entries = self.entries.iter().enumerate().map(|(index, (name, key, value))| {
            let [line @ .., key, colon, value, comma] = object.entry(index, key.as_str(), value);
            add(&mut text, &line);
            let key = add(&mut text, &[key]);
            add(&mut text, &[colon]);
            let value = add(&mut text, &[value]);
            add(&mut text, &[comma]);
            Entry { name: (*name).into(), key, value }
        });
        let entries = entries.collect();
        add(&mut text, &object.end());
        Document::of_parts(text, entries)
    }

    fn pieces(&self) -> impl Iterator<Item = &str> {
        let object = ObjectLayout::document(self.entries.len());
        let entries = self.entries.iter().enumerate();
        let lines = entries
            .flat_map(move |(index, (_, key, value))| object.entry(index, key.as_str(), value));
        std::iter::once(OPEN).chain(lines).chain(object.end())
    }

    pub(crate) fn write_to(&self, out: impl Write) -> io::Result<()> {
        // Gathers the small pieces; what is larger than its buffer goes straight through.
        let mut out = io::BufWriter::with_capacity(64 * 1024, out);
        for piece in self.pieces() {
            out.write_all(piece.as_bytes())?;
        }
        out.flush()
    }
}

/// Whether the document already is as `changes` want it. Then it stays as it is, even if its frame
/// is laid out differently from ours: no caller asked to change that.
pub(crate) fn changes_nothing(document: &Document, changes: &BTreeMap<String, Change>) -> bool {
    changes.iter().all(|(name, change)| change.is_made_in(name, document))
}

/// `document` after `changes` were written to it, as the next reader would find it.
pub(crate) fn after(document: Arc<Document>, changes: &BTreeMap<String, Change>) -> Arc<Document> {
    if changes_nothing(&document, changes) {
        return document;
    }
    Rendered::new(&document, changes).to_document().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(document: &str, changes: &[(&str, Change)]) -> String {
        let document = Document::parse(document.into()).unwrap();
        let changes = changes.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        let rendered = Rendered::new(&document, &changes);
        let mut out = Vec::new();
        rendered.write_to(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(rendered.to_document().text(), text);
        text
    }

    fn set(value: &str) -> Change {
        Change::Set(value.to_owned().into())
    }

    #[test]
    fn only_the_frame_and_what_is_staged_change() {
        assert_eq!(
            written("{\"z\\u007a\" :[ 1],\"m\":{ },\"a\":0}", &[("m", set("2")), ("n", set("3"))]),
            "{\n  \"a\": 0,\n  \"m\": 2,\n  \"n\": 3,\n  \"z\\u007a\": [ 1]\n}\n"
        );
    }

    #[test]
    fn a_document_without_keys_is_an_empty_object() {
        assert_eq!(written("{ \"a\": 1 }", &[("a", Change::Remove)]), "{}\n");
        assert_eq!(written("{ }", &[("a", Change::Remove)]), "{}\n");
    }
}
