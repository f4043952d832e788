//! Keys that an object has twice.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::syntax::place_after;
use super::tokens::string_end;

/// A key that its object has already. Most readers see the last one only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuplicateKey {
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 1.
    pub column: usize,
    /// The keys, and indices of arrays, that lead to it from the top, itself included.
    pub path: Vec<String>,
}

/// What is open around a place.
enum Level<'a> {
    /// Before the element of this index.
    Array(usize),
    /// With the keys so far, and the one whose value this is; `None`: a key comes next.
    Object(BTreeSet<Cow<'a, str>>, Option<Cow<'a, str>>),
}

/// Each key of the JSON `text` that its object has already, at any depth, in the order in which
/// they stand there. Of a text that is no JSON, what looks like one.
///
/// A flush keeps a section with such a key as it is. A merge by line can produce one without a
/// conflict, and so does a person who removes only the markers of a conflict.
pub fn duplicate_keys(text: &str) -> Vec<DuplicateKey> {
    let mut found = Vec::new();
    let mut levels = Vec::new();
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
                at = string_end(text.as_bytes(), at);
                let place = (line, start - line_start + 1);
                // In JSON no string reaches over the end of its line, but in what is none.
                let (lines, column) = place_after(&text.as_bytes()[start..at]);
                if lines > 1 {
                    (line, line_start) = (line + lines - 1, at + 1 - column);
                }
                let Some(Level::Object(keys, key @ None)) = levels.last_mut() else { continue };
                let name = name_of(&text[start..at]);
                *key = Some(name.clone());
                if !keys.insert(name) {
                    let ((line, column), path) = (place, path_of(&levels));
                    found.push(DuplicateKey { line, column, path });
                }
            }
            _ => {}
        }
    }
    found
}

/// What is no text, half of a surrogate pair, stays as it is spelled.
fn name_of(key: &str) -> Cow<'_, str> {
    let inside = key.strip_prefix('"').unwrap_or(key);
    let inside = inside.strip_suffix('"').unwrap_or(inside);
    match inside.contains('\\').then(|| serde_json::from_str(key)) {
        Some(Ok(name)) => Cow::Owned(name),
        _ => Cow::Borrowed(inside),
    }
}

fn path_of(levels: &[Level<'_>]) -> Vec<String> {
    let step = |level: &Level<'_>| match level {
        Level::Array(index) => index.to_string(),
        Level::Object(_, key) => key.as_deref().unwrap_or_default().to_owned(),
    };
    levels.iter().map(step).collect()
}
