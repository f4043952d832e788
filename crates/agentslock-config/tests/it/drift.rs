//! Drift of what is declared against what is locked.

use std::time::SystemTime;

use agentslock_config::{Declared, Kind};

use crate::support::{Lab, at, reference, said};

fn now() -> SystemTime {
    at(30).instant().unwrap()
}

fn declared(names: &[&str]) -> Declared {
    Declared::new(names.iter().map(|name| reference(name)))
}

fn drift(lab: &Lab, declared: &Declared) -> Vec<String> {
    lab.lock.drift(declared, now()).unwrap().iter().map(ToString::to_string).collect()
}

const UNITS: &str = r#"{"units":{
    "b:locked@1":{"kind":"layer","digest":"sha256:00"},
    "a:extra@1":{"kind":"layer","digest":"sha256:00"},
    "a:package@1":{"kind":"artifact","digest":"sha256:00"}},
    "config":{"b:locked@1":{"resolved_sha":"x","ttl_expires_at":"2020-01-01T00:00:00Z"}}}"#;

#[test]
fn each_reference_has_one_state_and_all_are_sorted() {
    let lab = Lab::with(UNITS);
    let names = ["c:missing@1", "b:locked@1", "a:missing@1"];
    assert_eq!(
        drift(&lab, &declared(&names)),
        [
            "a:extra@1: extra-in-lock",
            "a:missing@1: missing-from-lock",
            "a:package@1: extra-in-lock",
            "b:locked@1: ok",
            "c:missing@1: missing-from-lock",
        ]
    );
    assert_eq!(lab.text(), UNITS, "nothing is written");
}

#[test]
fn kinds_that_are_not_declared_are_not_extra() {
    let lab = Lab::with(UNITS);
    let layers = declared(&["b:locked@1"]).over([Kind::Layer]);
    assert_eq!(drift(&lab, &layers), ["a:extra@1: extra-in-lock", "b:locked@1: ok"]);
}

#[test]
fn nothing_declared_and_nothing_locked_is_no_drift() {
    assert_eq!(drift(&Lab::empty(), &declared(&[])), [""; 0]);
    assert_eq!(drift(&Lab::empty(), &declared(&["a:x@1"])), ["a:x@1: missing-from-lock"]);
}

#[test]
fn older_entries_expire_at_the_moment_that_they_name_in_any_spelling() {
    let lab = Lab::with(
        r#"{"config":{
            "a:before@1":{"resolved_sha":"x","ttl_expires_at":"2026-01-02T03:04:29Z"},
            "a:before@2":{"resolved_sha":"x","ttl_expires_at":"2026-01-02T05:04:29.5+02:00"},
            "a:never@1":{"resolved_sha":"x"},
            "a:never@2":{"resolved_sha":"x","ttl_expires_at":""},
            "a:now@1":{"resolved_sha":"x","ttl_expires_at":"2026-01-02T03:04:30Z"},
            "a:then@1":{"resolved_sha":"x","ttl_expires_at":"2026-01-02T03:04:31Z"},
            "a:undeclared@1":{"resolved_sha":"x","ttl_expires_at":"2020-01-01T00:00:00Z"}},
            "packages":{"a:package@1":{"resolved_sha":"x","ttl_expires_at":"2020-01-01T00:00:00Z"}}}"#,
    );
    let names = [
        "a:before@1",
        "a:before@2",
        "a:never@1",
        "a:never@2",
        "a:now@1",
        "a:then@1",
        "a:package@1",
    ];
    assert_eq!(
        drift(&lab, &declared(&names)),
        [
            "a:before@1: ttl-expired",
            "a:before@2: ttl-expired",
            "a:never@1: ok",
            "a:never@2: ok",
            "a:now@1: ttl-expired",
            "a:package@1: ttl-expired",
            "a:then@1: ok",
            "a:undeclared@1: extra-in-lock",
        ]
    );
}

#[test]
fn an_expiry_that_is_no_time_is_an_error_and_not_a_verdict() {
    let lab = Lab::with(r#"{"config":{"a:x@1":{"resolved_sha":"x","ttl_expires_at":"soon"}}}"#);
    let error = lab.lock.drift(&declared(&["a:x@1"]), now()).unwrap_err();
    let said = said(&error);
    for part in ["\"config\"", "\"a:x@1\"", "`ttl_expires_at`", "\"soon\" is not a time"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert_eq!(lab.lock.units().unwrap().len(), 1, "other readers do not need it");
}
