//! Three versions of a document. Sections and entries are the same, differ, or are missing, in
//! every combination and spelling. Also, what is in a document.

use std::collections::BTreeMap;

use proptest::array::uniform3;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::value::RawValue;

use crate::encode::json::{Json, json, white_space};

/// What a key has on one side: one of a few values, in one of two spellings; or it is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pick {
    value: usize,
    is_respelled: bool,
}

/// What a section is on one side.
#[derive(Clone, Debug, PartialEq)]
enum Slot {
    Missing,
    Whole(Pick),
    /// By the numbers of their keys.
    Entries(Vec<Option<Pick>>),
}

/// The keys of sections and entries, as they may be spelled, sorted.
const KEYS: [[&str; 2]; 4] = [
    ["\"<b\"", "\"\\u003Cb\""],
    ["\"a\"", "\"\\u0061\""],
    ["\"c\\n\"", "\"c\\u000a\""],
    ["\"é\"", "\"é\""],
];

fn pick() -> impl Strategy<Value = Pick> + Clone {
    (0..3_usize, any::<bool>()).prop_map(|(value, is_respelled)| Pick { value, is_respelled })
}

fn maybe_pick() -> impl Strategy<Value = Option<Pick>> + Clone {
    prop_oneof![3 => pick().prop_map(Some), 1 => Just(None)]
}

/// Of base, ours, and theirs. That one side has what the base has is as likely as not.
fn three<T: Clone + std::fmt::Debug>(
    one: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = [T; 3]> {
    (uniform3(one), select(vec![[0, 1, 2], [0, 0, 2], [0, 1, 0], [0, 1, 1]]))
        .prop_map(|(sides, which)| which.map(|side: usize| sides[side].clone()))
}

fn slots() -> impl Strategy<Value = [Slot; 3]> {
    let entries = vec(three(maybe_pick()), KEYS.len()).prop_map(|keys| {
        [0, 1, 2].map(|side| Slot::Entries(keys.iter().map(|three| three[side]).collect()))
    });
    let other = prop_oneof![Just(Slot::Missing), pick().prop_map(Slot::Whole)];
    (entries, uniform3(prop_oneof![5 => Just(None), 1 => other.prop_map(Some)])).prop_map(
        |(entries, others)| {
            let mut others = others.into_iter();
            entries.map(|slot| others.next().flatten().unwrap_or(slot))
        },
    )
}

/// Base, ours, and theirs.
pub(crate) fn triple() -> impl Strategy<Value = [String; 3]> {
    ordered_triple(uniform3(any::<bool>()).boxed())
}

/// Base, ours, and theirs, each with its entries sorted.
pub(crate) fn sorted_triple() -> impl Strategy<Value = [String; 3]> {
    ordered_triple(Just([false; 3]).boxed())
}

fn ordered_triple(is_reversed: BoxedStrategy<[bool; 3]>) -> impl Strategy<Value = [String; 3]> {
    let reserved = || uniform3(prop_oneof![Just(None), (1..4_u8).prop_map(Some)]);
    // Later ones are not merged.
    let versions = || uniform3(prop_oneof![Just(None), (0..2_u8).prop_map(Some)]);
    let values = (vec(json(), 3), white_space());
    let sections = (vec(slots(), KEYS.len()), versions(), reserved());
    (values, sections, is_reversed).prop_map(
        |((values, white), (sections, versions, digests), is_reversed)| {
            [0, 1, 2].map(|side| {
                let mut lines = Vec::new();
                for (keys, slots) in KEYS.iter().zip(&sections) {
                    let is_reversed = is_reversed[side];
                    lines.extend(section(keys, &slots[side], &values, (&white, is_reversed)));
                }
                lines.extend(versions[side].map(|version| format!("\"lock_version\":{version}")));
                lines.extend(digests[side].map(|digest| format!("\"inputs_digest\":\"{digest}\"")));
                format!("{{{white}{}}}", lines.join(&format!("{white},")))
            })
        },
    )
}

/// Ours and theirs differ from base in different entries.
pub(crate) fn disjoint_triple() -> impl Strategy<Value = [String; 3]> {
    let entry = (maybe_pick(), maybe_pick(), any::<bool>()).prop_map(|(base, other, is_ours)| {
        if is_ours { [base, other, base] } else { [base, base, other] }
    });
    (vec(json(), 3), vec(vec(entry, KEYS.len()), KEYS.len())).prop_map(|(values, sections)| {
        [0, 1, 2].map(|side| {
            let lines = KEYS.iter().zip(&sections).filter_map(|(keys, entries)| {
                let slot = Slot::Entries(entries.iter().map(|three| three[side]).collect());
                section(keys, &slot, &values, (" ", false))
            });
            format!("{{{}}}", lines.collect::<Vec<_>>().join(","))
        })
    })
}

fn section(
    keys: &[&str; 2],
    slot: &Slot,
    values: &[Json],
    (white, is_reversed): (&str, bool),
) -> Option<String> {
    let line = |keys: &[&str; 2], pick: Pick, depth| {
        let value = spelled(pick, values, depth);
        format!("{white}{}{white}:{white}{value}", keys[usize::from(pick.is_respelled)])
    };
    match slot {
        Slot::Missing => None,
        Slot::Whole(pick) => Some(line(keys, *pick, 1)),
        Slot::Entries(entries) => {
            let lines = KEYS.iter().zip(entries);
            let lines = lines.filter_map(|(keys, pick)| Some(line(keys, (*pick)?, 2)));
            let mut lines: Vec<_> = lines.collect();
            if is_reversed {
                lines.reverse();
            }
            Some(format!("{}:{{{}}}", keys[0], lines.join(",")))
        }
    }
}

/// Each value is in an array with its number, so that different ones never mean the same.
fn spelled(pick: Pick, values: &[Json], depth: usize) -> String {
    let value = &values[pick.value];
    if pick.is_respelled {
        format!("[ {} , {}]", pick.value, value.canonical(depth + 1))
    } else {
        format!("[{},{}]", pick.value, value.text())
    }
}

/// What is in a document: the values of its keys, by their numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Value(usize),
    Entries(BTreeMap<String, usize>),
    /// A version or a digest.
    Reserved(String),
}

pub(crate) type Raw = BTreeMap<String, Box<RawValue>>;

pub(crate) fn raw(json: &str) -> Raw {
    serde_json::from_str(json).unwrap()
}

fn number(value: &RawValue) -> usize {
    let (_, rest) = value.get().split_once('[').unwrap();
    rest.split_once(',').unwrap().0.trim().parse().unwrap()
}

pub(crate) fn contents(document: &str) -> BTreeMap<String, Content> {
    let contents = raw(document).into_iter().map(|(name, value)| {
        let content = if agentslock_core::is_reserved(&name) {
            Content::Reserved(value.get().to_owned())
        } else if value.get().starts_with('{') {
            let entries = raw(value.get()).into_iter();
            Content::Entries(entries.map(|(key, value)| (key, number(&value))).collect())
        } else {
            Content::Value(number(&value))
        };
        (name, content)
    });
    contents.collect()
}
