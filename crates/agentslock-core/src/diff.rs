//! What differs between two documents, by section and entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::reserved::{INPUTS_DIGEST_KEY, LOCK_VERSION_KEY};
use crate::json::encode::compact;
use crate::json::fields::Fields;
use crate::lockfile::Lockfile;

/// One place where two documents differ. The values are as they are spelled; `None` where there is
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The top-level key: a section, or a reserved one.
    pub section: String,
    /// The entry of the section; `None` when the section is not an object with distinct keys on
    /// both sides, and is compared as a whole.
    pub entry: Option<String>,
    /// What was there.
    pub before: Option<String>,
    /// What is there now.
    pub after: Option<String>,
}

/// Where `after` differs from `before`, as both handles show them: reserved keys first, then
/// sections and their entries in byte order.
///
/// An entry is compared as a whole, by its spelling; white space between the tokens, and the order
/// of sections and entries, make no difference. A section that is missing has no entries.
///
/// ```
/// use agentslock_core::{Lockfile, merge::diff};
///
/// let before = Lockfile::from_text(r#"{"units": {"a": 1, "b": 2}}"#)?;
/// let after = Lockfile::from_text(r#"{"units": {"b": 3, "a": 1}}"#)?;
/// let differences = diff(&before, &after);
/// assert_eq!(differences.len(), 1);
/// assert_eq!(differences[0].entry.as_deref(), Some("b"));
/// assert_eq!(differences[0].after.as_deref(), Some("3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn diff(before: &Lockfile, after: &Lockfile) -> Vec<Difference> {
    let mut differences = Vec::new();
    for key in [LOCK_VERSION_KEY, INPUTS_DIGEST_KEY] {
        let (before, after) = (before.top_level_raw(key), after.top_level_raw(key));
        compare(key, None, before, after, &mut differences);
    }
    let names: BTreeSet<String> =
        before.section_names().into_iter().chain(after.section_names()).collect();
    for name in names {
        let (before, after) = (before.top_level_raw(&name), after.top_level_raw(&name));
        match (entries(before.as_deref()), entries(after.as_deref())) {
            (Some(mut old), Some(mut new)) if !(old.is_empty() && new.is_empty()) => {
                let entries: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
                for entry in entries {
                    let (old, new) = (old.remove(&entry), new.remove(&entry));
                    compare(&name, Some(entry), old, new, &mut differences);
                }
            }
            // An empty section that comes or goes has no entry to tell of it.
            _ => compare(&name, None, before, after, &mut differences),
        }
    }
    differences
}

/// The entries of a section; `None` if it is not an object with distinct keys.
fn entries(section: Option<&str>) -> Option<BTreeMap<String, String>> {
    let Some(json) = section else { return Some(BTreeMap::new()) };
    let fields: Fields = serde_json::from_str(json).ok()?;
    fields.distinct()
}

fn compare(
    section: &str,
    entry: Option<String>,
    before: Option<String>,
    after: Option<String>,
    differences: &mut Vec<Difference>,
) {
    let spelling = |json: &Option<String>| {
        json.as_ref().map(|json| compact(json).expect("because it comes from a document"))
    };
    if spelling(&before) != spelling(&after) {
        differences.push(Difference { section: section.to_owned(), entry, before, after });
    }
}
