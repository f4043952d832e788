//! JSON texts of every spelling, and what the canonical encoding must make of them. It is a second,
//! recursive implementation, which starts from the parts and not from the text.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::{RegexGeneratorStrategy, string_regex};

/// A JSON text in parts.
#[derive(Clone, Debug)]
pub(crate) enum Json {
    /// A number or a literal.
    Scalar(String),
    /// A string's pieces: plain characters and escapes.
    String(Vec<String>),
    /// Each item between white space; the white space of an empty one.
    Array(Vec<(String, Json, String)>, String),
    Object(Vec<(Key, Json, String)>, String),
}

/// A key inside a value: white space before it, its pieces, white space before and after the colon.
type Key = (String, Vec<String>, String, String);

impl Json {
    /// As it is spelled, with all its white space.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::String(pieces) => format!("\"{}\"", pieces.concat()),
            Self::Array(items, white) => {
                let items = items.iter().map(|(before, item, after)| {
                    let text = item.text();
                    format!("{before}{text}{after}")
                });
                enclosed('[', &items.collect::<Vec<_>>(), white, ']')
            }
            Self::Object(fields, white) => {
                let fields = fields.iter().map(|((before, key, left, right), value, after)| {
                    format!("{before}\"{}\"{left}:{right}{}{after}", key.concat(), value.text())
                });
                enclosed('{', &fields.collect::<Vec<_>>(), white, '}')
            }
        }
    }

    /// As the canonical encoding has it at `depth`.
    pub(crate) fn canonical(&self, depth: usize) -> String {
        let inner = "  ".repeat(depth + 1);
        let lines = |open: char, lines: Vec<String>, close: char| {
            let end = "  ".repeat(depth);
            format!("{open}\n{}\n{end}{close}", lines.join(",\n"))
        };
        match self {
            Self::Scalar(text) => text.clone(),
            Self::String(pieces) => canonical_string(pieces),
            Self::Array(items, _) if items.is_empty() => "[]".to_owned(),
            Self::Object(fields, _) if fields.is_empty() => "{}".to_owned(),
            Self::Array(items, _) => {
                let items = items
                    .iter()
                    .map(|(_, item, _)| format!("{inner}{}", item.canonical(depth + 1)));
                lines('[', items.collect(), ']')
            }
            Self::Object(fields, _) => {
                let fields = fields.iter().map(|((_, key, ..), value, _)| {
                    format!("{inner}{}: {}", canonical_string(key), value.canonical(depth + 1))
                });
                lines('{', fields.collect(), '}')
            }
        }
    }
}

fn enclosed(open: char, items: &[String], white: &str, close: char) -> String {
    let inside = if items.is_empty() { white.to_owned() } else { items.join(",") };
    format!("{open}{inside}{close}")
}

fn canonical_string(pieces: &[String]) -> String {
    let pieces = pieces.iter().map(|piece| match piece.as_str() {
        "<" => "\\u003c",
        ">" => "\\u003e",
        "&" => "\\u0026",
        "\u{2028}" => "\\u2028",
        "\u{2029}" => "\\u2029",
        other => other,
    });
    format!("\"{}\"", pieces.collect::<String>())
}

/// A key that is canonically written for the first time.
pub(crate) fn canonical_key(name: &str) -> String {
    let pieces: Vec<String> = name
        .chars()
        .map(|character| {
            let escaped = serde_json::to_string(&character).unwrap();
            escaped[1..escaped.len() - 1].to_owned()
        })
        .collect();
    canonical_string(&pieces)
}

/// Compiled once, not for each value, as a string that serves as a strategy is.
fn regex(pattern: &str) -> RegexGeneratorStrategy<String> {
    string_regex(pattern).expect("because the tests know what it is")
}

pub(crate) fn white_space() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => regex("[ \t\r\n]{1,4}")]
}

