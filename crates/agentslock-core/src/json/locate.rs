//! Where in a JSON text a value stands, for errors: found by walking there again, so that reading
//! costs nothing for it.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Where in `json` the value begins to which `path` leads, or the last value on the way that is
/// there. Of a key that occurs more than once the last one counts.
pub(crate) fn locate(json: &str, path: &[Step]) -> usize {
    let (mut value, mut rest) = (json.trim_start_matches([' ', '\t', '\n', '\r']), path);
    while let [step, after @ ..] = rest {
        let Some(child) = child(value, step) else { break };
        (value, rest) = (child, after);
    }
    value.as_ptr() as usize - json.as_ptr() as usize
}

fn child<'a>(json: &'a str, step: &Step) -> Option<&'a str> {
    match step {
        Step::Index(index) => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            elements.get(*index).map(|value| value.get())
        }
        Step::Key(name) => {
            let members = serde_json::Deserializer::from_str(json).deserialize_map(Members).ok()?;
            let is_name = |key: &RawValue| {
                serde_json::from_str::<String>(key.get()).is_ok_and(|key| key == *name)
            };
            let found = members.into_iter().rfind(|(key, _)| is_name(key));
            found.map(|(_, value)| value.get())
        }
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// What was expected of a value, without the place that a parser of the value alone would name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct DecodeError(Box<Expected>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    message: String,
    /// How far inside the value it shows, in bytes.
    offset: usize,
}

impl DecodeError {
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self(Box::new(Expected { message: why.to_string(), offset: 0 }))
    }

    /// What decoding `value` failed with.
    pub(crate) fn of(error: &serde_json::Error, value: &str) -> Self {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        // Of a text or a number the parser names the end, of what is inside an object the place.
        let offset = if value.starts_with(['{', '[']) { offset_of(error, value) } else { 0 };
        Self(Box::new(Expected { message, offset }))
    }

    pub(crate) fn offset(&self) -> usize {
        self.0.offset
    }
}

fn offset_of(error: &serde_json::Error, value: &str) -> usize {
    let lines = value.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum();
    (start + error.column().saturating_sub(1)).min(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_keys_and_indices_as_far_as_there_is_one() {
        let json = "{ \"a\": 0, \"\\u0061\" : [ 1, {\"b\": \"x\"} ], \"c\": 2}";
        let at = |path: &[Step]| &json[locate(json, path)..];
        let key = |name: &str| Step::Key(name.to_owned());
        assert!(at(&[]).starts_with('{'));
        assert!(at(&[key("a")]).starts_with("[ 1"), "the last one");
        assert!(at(&[key("a"), Step::Index(0)]).starts_with("1,"));
        assert!(at(&[key("a"), Step::Index(1), key("b")]).starts_with("\"x\""));
        assert!(at(&[key("a"), Step::Index(1), key("none"), key("b")]).starts_with("{\"b\""));
        assert!(at(&[key("c"), key("d")]).starts_with('2'));
    }
}
