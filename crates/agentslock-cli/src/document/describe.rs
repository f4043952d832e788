//! Differences between documents, and what is in them, in a person's words: units move, views go
//! from one status to another.
//!
//! What a section means is known here only as far as words need it. An unknown section is described
//! by the names of its entries and fields.

use std::collections::{BTreeMap, BTreeSet};

use agentslock_core::merge::Difference;
use agentslock_core::text::compact;
use agentslock_core::{Fields, Lockfile};

use crate::io::paint::ChangeKind;

/// One line about one entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: ChangeKind,
    pub(crate) text: String,
}

/// How much of a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Short,
    Whole,
}

/// A view's bookkeeping, which changes with everything else, and is told of only where details are.
const BOOKKEEPING: [&str; 3] = ["state_history", "last_rebuilt_at", "last_validation_at"];
const VIEWS: &str = "materialized_views";

/// A difference, as a line for each thing that a person would name.
pub(crate) fn describe(difference: &Difference, detail: Detail) -> Vec<Line> {
    let subject = subject(&difference.section, difference.entry.as_deref());
    let (before, after) = (difference.before.as_deref(), difference.after.as_deref());
    if difference.section == "adapters" && difference.entry.is_some() {
        return describe_adapter(&subject, before, after, detail);
    }
    describe_entry(&subject, before, after, detail).into_iter().collect()
}

/// Every entry of a document on a line of its own, values whole: what git's textconv compares.
pub(crate) fn list(lockfile: &Lockfile) -> Vec<String> {
    let reserved = ["lock_version", "inputs_digest"].map(String::from);
    let mut lines = Vec::new();
    for section in reserved.into_iter().chain(lockfile.section_names()) {
        let Some(value) = lockfile.top_level_raw(&section) else { continue };
        let entries = fields(Some(&value)).filter(|entries| !entries.is_empty());
        let Some(entries) = entries else {
            lines.push(format!("{section} {}", shown(&value, Detail::Whole)));
            continue;
        };
        for (entry, value) in &entries {
            let subject = subject(&section, Some(entry));
            let (own, views) = if section == "adapters" {
                split_views(Some(value))
            } else {
                (Some(value.clone()), BTreeMap::new())
            };
            let own = own.unwrap_or_default();
            lines.push(format!("{subject}: {}", summary(&own, Detail::Whole)));
            for (view, value) in &views {
                let summary = summary(value, Detail::Whole);
                lines.push(format!("{subject} view {view}: {summary}"));
            }
        }
    }
    lines
}

/// What a person calls an entry, or a section as a whole.
pub(crate) fn subject(section: &str, entry: Option<&str>) -> String {
    let Some(entry) = entry else { return section.to_owned() };
    let noun = match section {
        "units" => "unit",
        "adapters" => "adapter",
        other => other,
    };
    format!("{noun} {entry}")
}

fn describe_adapter(
    subject: &str,
    before: Option<&str>,
    after: Option<&str>,
    detail: Detail,
) -> Vec<Line> {
    let ((before, mut old), (after, mut new)) = (split_views(before), split_views(after));
    let mut lines: Vec<Line> =
        describe_entry(subject, before.as_deref(), after.as_deref(), detail).into_iter().collect();
    let views: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    for view in views {
        let (old, new) = (old.remove(&view), new.remove(&view));
        let subject = format!("{subject} view {view}");
        lines.extend(describe_entry(&subject, old.as_deref(), new.as_deref(), detail));
    }
    lines
}

/// An adapter without its views, and these.
fn split_views(adapter: Option<&str>) -> (Option<String>, BTreeMap<String, String>) {
    let Some(mut entry) = fields(adapter) else {
        return (adapter.map(str::to_owned), BTreeMap::new());
    };
    let views = entry.remove(VIEWS);
    match fields(views.as_deref()) {
        Some(views) => {
            let fields: Vec<_> = entry
                .iter()
                .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&**name)))
                .collect();
            (Some(format!("{{{}}}", fields.join(","))), views)
        }
        None => (adapter.map(str::to_owned), BTreeMap::new()),
    }
}

