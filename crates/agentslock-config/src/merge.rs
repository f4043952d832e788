//! Merging stamps: what a three-way merge of documents cannot decide without knowing what they
//! mean.

use std::time::SystemTime;

use agentslock_core::merge::{Conflict, Resolution, Resolver};
use agentslock_core::{Fields, Timestamp};

use crate::stamp::{INSTALL, INSTALLED_AT, REFRESH, REFRESHED_AT};

/// Of two stamps of installing or refreshing the later one wins, whole. For
/// [`merge`](agentslock_core::merge::merge()).
///
/// The conflict stays open if a time is missing or invalid, if both are the same, or if one side
/// removed the stamp. Every other conflict stays open, too.
///
/// ```
/// use agentslock_config::LaterStamp;
///
/// let ours = r#"{"install": {"project": "p", "stamped_at": "2026-01-02T03:04:05Z"}}"#;
/// let theirs = r#"{"install": {"project": "p", "stamped_at": "2026-01-02T05:00:00+02:00"}}"#;
/// let merged = agentslock_core::merge::merge("{}", ours, theirs, &mut LaterStamp)?;
/// assert!(merged.text().expect("because ours is later").contains("03:04:05Z"));
/// # Ok::<(), agentslock_core::merge::MergeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LaterStamp;

impl Resolver for LaterStamp {
    fn is_indivisible(&self, section: &str) -> bool {
        time_field(section).is_some()
    }

    fn resolve(&mut self, conflict: &Conflict<'_>) -> Resolution {
        let time = |stamp: Option<&str>| time_of(conflict.section, stamp?);
        let (Some(ours), Some(theirs)) = (time(conflict.ours), time(conflict.theirs)) else {
            return Resolution::Unresolved;
        };
        match ours.cmp(&theirs) {
            std::cmp::Ordering::Greater => Resolution::Ours,
            std::cmp::Ordering::Less => Resolution::Theirs,
            std::cmp::Ordering::Equal => Resolution::Unresolved,
        }
    }
}

/// The field of a stamp that says when; `None` for a section that is no stamp.
fn time_field(section: &str) -> Option<&'static str> {
    match section {
        INSTALL => Some(INSTALLED_AT),
        REFRESH => Some(REFRESHED_AT),
        _ => None,
    }
}

fn time_of(section: &str, stamp: &str) -> Option<SystemTime> {
    let field = time_field(section)?;
    let mut fields: Fields = serde_json::from_str(stamp).ok()?;
    Timestamp::verbatim(fields.take::<String>(field).ok()??).instant()
}
