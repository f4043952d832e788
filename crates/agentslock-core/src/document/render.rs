//! The document to be written: the sections that were read and the values that were staged, in one
//! frame. A large one is written piece by piece, without a copy of the whole. And how the frame is
//! laid out.

use std::borrow::Cow;
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

/// How large a document can be, in bytes, to be composed in memory. Then it is composed once, for
/// the file and for the handle. A larger one would be in memory twice.
const AT_ONCE: usize = 64 * 1024;

pub(crate) struct Rendered<'a> {
    /// Name, key and value.
    entries: Vec<(&'a str, Cow<'a, str>, &'a str)>,
}

impl<'a> Rendered<'a> {
    /// `document` with `changes` applied, by name in byte order. A key that was there keeps its
    /// spelling, also in a section of another program.
    pub(crate) fn new(document: &'a Document, changes: &'a BTreeMap<String, Change>) -> Self {
        let key_of = |entry| Cow::Borrowed(document.key_of(entry));
        let kept = |entry: &'a Entry| (&*entry.name, key_of(entry), document.value_of(entry));
        let mut left = document.entries();
        let mut entries = Vec::with_capacity(left.len() + changes.len());
        // Both are in byte order of the names.
        for (name, change) in changes {
            let (before, rest) = left.split_at(left.partition_point(|entry| *entry.name < **name));
            entries.extend(before.iter().map(kept));
            let there = rest.first().filter(|entry| *entry.name == **name);
            left = &rest[usize::from(there.is_some())..];
            if let Change::Set(value) = change {
                let key = there.map_or_else(|| Cow::Owned(canonical_key(name)), key_of);
                entries.push((name, key, value));
            }
        }
        entries.extend(left.iter().map(kept));
        Self { entries }
    }

    /// What is written, as a reader would find it; `None` if that is large.
    pub(crate) fn small_document(&self) -> Option<Document> {
        (self.length() <= AT_ONCE).then(|| self.to_document())
    }

    /// How long the text is, in bytes.
    fn length(&self) -> usize {
        self.pieces().map(str::len).sum()
    }

    /// What is written, as a reader would find it.
    fn to_document(&self) -> Document {
        let object = ObjectLayout::document(self.entries.len());
        let mut text = String::with_capacity(self.length());
        let add = |text: &mut String, pieces: &[&str]| {
            let start = text.len();
            text.extend(pieces.iter().copied());
            start..text.len()
        };
        add(&mut text, &[OPEN]);
        let entries = self.entries.iter().enumerate().map(|(index, (name, key, value))| {
            let [line @ .., key, colon, value, comma] = object.entry(index, key, value);
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
        let lines =
            entries.flat_map(move |(index, (_, key, value))| object.entry(index, key, value));
        std::iter::once(OPEN).chain(lines).chain(object.end())
    }

    pub(crate) fn write_to(&self, out: impl Write) -> io::Result<()> {
        // Gathers the small pieces; what is larger than its buffer goes straight through.
        let mut out = io::BufWriter::with_capacity(AT_ONCE, out);
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
