//! Keys that an object has twice.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

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
/// they stand there. If the text is not JSON, of what looks like JSON.
///
/// A flush keeps a section with such a key as it is. A merge by line can produce one without a
/// conflict, and so can a person who removes only the markers of a conflict.
///
/// Finding all of them takes time and memory in proportion to the text. But each path can be as
/// long as the text is deep. If a text can come from anybody, take the first few, and count the
/// [`rest`](DuplicateKeys::rest).
pub fn duplicate_keys(text: &str) -> DuplicateKeys<'_> {
    DuplicateKeys { text, levels: Vec::new(), line: 1, line_start: 0, at: 0 }
}

/// The keys that [`duplicate_keys`] finds, one after the other.
#[must_use = "nothing is looked for until the first one is asked for"]
pub struct DuplicateKeys<'a> {
    text: &'a str,
    levels: Vec<Level<'a>>,
    line: usize,
    line_start: usize,
    at: usize,
}

impl fmt::Debug for DuplicateKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, at, .. } = self;
        f.debug_struct("DuplicateKeys").field("line", line).field("at", at).finish_non_exhaustive()
    }
}

impl Iterator for DuplicateKeys<'_> {
    type Item = DuplicateKey;

    fn next(&mut self) -> Option<DuplicateKey> {
        let (line, column) = self.find()?;
        Some(DuplicateKey { line, column, path: path_of(&self.levels) })
    }
}

impl DuplicateKeys<'_> {
    /// How many more there are. Takes time in proportion to the text, however deep it is.
    pub fn rest(mut self) -> usize {
        std::iter::from_fn(|| self.find()).count()
    }

    /// Goes on to the next one. Returns its line and column.
    fn find(&mut self) -> Option<(usize, usize)> {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            let start = self.at;
            self.at += 1;
            match byte {
                b'\n' => (self.line, self.line_start) = (self.line + 1, self.at),
                b'[' => self.levels.push(Level::Array(0)),
                b'{' => self.levels.push(Level::Object(BTreeSet::new(), None)),
                b']' | b'}' => drop(self.levels.pop()),
                b',' => match self.levels.last_mut() {
                    Some(Level::Array(index)) => *index += 1,
                    Some(Level::Object(_, key)) => *key = None,
                    None => {}
                },
                b'"' => {
                    let place = self.pass_string(start);
                    let Some(Level::Object(keys, key @ None)) = self.levels.last_mut() else {
                        continue;
                    };
                    let name = name_of(&self.text[start..self.at]);
                    *key = Some(name.clone());
                    if !keys.insert(name) {
                        return Some(place);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Goes to the end of the string that begins at `start`. Returns the line and column of its
    /// beginning.
    fn pass_string(&mut self, start: usize) -> (usize, usize) {
        self.at = string_end(self.text.as_bytes(), self.at);
        let place = (self.line, start - self.line_start + 1);
        // In JSON no string reaches over the end of its line. In other texts it can.
        let (lines, column) = place_after(&self.text.as_bytes()[start..self.at]);
        if lines > 1 {
            (self.line, self.line_start) = (self.line + lines - 1, self.at + 1 - column);
        }
        place
    }
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
