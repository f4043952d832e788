//! Where in a JSON text one is: in which objects and arrays, and under which keys.

use crate::json::tokens::tokens;

/// The objects and arrays that are open, outermost first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path {
    /// The opening bracket, and the key as it is spelled, if it has one.
    open: Vec<(u8, Box<[u8]>)>,
    /// A key whose value has not begun.
    key: Option<Box<[u8]>>,
    /// The colon after that key was seen.
    colon: bool,
}

impl Path {
    /// Goes on by one line. No string spans two.
    pub(super) fn follow(&mut self, line: &[u8]) {
        for token in tokens(line) {
            let text = &line[token];
            let in_object = self.open.last().is_some_and(|(bracket, _)| *bracket == b'{');
            match text[0] {
                b':' => self.colon = true,
                bracket @ (b'{' | b'[') => {
                    self.open.push((bracket, self.key.take().unwrap_or_default()));
                    self.colon = false;
                }
                b'"' if in_object && !self.colon => self.key = Some(text.into()),
                other => {
                    if matches!(other, b'}' | b']') {
                        self.open.pop();
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
    use super::Path;

    fn after(text: &str) -> Path {
        let mut path = Path::default();
        text.lines().for_each(|line| path.follow(line.as_bytes()));
        path
    }

    #[test]
    fn it_is_the_same_where_the_same_objects_and_arrays_are_open() {
        let place = after("{\"a\": {\n");
        for text in [
            "{\n  \"x\": [1, {\"y\": \"}\"}],\n  \"a\": {\n    \"b\": 1,",
            "{\n  \"a\": {\n    \"b\": \"1\"\n",
            "{ \"a\": { \"b\": [\n \"c\"\n ]\n",
            "{ \"a\": { \"b\": { \"c\": \"{\" },",
        ] {
            assert_eq!(after(text), place, "{text}");
        }
        for text in
            ["{", "{\"b\": {", "{\"a\": [", "{\"a\": { \"b\": {", "{\"a\": {}", "{\"a\": { \"b\":"]
        {
            assert_ne!(after(text), place, "{text}");
        }
        assert_eq!(after("[\n\"a\"\n"), after("[\n\"b\",\n"));
    }
}
