//! Reading and changing a value inside another one, in its text: all that is not meant stays as it
//! is spelled.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use agentslock_core::Digest;
use agentslock_core::text::compact;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, in their order, as slices of its text. A key can be there twice.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// A key, borrowed if it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// What stands at a step of the way down.
enum Container<'a> {
    Object(Members<'a>),
    List(Vec<&'a RawValue>),
    /// What has nothing inside.
    Plain(&'static str),
}

impl<'a> Container<'a> {
    fn of(json: &'a str) -> Self {
        match json.trim_start().as_bytes().first() {
            Some(b'{') => match serde_json::from_str(json) {
                Ok(members) => Self::Object(members),
                Err(_) => Self::Plain("an object that cannot be read"),
            },
            Some(b'[') => Self::List(serde_json::from_str(json).unwrap_or_default()),
            Some(b'"') => Self::Plain("a text"),
            Some(b't' | b'f') => Self::Plain("a truth value"),
            Some(b'n') => Self::Plain("null"),
            _ => Self::Plain("a number"),
        }
    }
}

/// Why there is nothing at the end of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoValue {
    /// The object or list after so many steps does not have the next one.
    Absent { steps: usize },
    /// What stands after so many steps is neither an object nor a list.
    NotAContainer { steps: usize, kind: &'static str },
    /// The next step is no index of the list after so many steps.
    NoIndex { steps: usize },
}

/// The value that `steps` lead to, as it is spelled. Of a key that is there twice the last one
/// counts.
pub(crate) fn find<'a>(json: &'a str, steps: &[String]) -> Result<&'a str, NoValue> {
    let mut found = json;
    for (done, step) in steps.iter().enumerate() {
        let next = match Container::of(found) {
            Container::Object(members) => {
                members.0.into_iter().rfind(|(key, _)| key == step).map(|(_, value)| value)
            }
            Container::List(items) => match index(step) {
                Some(index) => items.get(index).copied(),
                None => return Err(NoValue::NoIndex { steps: done }),
            },
            Container::Plain(kind) => return Err(NoValue::NotAContainer { steps: done, kind }),
        };
        found = next.ok_or(NoValue::Absent { steps: done })?.get();
    }
    Ok(found)
}

/// Where the value that `steps` lead to begins in the text, in bytes; as far down as it is there.
pub(crate) fn offset(json: &str, steps: &[String]) -> usize {
    let found = (0..=steps.len()).rev().find_map(|length| find(json, &steps[..length]).ok());
    // It was borrowed from the text.
    found.map_or(0, |found| found.as_ptr() as usize - json.as_ptr() as usize)
}

/// The keys of an object, in their order; `None` for anything else.
pub(crate) fn keys(json: &str) -> Option<Vec<String>> {
    match Container::of(json) {
        Container::Object(members) => {
            Some(members.0.into_iter().map(|(key, _)| key.into_owned()).collect())
        }
        _ => None,
    }
}

/// `json` with `value` at the end of `steps`. Objects that are missing on the way are made; `null`
/// counts as missing. In a list, `-` stands for the place after the last item.
pub(crate) fn with(json: &str, steps: &[String], value: &str) -> Result<String, NoValue> {
    put(json, steps, 0, value)
}