/// What happened to one entry; `None` if nothing did.
fn describe_entry(
    subject: &str,
    before: Option<&str>,
    after: Option<&str>,
    detail: Detail,
) -> Option<Line> {
    let line = |kind, text| Some(Line { kind, text });
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (None, Some(value)) => {
            return line(ChangeKind::Added, format!("{subject}: {}", summary(value, detail)));
        }
        (Some(value), None) => {
            return line(ChangeKind::Removed, format!("{subject}: {}", summary(value, detail)));
        }
        (Some(before), Some(after)) => (before, after),
    };
    if spelling(before) == spelling(after) {
        return None;
    }
    let clauses = match (fields(Some(before)), fields(Some(after))) {
        (Some(before), Some(after)) => changed_fields(&before, &after, detail),
        _ => vec![format!("changed {}", from_to(before, after, detail))],
    };
    let text =
        if clauses.is_empty() { "is spelled differently".to_owned() } else { clauses.join("; ") };
    line(ChangeKind::Changed, format!("{subject} {text}"))
}

fn changed_fields(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    detail: Detail,
) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut leading = Vec::new();
    let mut others = Vec::new();
    let mut bookkeeping = Vec::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        let clause = match (old, new) {
            (Some(old), Some(new)) if spelling(old) == spelling(new) => continue,
            (Some(old), Some(new)) => {
                let change = from_to(old, new, detail);
                match name.as_str() {
                    "digest" | "resolved_sha" => {
                        leading.push(format!("moved {change}"));
                        continue;
                    }
                    "view_status" => {
                        leading.push(format!("went {change}{}", trigger(after)));
                        continue;
                    }
                    _ => format!("{name} changed {change}"),
                }
            }
            (None, Some(new)) => format!("{name} {} was added", shown(new, detail)),
            (Some(old), None) => format!("{name} {} was removed", shown(old, detail)),
            (None, None) => continue,
        };
        let is_bookkeeping = BOOKKEEPING.contains(&name.as_str());
        if is_bookkeeping { &mut bookkeeping } else { &mut others }.push(clause);
    }
    leading.append(&mut others);
    if leading.is_empty() || detail == Detail::Whole {
        leading.append(&mut bookkeeping);
    }
    leading
}

/// What made a view's status what it is, if its history says so.
fn trigger(view: &BTreeMap<String, String>) -> String {
    let history = view.get("state_history").and_then(|history| {
        let transitions: Vec<BTreeMap<String, serde_json::Value>> =
            serde_json::from_str(history).ok()?;
        let last = transitions.into_iter().next_back()?;
        let status: String = serde_json::from_str(view.get("view_status")?).ok()?;
        let trigger = last.get("trigger")?.as_str()?.to_owned();
        (last.get("to")?.as_str()? == status).then_some(trigger)
    });
    history.map_or_else(String::new, |trigger| format!(" ({trigger})"))
}

/// An entry's fields, on one line.
fn summary(value: &str, detail: Detail) -> String {
    let Some(entries) = fields(Some(value)).filter(|entries| !entries.is_empty()) else {
        return shown(value, detail);
    };
    let parts: Vec<_> = entries
        .iter()
        .filter(|(name, _)| detail == Detail::Whole || !BOOKKEEPING.contains(&name.as_str()))
        .map(|(name, value)| format!("{name} {}", shown(value, detail)))
        .collect();
    parts.join(", ")
}

fn from_to(before: &str, after: &str, detail: Detail) -> String {
    let (mut from, mut to) = (shown(before, detail), shown(after, detail));
    if from == to {
        // Alike as far as they are shown.
        (from, to) = (shown(before, Detail::Whole), shown(after, Detail::Whole));
    }
    if from == to {
        // Alike but for their escapes.
        (from, to) = (spelling(before), spelling(after));
    }
    format!("from {from} to {to}")
}

/// How much of a value or of a digest a person wants to see at first.
const SHORT: usize = 48;
const SHORT_DIGEST: usize = 12;

/// A value: a plain text without its quotes, anything else as JSON on one line.
fn shown(json: &str, detail: Detail) -> String {
    let text = match serde_json::from_str::<String>(json) {
        Ok(text) if is_plain(&text) => text,
        _ => spelling(json),
    };
    if detail == Detail::Whole {
        return text;
    }
    if let Some((algorithm, hash)) = text.split_once(':')
        && hash.len() > SHORT_DIGEST
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return format!("{algorithm}:{}", &hash[..SHORT_DIGEST]);
    }
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Whether a text cannot be mistaken for anything else without its quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['"', '[', '{'])
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() && c != ' ')
}

fn spelling(json: &str) -> String {
    compact(json).expect("because it comes from a document")
}

/// The fields of an object, as they are spelled; `None` if it is none, or has one twice, which is
/// shown as a whole.
fn fields(json: Option<&str>) -> Option<BTreeMap<String, String>> {
    serde_json::from_str::<Fields>(json?).ok()?.distinct()
}
