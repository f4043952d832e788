//! The states of a view, and what leads from one to another.

use std::fmt;

use serde::{Serialize, Serializer};

/// The status of a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Built, and usable.
    Ready,
    /// The schema of something that it depends on changed; whether it still fits is to be checked.
    PendingRecompatCheck,
    /// To be built again.
    PendingRebuild,
    /// It no longer fits what it depends on; its definition has to change.
    DslUpdateRequired,
    /// A status that this crate does not know. It is kept as it is.
    Other(String),
}

/// What happens to a view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Event {
    /// It was freshly built and registered.
    Registered,
    /// The schema of this adapter, which it depends on, was bumped.
    DependeeBumped(String),
    /// It was checked, and fits what it depends on.
    RecompatPassed,
    /// It was checked, and does not fit what it depends on.
    RecompatFailed,
    /// It was built again.
    Rebuilt,
    /// Its tables are not there.
    TablesAbsent,
    /// What is there is not what was built.
    DigestMismatch,
    /// Its status is none that this crate knows.
    InvalidStatus,
}

impl Status {
    /// As it stands in the document.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ready => "ready",
            Self::PendingRecompatCheck => "pending-recompat-check",
            Self::PendingRebuild => "pending-rebuild",
            Self::DslUpdateRequired => "dsl-update-required",
            Self::Other(status) => status,
        }
    }
}

impl From<String> for Status {
    fn from(status: String) -> Self {
        match status.as_str() {
            "ready" => Self::Ready,
            "pending-recompat-check" => Self::PendingRecompatCheck,
            "pending-rebuild" => Self::PendingRebuild,
            "dsl-update-required" => Self::DslUpdateRequired,
            _ => Self::Other(status),
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// The status that it leads to from the status `from`, `None` being that of a view that is not
    /// registered. `None` where it is not possible.
    pub(crate) fn leads_to(&self, from: Option<&Status>) -> Option<Status> {
        match (from, self) {
            (_, Self::Registered) | (Some(Status::PendingRebuild), Self::Rebuilt) => {
                Some(Status::Ready)
            }
            (Some(Status::Ready), Self::DependeeBumped(_)) => Some(Status::PendingRecompatCheck),
            (Some(Status::PendingRecompatCheck), Self::RecompatFailed) => {
                Some(Status::DslUpdateRequired)
            }
            (Some(Status::PendingRecompatCheck), Self::RecompatPassed)
            | (Some(Status::Ready), Self::TablesAbsent | Self::DigestMismatch)
            | (Some(Status::Other(_)), Self::InvalidStatus) => Some(Status::PendingRebuild),
            _ => None,
        }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// As it stands in a history.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::DependeeBumped(adapter) => return write!(f, "dependee-bump:{adapter}"),
            Self::RecompatPassed => "recompat-pass",
            Self::RecompatFailed => "recompat-fail",
            Self::Rebuilt => "rebuilt",
            Self::TablesAbsent => "reconcile:view tables absent",
            Self::DigestMismatch => "reconcile:view digest mismatch",
            Self::InvalidStatus => "reconcile:invalid-status",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state × every event; `·` is where the event is not possible.
    const TABLE: &str = "
event                          | (none) | ready                  | pending-recompat-check | pending-rebuild | dsl-update-required | levitating
registered                     | ready  | ready                  | ready                  | ready           | ready               | ready
dependee-bump:crg              | ·      | pending-recompat-check | ·                      | ·               | ·                   | ·
recompat-pass                  | ·      | ·                      | pending-rebuild        | ·               | ·                   | ·
recompat-fail                  | ·      | ·                      | dsl-update-required    | ·               | ·                   | ·
rebuilt                        | ·      | ·                      | ·                      | ready           | ·                   | ·
reconcile:view tables absent   | ·      | pending-rebuild        | ·                      | ·               | ·                   | ·
reconcile:view digest mismatch | ·      | pending-rebuild        | ·                      | ·               | ·                   | ·
reconcile:invalid-status       | ·      | ·                      | ·                      | ·               | ·                   | pending-rebuild
";

    const EVENTS: usize = 8;
    const STATES: usize = 6;

    fn events() -> [Event; EVENTS] {
        [
            Event::Registered,
            Event::DependeeBumped("crg".into()),
            Event::RecompatPassed,
            Event::RecompatFailed,
            Event::Rebuilt,
            Event::TablesAbsent,
            Event::DigestMismatch,
            Event::InvalidStatus,
        ]
    }

    #[test]
    fn every_event_in_every_state_leads_where_the_table_says() {
        let mut lines =
            TABLE.trim().lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let heads = lines.next().unwrap();
        let states: Vec<_> = heads[1..]
            .iter()
            .map(|name| (*name != "(none)").then(|| Status::from((*name).to_owned())))
            .collect();
        assert_eq!(states.len(), STATES);
        let mut rows = 0;
        for (event, row) in events().iter().zip(lines) {
            assert_eq!(event.to_string(), row[0]);
            for (state, expected) in states.iter().zip(&row[1..]) {
                let led = event.leads_to(state.as_ref());
                let led = led.as_ref().map_or("·", Status::as_str);
                assert_eq!(led, *expected, "{event} in {state:?}");
            }
            rows += 1;
        }
        assert_eq!(rows, EVENTS);
        println!("{TABLE}");
    }
}
