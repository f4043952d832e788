//! Where in a document's text its values stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use agentslock_core::place_after;
use serde_json::value::RawValue;

/// A document's text, and its top-level values in it.
pub(crate) struct Places<'a> {
    text: &'a str,
    values: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// A line and a column, from 1, the column in bytes.
pub(crate) type Place = (usize, usize);

impl<'a> Places<'a> {
    /// `None` for what is no document.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Self { text, values: serde_json::from_str(text).ok()? })
    }

    /// The value of a top-level key, and its place.
    pub(crate) fn top_level(&self, key: &str) -> Option<(&'a str, Place)> {
        let value = self.values.get(key)?.get();
        Some((value, self.place_of(value)))
    }

    /// The place of an entry's value, as far down as it is there: of its section, else the document's.
    pub(crate) fn entry(&self, section: &str, entry: &str) -> Place {
        let Some((value, place)) = self.top_level(section) else { return (1, 1) };
        let entries: Option<BTreeMap<Cow<'a, str>, &'a RawValue>> =
            serde_json::from_str(value).ok();
        let found = entries.as_ref().and_then(|entries| entries.get(entry));
        found.map_or(place, |value| self.place_of(value.get()))
    }

    /// `part` was borrowed from the text.
    fn place_of(&self, part: &str) -> Place {
        let offset = part.as_ptr() as usize - self.text.as_ptr() as usize;
        place_after(&self.text.as_bytes()[..offset])
    }
}