fn put(json: &str, steps: &[String], done: usize, value: &str) -> Result<String, NoValue> {
    let Some(step) = steps.get(done) else { return Ok(value.to_owned()) };
    let made = || {
        let inner = steps[done + 1..].iter().rev().fold(value.to_owned(), |inner, step| {
            format!("{{{}:{inner}}}", serde_json::Value::from(step.as_str()))
        });
        (serde_json::Value::from(step.as_str()).to_string(), inner)
    };
    match Container::of(json) {
        Container::Plain("null") => {
            let (key, inner) = made();
            Ok(format!("{{{key}:{inner}}}"))
        }
        Container::Plain(kind) => Err(NoValue::NotAContainer { steps: done, kind }),
        Container::Object(members) => {
            if let Some((_, old)) = members.0.iter().rfind(|(key, _)| key == step) {
                let range = range_of(json, old.get());
                return Ok(splice(json, range, &put(old.get(), steps, done + 1, value)?));
            }
            let (key, inner) = made();
            // Sorted keys stay sorted.
            let names: Vec<&str> = members.0.iter().map(|(key, _)| &**key).collect();
            let place = if names.is_sorted() {
                names.partition_point(|name| **name < **step)
            } else {
                names.len()
            };
            let start = match place.checked_sub(1) {
                Some(before) => range_of(json, members.0[before].1.get()).end,
                None => json.find('{').map_or(0, |brace| brace + 1),
            };
            let member = match (place, names.len()) {
                (0, 0) => format!("{key}:{inner}"),
                (0, _) => format!("{key}:{inner},"),
                _ => format!(",{key}:{inner}"),
            };
            Ok(splice(json, start..start, &member))
        }
        Container::List(items) => {
            if step == "-" && done + 1 == steps.len() {
                let (start, item) = match items.last() {
                    Some(last) => (range_of(json, last.get()).end, format!(",{value}")),
                    None => (json.find('[').map_or(0, |bracket| bracket + 1), value.to_owned()),
                };
                return Ok(splice(json, start..start, &item));
            }
            let index = index(step).ok_or(NoValue::NoIndex { steps: done })?;
            let old = items.get(index).ok_or(NoValue::Absent { steps: done })?.get();
            Ok(splice(json, range_of(json, old), &put(old, steps, done + 1, value)?))
        }
    }
}

/// `json` without what `steps` lead to: of a key that is there twice, without both.
pub(crate) fn without(json: &str, steps: &[String]) -> Result<String, NoValue> {
    let Some((last, way)) = steps.split_last() else { return Ok("null".to_owned()) };
    let container = find(json, way)?;
    let absent = NoValue::Absent { steps: way.len() };
    let removed = match Container::of(container) {
        Container::Object(members) => {
            let doomed: Vec<usize> = members
                .0
                .iter()
                .enumerate()
                .filter_map(|(index, (key, _))| (key == last).then_some(index))
                .collect();
            let values: Vec<&str> = members.0.iter().map(|(_, value)| value.get()).collect();
            if doomed.is_empty() {
                return Err(absent);
            }
            without_items(container, '{', &values, &doomed)
        }
        Container::List(items) => {
            let index = index(last).ok_or(NoValue::NoIndex { steps: way.len() })?;
            let values: Vec<&str> = items.iter().map(|value| value.get()).collect();
            if index >= values.len() {
                return Err(absent);
            }
            without_items(container, '[', &values, &[index])
        }
        Container::Plain(kind) => return Err(NoValue::NotAContainer { steps: way.len(), kind }),
    };
    Ok(splice(json, range_of(json, container), &removed))
}

/// What a container says without the members or items with these numbers.
fn without_items(container: &str, open: char, values: &[&str], doomed: &[usize]) -> String {
    let start = container.find(open).map_or(0, |at| at + 1);
    let close = container.trim_end().len() - 1;
    let mut kept = String::new();
    let mut end = start;
    for (index, value) in values.iter().enumerate() {
        // From the end of the one before, less the comma.
        let stop = range_of(container, value).end;
        let member = &container[end..stop];
        let member = if index == 0 { member } else { member.trim_start().trim_start_matches(',') };
        if !doomed.contains(&index) {
            if !kept.is_empty() {
                kept.push(',');
            }
            kept.push_str(member);
        }
        end = stop;
    }
    let tail = if kept.is_empty() { "" } else { &container[end..close] };
    format!("{}{kept}{tail}{}", &container[..start], &container[close..])
}

/// The digest of a value: of its text without white space between its parts, as it is spelled.
pub(crate) fn digest(value: &str) -> Digest {
    use sha2::Digest as _;
    let text = compact(value).expect("because it comes from a document");
    Digest::from_sha256(sha2::Sha256::digest(text).into())
}

/// An index as RFC 6901 has it: without leading zeros.
fn index(step: &str) -> Option<usize> {
    let is_index = step == "0" || !step.starts_with(['0', '+', '-']);
    is_index.then(|| step.parse().ok())?
}

