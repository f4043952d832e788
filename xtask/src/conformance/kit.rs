//! What the kit asks, and how it is written down.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::questions::{NAMES, RECORDS, occupants};
use super::script;
use crate::outcome::Outcome;

const ABOUT: [&str; 3] = [
    "What every implementation of docs/protocol.md answers, by topic. That page says how to use it.",
    "Written by `cargo xtask conformance --write`; the answers are those of the crate.",
    "T is the file, T.lock its lock. Ages are seconds before now. In `bytes`, a character is a byte.",
];

/// The vectors, by topic.
pub(super) struct Kit {
    pub(super) names: Vec<Value>,
    pub(super) records: Vec<Value>,
    pub(super) occupants: Vec<Value>,
    pub(super) scripts: Vec<Value>,
    pub(super) calls: Vec<Value>,
}

/// What an implementation answers, and all else is a question.
const ANSWERS: [&str; 8] =
    ["lock", "read", "verdict", "by_time", "try", "remains", "calls", "answers"];

impl Kit {
    pub(super) fn questions() -> Self {
        Self {
            names: NAMES.iter().map(|path| json!({"path": path})).collect(),
            records: RECORDS.iter().map(|bytes| json!({"bytes": bytes})).collect(),
            occupants: occupants(),
            scripts: script::scripts(),
            calls: script::traced(),
        }
    }

    pub(super) fn read(text: &str) -> Outcome<Self> {
        let kit: Value = serde_json::from_str(text)?;
        let topic = |name: &str| {
            let vectors = kit[name].as_array().cloned();
            vectors.ok_or_else(|| format!("docs/protocol/vectors.json has no `{name}`"))
        };
        Ok(Self {
            names: topic("names")?,
            records: topic("records")?,
            occupants: topic("occupants")?,
            scripts: topic("scripts")?,
            calls: topic("calls")?,
        })
    }

    fn topics(&self) -> [(&'static str, &Vec<Value>); 5] {
        [
            ("names", &self.names),
            ("records", &self.records),
            ("occupants", &self.occupants),
            ("scripts", &self.scripts),
            ("calls", &self.calls),
        ]
    }

    pub(super) fn vectors(&self) -> impl Iterator<Item = &Value> {
        self.topics().into_iter().flat_map(|(_, vectors)| vectors)
    }

    pub(super) fn counts(&self) -> String {
        self.topics().map(|(name, vectors)| format!("{} {name}", vectors.len())).join(", ")
    }

    pub(super) fn without_answers(&self) -> Self {
        let questions = |vectors: &[Value]| {
            let mut vectors = vectors.to_vec();
            for vector in vectors.iter_mut().filter_map(Value::as_object_mut) {
                vector.retain(|key, _| !ANSWERS.contains(&key.as_str()));
            }
            vectors
        };
        Self {
            names: questions(&self.names),
            records: questions(&self.records),
            occupants: questions(&self.occupants),
            scripts: questions(&self.scripts),
            calls: questions(&self.calls),
        }
    }

    /// A vector a line, so that a change shows which of them are others.
    pub(super) fn text(&self) -> Outcome<String> {
        let mut text = format!("{{\n  \"about\": {}", serde_json::to_string(&ABOUT)?);
        for (name, vectors) in self.topics() {
            write!(text, ",\n  \"{name}\": [")?;
            for (number, vector) in vectors.iter().enumerate() {
                let comma = if number == 0 { "" } else { "," };
                write!(text, "{comma}\n    {}", line(vector)?)?;
            }
            text.push_str("\n  ]");
        }
        text.push_str("\n}\n");
        Ok(text)
    }
}

/// On one line, what a reader looks for first.
fn line(vector: &Value) -> Outcome<String> {
    const FIRST: [&str; 7] = ["name", "path", "bytes", "way", "tree", "steps", "only"];
    let fields = vector.as_object().ok_or("a vector is an object")?;
    let first = FIRST.iter().filter_map(|key| fields.get_key_value(*key));
    let rest = fields.iter().filter(|(key, _)| !FIRST.contains(&key.as_str()));
    let mut shown = Vec::new();
    for (key, value) in first.chain(rest) {
        shown.push(format!("{}: {value}", serde_json::to_string(key)?));
    }
    Ok(format!("{{{}}}", shown.join(", ")))
}
