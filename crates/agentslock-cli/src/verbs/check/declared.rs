//! Whether what is locked is what is declared now: drift and staleness.

use std::path::Path;

use agentslock_config::{ConfigLock, Declared, Digest, DriftState, Kind, ReadError, Reference};

use super::finding::Finding;
use crate::document::positions::Positions;
use crate::flags::Common;
use crate::io::failure::{Failure, chain};

/// What is declared, as far as it was told.
pub(super) struct Asked {
    references: Option<Declared>,
    inputs: Option<Declared>,
}

impl Asked {
    /// `None` if nothing was told.
    pub(super) fn of(
        list: Option<&Path>,
        kinds: &[Kind],
        inputs: Option<Digest>,
        common: &Common,
    ) -> Result<Option<Self>, Failure> {
        let references = match list {
            Some(list) => Some(declared(list, kinds, common)?),
            None => None,
        };
        // Of the inputs alone: nothing is declared of any kind.
        let inputs = inputs.map(|digest| Declared::over([], []).with_inputs(digest));
        let asked = references.is_some() || inputs.is_some();
        Ok(asked.then_some(Self { references, inputs }))
    }

    pub(super) fn examine(&self, path: &Path) -> Vec<Finding> {
        self.compare(path).unwrap_or_else(|error| {
            vec![Finding::new("unreadable", (1, 1), chain(&error)).unsure()]
        })
    }

    fn compare(&self, path: &Path) -> Result<Vec<Finding>, ReadError> {
        let lock = ConfigLock::new(path).read()?;
        // Only for the places. What cannot be read by now has none.
        let bytes = fsops::read(path).ok().and_then(|contents| contents.bytes).unwrap_or_default();
        let places = Positions::of(&bytes);
        let mut findings = Vec::new();
        if let Some(inputs) = &self.inputs {
            for reason in lock.staleness(inputs)? {
                let message = reason.evidence().join("; ");
                let at = places.as_ref().and_then(|places| places.top_level("inputs_digest"));
                let at = at.map_or((1, 1), |(_, place)| place);
                findings.push(Finding::new(reason.reason(), at, message));
            }
        }
        let Some(declared) = &self.references else { return Ok(findings) };
        let place = places.as_ref().map(|places| places.entries("units"));
        for drift in lock.drift(declared)?.drifts {
            let what = match drift.state {
                DriftState::Ok => continue,
                DriftState::MissingFromLock => "is declared, but not locked",
                DriftState::ExtraInLock => "is locked, but not declared",
                state => state.as_str(),
            };
            for reference in &drift.references {
                let at = place.as_ref().map_or((1, 1), |place| place(reference.as_str()));
                let message = format!("{reference} {what}");
                findings.push(Finding::new(drift.state.as_str(), at, message));
            }
        }
        Ok(findings)
    }
}

/// A reference a line; what is empty or begins with `#` is none.
fn declared(list: &Path, kinds: &[Kind], common: &Common) -> Result<Declared, Failure> {
    let (source, bytes) = crate::io::input::read(Some(list), common)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::input(format!("{source} is not UTF-8")))?;
    let mut references: Vec<Reference> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let reference = line
                .parse()
                .map_err(|error| Failure::input(format!("{source}, line {number}: {error}")))?;
            references.push(reference);
        }
    }
    if kinds.is_empty() {
        return Ok(Declared::over([Kind::Layer, Kind::Artifact], references));
    }
    Ok(Declared::over(kinds.iter().cloned(), references))
}