/// `part` was borrowed from `whole`.
fn range_of(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

fn splice(text: &str, range: Range<usize>, new: &str) -> String {
    [&text[..range.start], new, &text[range.end..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(path: &[&str]) -> Vec<String> {
        path.iter().map(|step| (*step).to_owned()).collect()
    }

    #[test]
    fn a_value_is_found_by_its_keys_and_indices() {
        let json = r#"{ "a" : {"b":[1, 2.50], "\u0062":[7]}, "n":null, "t":"x" }"#;
        let found = |path: &[&str]| find(json, &steps(path));
        assert_eq!(found(&[]), Ok(json));
        assert_eq!(found(&["a", "b", "0"]), Ok("7"), "the last of two counts");
        assert_eq!(found(&["a", "b", "1"]), Err(NoValue::Absent { steps: 2 }));
        assert_eq!(found(&["a", "b", "-"]), Err(NoValue::NoIndex { steps: 2 }));
        assert_eq!(found(&["a", "b", "00"]), Err(NoValue::NoIndex { steps: 2 }));
        assert_eq!(found(&["x"]), Err(NoValue::Absent { steps: 0 }));
        let text = NoValue::NotAContainer { steps: 1, kind: "a text" };
        assert_eq!(found(&["t", "x"]), Err(text));
    }

    #[test]
    fn a_value_is_put_in_its_place_and_nothing_else_changes() {
        for (json, path, value, expected) in [
            ("null", &["a", "b"][..], "1", r#"{"a":{"b":1}}"#),
            ("{ }", &["b"], "1", r#"{"b":1 }"#),
            (r#"{"a": 1e2 , "c":[ ]}"#, &["b"], "2", r#"{"a": 1e2,"b":2 , "c":[ ]}"#),
            (r#"{"b":1}"#, &["a"], "2", r#"{"a":2,"b":1}"#),
            (r#"{"z":1,"c":2}"#, &["d"], "3", r#"{"z":1,"c":2,"d":3}"#),
            (r#"{"a": {"b" : 1.0 } }"#, &["a", "b"], "2", r#"{"a": {"b" : 2 } }"#),
            (r#"{"a":null}"#, &["a", "b"], "2", r#"{"a":{"b":2}}"#),
            ("[1, 2]", &["1"], "3", "[1, 3]"),
            ("[1, 2]", &["-"], "3", "[1, 2,3]"),
            ("[ ]", &["-"], "3", "[3 ]"),
        ] {
            assert_eq!(with(json, &steps(path), value).as_deref(), Ok(expected), "{json} {path:?}");
        }
        assert_eq!(with("[1]", &steps(&["1"]), "2"), Err(NoValue::Absent { steps: 0 }));
        assert_eq!(with("[1]", &steps(&["x"]), "2"), Err(NoValue::NoIndex { steps: 0 }));
        let number = NoValue::NotAContainer { steps: 0, kind: "a number" };
        assert_eq!(with("1", &steps(&["x"]), "2"), Err(number));
    }

    #[test]
    fn a_value_is_taken_away_and_nothing_else_changes() {
        for (json, path, expected) in [
            (r#"{"a":1}"#, &["a"][..], "{}"),
            (r#"{ "a":1 , "b":2 }"#, &["a"], r#"{ "b":2 }"#),
            (r#"{ "a":1 , "b":2 }"#, &["b"], r#"{ "a":1 }"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["b"], r#"{"a":1,"c":3}"#),
            (r#"{"a":1,"b":2,"a":3}"#, &["a"], r#"{"b":2}"#),
            (r#"{"s":{"a":[1,2,3]}}"#, &["s", "a", "1"], r#"{"s":{"a":[1,3]}}"#),
            ("[1]", &["0"], "[]"),
        ] {
            assert_eq!(without(json, &steps(path)).as_deref(), Ok(expected), "{json} {path:?}");
        }
        assert_eq!(without("{}", &steps(&["x"])), Err(NoValue::Absent { steps: 0 }));
        assert_eq!(without("{}", &steps(&["x", "y"])), Err(NoValue::Absent { steps: 0 }));
    }
}
