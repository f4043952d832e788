//! Why to resolve again.

use std::collections::BTreeSet;

use agentslock_config::{Declared, Kind, Staleness};

use crate::support::{Lab, artifact, digest, layer, pass, reference};

fn locked() -> Lab {
    let lab = Lab::empty();
    let units = [("a:x@1", layer(1)), ("a:y@1", layer(2)), ("a:p@1", artifact(3))];
    let all = pass([Kind::Layer, Kind::Artifact], &units).resolved_from(digest(9));
    lab.lock.write(&all).unwrap();
    lab
}

fn declared(names: &[&str]) -> Declared {
    Declared::new(names.iter().map(|name| reference(name)))
}

#[test]
fn what_is_as_it_was_is_not_stale() {
    let same = declared(&["a:x@1", "a:y@1", "a:p@1"])
        .with_inputs(digest(9))
        .with_unit(reference("a:x@1"), digest(1));
    assert_eq!(locked().lock.staleness(&same).unwrap(), []);
    let layers = declared(&["a:x@1", "a:y@1"]).over([Kind::Layer]);
    assert_eq!(locked().lock.staleness(&layers).unwrap(), []);
}

#[test]
fn each_reason_comes_with_its_evidence() {
    let changed = declared(&["a:x@1", "a:new@1"])
        .over([Kind::Layer])
        .with_inputs(digest(8))
        .with_unit(reference("a:x@1"), digest(7))
        .with_unit(reference("a:new@1"), digest(7));
    let set = |names: &[&str]| names.iter().map(|name| reference(name)).collect::<BTreeSet<_>>();
    let reasons = locked().lock.staleness(&changed).unwrap();
    assert_eq!(
        reasons,
        [
            Staleness::InputsDigestMismatch {
                locked: Some(digest(9).to_string()),
                current: digest(8)
            },
            Staleness::DeclaredSetChanged { added: set(&["a:new@1"]), removed: set(&["a:y@1"]) },
            Staleness::UnitDigestMismatch {
                reference: reference("a:x@1"),
                locked: digest(1),
                current: digest(7)
            },
        ]
    );
    let shown: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            format!(
                "inputs-digest-mismatch: resolved from {}, inputs are {} now",
                digest(9),
                digest(8)
            ),
            "declared-set-changed: a:new@1 is not locked, a:y@1 is not declared".to_owned(),
            format!(
                "unit-digest-mismatch: a:x@1 is locked with {}, has {} now",
                digest(1),
                digest(7)
            ),
        ]
    );
}

#[test]
fn a_document_without_a_digest_of_its_inputs_is_stale() {
    let reasons = Lab::empty().lock.staleness(&declared(&[]).with_inputs(digest(1))).unwrap();
    assert_eq!(reasons, [Staleness::InputsDigestMismatch { locked: None, current: digest(1) }]);
    assert!(reasons[0].to_string().contains("resolved from nothing"));
}

#[test]
fn older_sections_are_never_stale_because_of_a_clock() {
    let lab = Lab::with(
        r#"{"config":{"a:x@1":{"resolved_sha":"x","ttl_expires_at":"2020-01-01T00:00:00Z"}}}"#,
    );
    assert_eq!(lab.lock.staleness(&declared(&["a:x@1"])).unwrap(), []);
}