/// A piece of a string that stands for whole characters.
fn whole_piece() -> impl Strategy<Value = String> {
    let plain = any::<char>()
        .prop_filter("must be escaped", |c| !matches!(c, '"' | '\\' | '\0'..='\u{1f}'))
        .prop_map(String::from);
    let unicode = regex("[0-9A-Ca-cEFef][0-9A-Fa-f]{3}").prop_map(|digits| format!("\\u{digits}"));
    let pair = regex("[89ABab][0-9A-Fa-f]{2}\\\\u[dD][C-Fc-f][0-9A-Fa-f]{2}")
        .prop_map(|digits| format!("\\ud{digits}"));
    let special = select(vec![
        "<", ">", "&", "\u{2028}", "\u{2029}", "{", "}", "[", "]", ",", ":", " ", "'", "\\\"",
        "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u003c", "\\u003E", "\\u2028",
        "\u{feff}", "é",
    ]);
    prop_oneof![plain, regex("[a-z]{1,3}"), unicode, pair, special.prop_map(str::to_owned)]
}

/// A string's pieces, halves of surrogate pairs among them.
fn pieces() -> impl Strategy<Value = Vec<String>> {
    let lone = regex("[dD][89A-Fa-f][0-9A-Fa-f]{2}").prop_map(|digits| format!("\\u{digits}"));
    vec(prop_oneof![9 => whole_piece(), 1 => lone], 0..6)
}

fn number() -> impl Strategy<Value = String> {
    regex("-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?")
}

/// Any JSON text: every white space, escape and spelling of numbers, and equal keys.
pub(crate) fn json() -> impl Strategy<Value = Json> {
    let literal = select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        2 => number().prop_map(Json::Scalar),
        1 => literal.prop_map(Json::Scalar),
        3 => pieces().prop_map(Json::String),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        let item = (white_space(), inner.clone(), white_space());
        let repeated = select(vec!["a", "b"]).prop_map(|key| vec![key.to_owned()]);
        let key = (
            white_space(),
            prop_oneof![2 => pieces(), 1 => repeated],
            white_space(),
            white_space(),
        );
        // The white space before a value belongs to the colon.
        let field = (key, inner, white_space());
        prop_oneof![
            (vec(item, 0..6), white_space()).prop_map(|(items, white)| Json::Array(items, white)),
            (vec(field, 0..6), white_space()).prop_map(|(all, white)| Json::Object(all, white)),
        ]
    })
}

/// A key's pieces, and what they stand for.
fn name() -> impl Strategy<Value = (String, Vec<String>)> {
    vec(whole_piece(), 0..5).prop_map(|pieces| {
        let name = serde_json::from_str(&format!("\"{}\"", pieces.concat())).unwrap();
        (name, pieces)
    })
}

/// A top-level key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// The key as it is spelled, with its quotes.
    pub(crate) key: String,
    pub(crate) value: Json,
    /// Before the key, around the colon, after the value.
    white: [String; 4],
}

/// The top-level keys of a document, reserved ones among them, in any order. Their names differ,
/// their spelling may be any.
pub(crate) fn sections() -> impl Strategy<Value = Vec<Section>> {
    let reserved = select(vec!["lock_version", "inputs_digest"]).prop_map(str::to_owned);
    let plain = prop_oneof![4 => regex("[a-c]{1,2}"), 1 => reserved];
    let plain = plain.prop_map(|name| (name.clone(), vec![name]));
    let white = [white_space(), white_space(), white_space(), white_space()];
    let section = (prop_oneof![name(), plain], json(), white);
    vec(section, 0..7).prop_map(|sections| {
        let mut names = BTreeSet::new();
        let sections = sections.into_iter().filter(|((name, _), ..)| names.insert(name.clone()));
        let sections = sections.map(|((name, pieces), value, white)| {
            let key = format!("\"{}\"", pieces.concat());
            // No other version is written.
            let version = || Json::Scalar((value.text().len() % 2).to_string());
            let value = if name == "lock_version" { version() } else { value };
            Section { name, key, value, white }
        });
        sections.collect()
    })
}

/// The document of these sections, as it is spelled.
pub(crate) fn document(sections: &[Section], white: &str) -> String {
    let entries = sections.iter().map(|Section { key, value, white: [a, b, c, d], .. }| {
        format!("{a}{key}{b}:{c}{}{d}", value.text())
    });
    format!("{white}{}{white}", enclosed('{', &entries.collect::<Vec<_>>(), white, '}'))
}
