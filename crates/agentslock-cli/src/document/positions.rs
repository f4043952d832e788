//! Where in a document's text its values stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use agentslock_core::text::place_after;
use serde_json::value::RawValue;

/// A document's text, and its top-level values in it.
pub(crate) struct Positions<'a> {
    text: &'a str,
    values: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// A line and a column, from 1, the column in bytes.
pub(crate) type Position = (usize, usize);

impl<'a> Positions<'a> {
    /// `None` for what is no document.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Self { text, values: serde_json::from_str(text).ok()? })
    }

    /// The value of a top-level key, and its place.
    pub(crate) fn top_level(&self, key: &str) -> Option<(&'a str, Position)> {
        let value = self.values.get(key)?.get();
        Some((value, self.place_of(value)))
    }

    /// The place of an entry's value in `section`, as far down as it is there: of the section, else
    /// the document's. For many entries: text and section are read once.
    pub(crate) fn entries(&self, section: &str) -> impl Fn(&str) -> Position {
        let section = self.values.get(section).map(|value| value.get());
        let entries: BTreeMap<Cow<'a, str>, &'a RawValue> =
            section.and_then(|section| serde_json::from_str(section).ok()).unwrap_or_default();
        let line_ends: Vec<_> =
            self.text.bytes().zip(0..).filter_map(|(b, at)| (b == b'\n').then_some(at)).collect();
        move |entry| {
            let found = entries.get(entry).map(|value| value.get()).or(section);
            let offset = found.map_or(0, |value| self.offset_of(value));
            let line = line_ends.partition_point(|end| *end < offset);
            let line_start = if line == 0 { 0 } else { line_ends[line - 1] + 1 };
            (line + 1, offset - line_start + 1)
        }
    }

    fn place_of(&self, part: &str) -> Position {
        place_after(&self.text.as_bytes()[..self.offset_of(part)])
    }

    /// `part` was borrowed from the text.
    fn offset_of(&self, part: &str) -> usize {
        part.as_ptr() as usize - self.text.as_ptr() as usize
    }
}
