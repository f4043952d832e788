//! Where in a JSON text one is: in which objects and arrays, and under which keys.

use std::collections::HashMap;

use crate::json::tokens::tokens;

/// All places that were come by, each with a number. So two of them are compared in one step,
/// however deep they are: two places are the same if their numbers are.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The number of a place, by the one around it, the opening bracket, and the key as it is
    /// spelled, if it has one.
    numbers: HashMap<(usize, u8, &'a [u8]), usize>,
    /// By the number of a place: the place around it, and the opening bracket.
    around: Vec<(usize, u8)>,
    /// The number of a key.
    keys: HashMap<&'a [u8], usize>,
}

/// The place that is in no object or array.
const TOP: usize = 0;

impl Default for Places<'_> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), around: vec![(TOP, b' ')], keys: HashMap::new() }
    }
}

impl<'a> Places<'a> {
    fn inside(&mut self, place: usize, bracket: u8, key: &'a [u8]) -> usize {
        let next = self.around.len();
        let number = *self.numbers.entry((place, bracket, key)).or_insert(next);
        if number == next {
            self.around.push((place, bracket));
        }
        number
    }

    fn key(&mut self, key: &'a [u8]) -> (usize, &'a [u8]) {
        let next = self.keys.len();
        (*self.keys.entry(key).or_insert(next), key)
    }
}

/// Where one text is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path<'a> {
    /// The number of the object or array that is open, among [`Places`].
    open: usize,
    /// A key whose value has not begun, and its number.
    key: Option<(usize, &'a [u8])>,
    /// The colon after that key was seen.
    colon: bool,
}

impl PartialEq for Path<'_> {
    fn eq(&self, other: &Self) -> bool {
        let of = |path: &Self| (path.open, path.key.map(|(number, _)| number), path.colon);
        of(self) == of(other)
    }
}

impl<'a> Path<'a> {
    /// Goes on by one line. No string spans two.
    pub(super) fn follow(&mut self, line: &'a [u8], places: &mut Places<'a>) {
        for token in tokens(line) {
            let text = &line[token];
            let in_object = places.around[self.open].1 == b'{';
            match text[0] {
                b':' => self.colon = true,
                bracket @ (b'{' | b'[') => {
                    let key = self.key.take().map_or(&[][..], |(_, key)| key);
                    self.open = places.inside(self.open, bracket, key);
                    self.colon = false;
                }
                b'"' if in_object && !self.colon => self.key = Some(places.key(text)),
                other => {
                    if matches!(other, b'}' | b']') {
                        self.open = places.around[self.open].0;
                    }
                    // A value ended here, or a comma says so.
                    (self.key, self.colon) = (None, false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Places};

    fn are_same(one: &str, other: &str) -> bool {
        let mut places = Places::default();
        let mut after = |text| {
            let mut path = Path::default();
            str::lines(text).for_each(|line| path.follow(line.as_bytes(), &mut places));
            path
        };
        after(one) == after(other)
    }

    #[test]
    fn it_is_the_same_where_the_same_objects_and_arrays_are_open() {
        let place = "{\"a\": {\n";
        for text in [
            "{\n  \"x\": [1, {\"y\": \"}\"}],\n  \"a\": {\n    \"b\": 1,",
            "{\n  \"a\": {\n    \"b\": \"1\"\n",
            "{ \"a\": { \"b\": [\n \"c\"\n ]\n",
            "{ \"a\": { \"b\": { \"c\": \"{\" },",
        ] {
            assert!(are_same(text, place), "{text}");
        }
        for text in
            ["{", "{\"b\": {", "{\"a\": [", "{\"a\": { \"b\": {", "{\"a\": {}", "{\"a\": { \"b\":"]
        {
            assert!(!are_same(text, place), "{text}");
        }
        assert!(are_same("[\n\"a\"\n", "[\n\"b\",\n"));
    }
}
