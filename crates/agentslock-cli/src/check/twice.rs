//! Keys that an object has twice, of which most readers see the last one only. A merge by line makes
//! them, and a person who takes only the markers of a conflict away.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::finding::Finding;
use crate::places::Place;

/// What is open around a place.
enum Level<'a> {
    /// Before the element of this index.
    Array(usize),
    /// With the keys so far, and the one whose value this is; `None`: a key comes next.
    Object(BTreeSet<Cow<'a, str>>, Option<Cow<'a, str>>),
}

/// A finding for each key of the JSON `text` that its object has already, at any depth.
pub(super) fn find(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut levels = Vec::new();
    // No string contains a line break.
    let (mut line, mut line_start, mut at) = (1, 0, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        let start = at;
        at += 1;
        match byte {
            b'\n' => (line, line_start) = (line + 1, at),
            b'[' => levels.push(Level::Array(0)),
            b'{' => levels.push(Level::Object(BTreeSet::new(), None)),
            b']' | b'}' => drop(levels.pop()),
            b',' => match levels.last_mut() {
                Some(Level::Array(index)) => *index += 1,
                Some(Level::Object(_, key)) => *key = None,
                None => {}
            },
            b'"' => {
                at = end_of_string(text, at);
                let Some(Level::Object(keys, key @ None)) = levels.last_mut() else { continue };
                let name = decoded(&text[start..at]);
                *key = Some(name.clone());
                if !keys.insert(name) {
                    found.push(finding(&levels, (line, start - line_start + 1)));
                }
            }
            _ => {}
        }
    }
    found
}

/// After the quote that ends the string whose inside begins at `at`.
fn end_of_string(text: &str, mut at: usize) -> usize {
    while let Some(byte) = text.as_bytes().get(at) {
        at += 1;
        match byte {
            b'"' => break,
            b'\\' => at += 1,
            _ => {}
        }
    }
    at
}

/// What is no text, half of a surrogate pair, stays as it is spelled.
fn decoded(key: &str) -> Cow<'_, str> {
    let inside = &key[1..key.len() - 1];
    match inside.contains('\\').then(|| serde_json::from_str(key)) {
        Some(Ok(name)) => Cow::Owned(name),
        _ => Cow::Borrowed(inside),
    }
}

fn finding(levels: &[Level<'_>], place: Place) -> Finding {
    let names: Vec<Cow<'_, str>> = levels
        .iter()
        .map(|level| match level {
            Level::Array(index) => index.to_string().into(),
            Level::Object(_, key) => key.as_deref().unwrap_or_default().into(),
        })
        .collect();
    let message = format!("{} is there already; take one away", names.join("."));
    Finding::new("duplicate-key", place, message)
}
