//! The document as it was read: one text, and where in it each top-level key and value stands.

pub(crate) mod canonical;
pub(crate) mod change;
pub(crate) mod load;
pub(crate) mod render;
pub(crate) mod reserved;
pub(crate) mod version;

use std::fmt;
use std::ops::Range;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use self::reserved::{LOCK_VERSION, LOCK_VERSION_KEY};
use crate::json::syntax::{SyntaxError, SyntaxProblem};

/// A document, parsed as far as its top level.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    text: String,
    /// In byte order of the decoded names.
    entries: Vec<Entry>,
}

/// One top-level key with its value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The decoded key.
    pub(crate) name: Box<str>,
    key: Range<usize>,
    value: Range<usize>,
}

impl Document {
    /// What a missing file stands for.
    fn fresh() -> Self {
        let text = format!("{{\n  \"{LOCK_VERSION_KEY}\": {LOCK_VERSION}\n}}\n");
        Self::parse(text.into_bytes()).expect("because a fresh document is valid")
    }

    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, SyntaxError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let end = error.utf8_error().valid_up_to();
            SyntaxError::after(&error.as_bytes()[..end], SyntaxProblem::NotUtf8)
        })?;
        if text.starts_with('\u{feff}') {
            return Err(SyntaxError::after(b"", SyntaxProblem::ByteOrderMark));
        }
        let start = text.trim_start_matches(JSON_WHITE_SPACE);
        if start.is_empty() {
            return Err(SyntaxError::after(b"", SyntaxProblem::Empty));
        }
        if !start.starts_with('{') {
            let before = &text.as_bytes()[..text.len() - start.len()];
            // If it is JSON at all, then of the wrong kind.
            serde_json::from_str::<&RawValue>(&text)
                .map_err(|error| SyntaxError::of_document(&text, &error))?;
            return Err(SyntaxError::after(before, SyntaxProblem::NotAnObject(kind_of(start))));
        }
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let pairs = deserializer
            .deserialize_map(Pairs)
            .map_err(|error| SyntaxError::of_document(&text, &error))?;
        deserializer.end().map_err(|error| SyntaxError::of_document(&text, &error))?;
        let mut entries = pairs
            .into_iter()
            .map(|(key, value)| {
                let key = range_in(&text, key.get());
                let name = decode_key(&text[key.clone()]).ok_or_else(|| {
                    SyntaxError::after(&text.as_bytes()[..key.start], SyntaxProblem::BrokenKey)
                })?;
                Ok(Entry { name, key, value: range_in(&text, value.get()) })
            })
            .collect::<Result<Vec<_>, SyntaxError>>()?;
        // Stable, so that of two equal names the one that comes second in the text comes second.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        let repeated = entries.windows(2).filter(|pair| pair[0].name == pair[1].name);
        if let Some(pair) = repeated.min_by_key(|pair| pair[1].key.start) {
            let problem = SyntaxProblem::DuplicateKey(pair[1].name.to_string());
            return Err(SyntaxError::after(&text.as_bytes()[..pair[1].key.start], problem));
        }
        Ok(Self { text, entries })
    }

    /// What [`parse`](Self::parse) would find; the caller knows it already.
    fn of_parts(text: String, entries: Vec<Entry>) -> Self {
        let document = Self { text, entries };
        debug_assert_eq!(Ok(&document), Self::parse(document.text.clone().into_bytes()).as_ref());
        document
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The value of the top-level key `name`, as it stands in the text.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let index = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        Some(self.value_of(&self.entries[index]))
    }

    /// An entry's key as it stands in the text, quotes included.
    pub(crate) fn key_of(&self, entry: &Entry) -> &str {
        &self.text[entry.key.clone()]
    }

    /// What stands before the key in the text.
    fn before_key_of(&self, entry: &Entry) -> &[u8] {
        &self.text.as_bytes()[..entry.key.start]
    }

    pub(crate) fn value_of(&self, entry: &Entry) -> &str {
        &self.text[entry.value.clone()]
    }
}

const JSON_WHITE_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Takes the keys, too, as they stand in the text. A decoded key would not tell how it was spelled.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}

/// Where `part`, which was borrowed from `text`, stands in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// `None` for a key with half of a surrogate pair, which no string can hold.
fn decode_key(key: &str) -> Option<Box<str>> {
    let inside = &key[1..key.len() - 1];
    if inside.contains('\\') { serde_json::from_str(key).ok() } else { Some(inside.into()) }
}

fn kind_of(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_at(text: &[u8]) -> (usize, usize, SyntaxProblem) {
        let error = Document::parse(text.to_vec()).unwrap_err();
        (error.line, error.column, error.problem)
    }

    #[test]
    fn keys_and_values_are_kept_as_they_are_spelled() {
        let text = "{\"b\\u0061\":  [1 , 2e0],\n\"<a\" : {\"x\":1,\"x\":2} }";
        let document = Document::parse(text.into()).unwrap();
        let seen: Vec<_> = document
            .entries()
            .iter()
            .map(|e| (&*e.name, document.key_of(e), document.value_of(e)))
            .collect();
        assert_eq!(
            seen,
            [("<a", "\"<a\"", "{\"x\":1,\"x\":2}"), ("ba", "\"b\\u0061\"", "[1 , 2e0]")]
        );
        assert_eq!(document.value("ba"), Some("[1 , 2e0]"));
        assert_eq!(document.value("b"), None);
    }

    #[test]
    fn each_flaw_is_named_with_its_place() {
        assert_eq!(problem_at(b""), (1, 1, SyntaxProblem::Empty));
        assert_eq!(problem_at(b" \n"), (1, 1, SyntaxProblem::Empty));
        assert_eq!(problem_at(b"\n null"), (2, 2, SyntaxProblem::NotAnObject("null")));
        assert_eq!(problem_at(b"[]"), (1, 1, SyntaxProblem::NotAnObject("an array")));
        assert_eq!(problem_at(b"{\n \"a\": \xff}"), (2, 7, SyntaxProblem::NotUtf8));
        assert_eq!(problem_at(b"\xef\xbb\xbf{}"), (1, 1, SyntaxProblem::ByteOrderMark));
        assert_eq!(
            problem_at(b"{\"a\":1,\n\"b\":2,\n \"\\u0061\":3}"),
            (3, 2, SyntaxProblem::DuplicateKey("a".into()))
        );
        assert_eq!(problem_at(b"{\"a\":1,\"\\ud800\":3}"), (1, 8, SyntaxProblem::BrokenKey));
        let marked = b"{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> topic\n}";
        assert_eq!(problem_at(marked), (2, 1, SyntaxProblem::ConflictMarkers));
        assert_eq!(problem_at(b"<<<<<<< HEAD\n{}"), (1, 1, SyntaxProblem::ConflictMarkers));
        assert!(matches!(problem_at(b"{\"a\": 1"), (1, 7, SyntaxProblem::Syntax(_))));
        assert!(matches!(problem_at(b"{}\n{}"), (2, 1, SyntaxProblem::Syntax(_))));
        assert!(matches!(problem_at(b"\0\0\0\0"), (1, 1, SyntaxProblem::Syntax(_))));
        assert!(matches!(problem_at(b"{1:2}"), (1, 2, SyntaxProblem::Syntax(_))));
        assert!(matches!(problem_at(b"{\"a\":\"\\x\"}"), (1, _, SyntaxProblem::Syntax(_))));
    }

    #[test]
    fn depth_is_no_limit_for_what_is_only_kept() {
        let text = format!("{{\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Document::parse(text.into_bytes()).is_ok());
    }
}
