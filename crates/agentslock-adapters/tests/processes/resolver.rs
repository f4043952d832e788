//! The resolver's two passes, each a process of its own.

use std::collections::BTreeMap;

use agentslock_config::{ConfigLock, Digest, Flushed, Kind, Pass, Reference, Snapshot, Unit};

use crate::{digest, document, patient, round, work};

const LAYERS: [Kind; 2] = [Kind::Layer, Kind::Profile];

/// Not always the same number of units, so that they come and go.
fn names(source: &str, round: u64) -> impl Iterator<Item = Reference> {
    (0..=round % 5).map(move |n| format!("{source}:unit/{n}@1").parse().unwrap())
}

#[test]
fn child_resolves_layers_and_profiles() {
    let Some(parent) = testkit::parent() else { return };
    let lock = ConfigLock::with_options(document(&parent), patient());
    work(parent, |round| {
        let mut pass = Pass::over(LAYERS);
        for (index, name) in names("layers", round).enumerate() {
            pass.add(name, Unit::new(LAYERS[index % 2].clone(), digest(round))).unwrap();
        }
        assert_eq!(lock.write(&pass).unwrap().flushed, Flushed::Written);
        assert_eq!(
            Resolved::read(&lock.read().unwrap()).layers,
            round,
            "what only we write is what we wrote"
        );
    });
}

#[test]
fn child_resolves_packages() {
    let Some(parent) = testkit::parent() else { return };
    let lock = ConfigLock::with_options(document(&parent), patient());
    work(parent, |round| {
        let mut pass = Pass::over([Kind::Artifact]).resolved_from(digest(round));
        for name in names("packages", round) {
            pass.add_artifact(name, Unit::new(Kind::Artifact, digest(round)), digest(round))
                .unwrap();
        }
        assert_eq!(lock.write(&pass).unwrap().flushed, Flushed::Written);
        assert_eq!(
            Resolved::read(&lock.read().unwrap()).packages,
            round,
            "what only we write is what we wrote"
        );
    });
}

/// The rounds that a document's units tell of; 0 before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Resolved {
    pub(crate) layers: u64,
    pub(crate) packages: u64,
}

impl Resolved {
    /// Reads them, and checks that no pass is mixed with another round of its own, or lacks a unit.
    pub(crate) fn read(snapshot: &Snapshot) -> Self {
        let units = snapshot.units().unwrap();
        let digests = |is_layer: bool| {
            let ours = units.iter().filter(|(_, unit)| LAYERS.contains(&unit.kind) == is_layer);
            ours.map(|(name, unit)| (name.clone(), unit.digest.digest().unwrap())).collect()
        };
        Self {
            layers: one_round("layers", &digests(true)),
            packages: one_round("packages", &digests(false)),
        }
    }

    /// As [`read`](Self::read), and checks that the anchors belong to the artifacts. For a document
    /// that nobody writes any more.
    pub(crate) fn read_whole(snapshot: &Snapshot) -> Self {
        let resolved = Self::read(snapshot);
        assert_eq!(one_round("packages", &snapshot.artifact_content().unwrap()), resolved.packages);
        let inputs = snapshot.inputs_digest().map(|inputs| round(&inputs));
        assert_eq!(inputs.unwrap_or_default(), resolved.packages);
        resolved
    }
}

/// The round that all these are from: all of them, and no others.
fn one_round(source: &str, found: &BTreeMap<Reference, Digest>) -> u64 {
    let Some(of) = found.values().next().map(round) else { return 0 };
    let expected: BTreeMap<_, _> = names(source, of).map(|name| (name, digest(of))).collect();
    assert_eq!(found, &expected, "{source} of round {of}");
    of
}
