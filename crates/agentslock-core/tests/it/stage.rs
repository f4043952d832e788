//! Staging: what is refused is not staged, and what was staged before still is.

use std::collections::BTreeMap;

use agentslock_core::{Flushed, StageError};
use serde::{Serialize, Serializer};

use crate::support::Lab;

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    let lab = Lab::with("{\n  \"kept\": 1\n}\n");
    let before = lab.snapshot();
    let lockfile = lab.open();
    let million = "[".repeat(1_000_000);
    let open_object = "{\"a\":".repeat(1_000_000);
    for (json, line, column) in [
        ("", 1, 1),
        ("\n", 2, 1),
        ("nul", 1, 3),
        ("x", 1, 1),
        ("1 2", 1, 3),
        ("{}\n{}", 2, 1),
        ("[1,]", 1, 4),
        ("{\"a\" 1}", 1, 6),
        ("{'a':1}", 1, 2),
        ("01", 1, 2),
        ("NaN", 1, 1),
        ("\u{feff}1", 1, 1),
        ("1\0", 1, 2),
        ("\u{a0}1", 1, 1),
        (&million, 1, 1_000_000),
        (&open_object, 1, 5_000_000),
    ] {
        let error = lockfile.set_section_raw("a", json).unwrap_err();
        let (shown, said) = (&json[..json.len().min(20)], error.to_string());
        let StageError::NotJson { section, error } = error else { panic!("{shown:?}: {said}") };
        assert_eq!((section.as_str(), error.line, error.column), ("a", line, column), "{shown:?}");
        assert!(said.contains("\"a\""), "{said}");
        assert!(said.contains(&format!("line {line}, column {column}: ")), "{said}");
        assert_eq!(lockfile.section_raw("a").unwrap(), None);
    }
    let error = lockfile.set_section_raw("a", b"[\n\"\xff\"]").unwrap_err();
    let StageError::NotJson { error, .. } = error else { panic!("{error:?}") };
    assert_eq!((error.line, error.column), (2, 2));
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_was_staged_before_a_refusal_still_is() {
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    lockfile.set_section("a", &1).unwrap();
    lockfile.remove_section("b").unwrap();
    lockfile.set_section_raw("a", "[").unwrap_err();
    lockfile.set_section_raw("b", "").unwrap_err();
    lockfile.set_section("a", &Unspeakable).unwrap_err();
    assert_eq!(lockfile.section::<u8>("a").unwrap(), Some(1));
    assert_eq!(lockfile.section::<u8>("b").unwrap(), None);
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": 1\n}\n");
}

/// What cannot be expressed in JSON.
struct Unspeakable;

impl Serialize for Unspeakable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no words for it"))
    }
}

#[test]
fn what_cannot_be_expressed_is_refused_with_the_reason() {
    let lab = Lab::with("{}");
    let before = lab.snapshot();
    let lockfile = lab.open();
    for error in [
        lockfile.set_section("a", &Unspeakable).unwrap_err(),
        lockfile.set_section("a", &BTreeMap::from([((1, 2), 3)])).unwrap_err(),
    ] {
        let said = error.to_string();
        let StageError::Serialize { section, source } = error else { panic!("{said}") };
        assert_eq!(section, "a");
        assert!(said.contains("\"a\"") && !said.contains(&source.to_string()), "{said}");
    }
    assert_eq!(lockfile.section_names(), [""; 0]);
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn the_last_stage_of_a_name_counts() {
    let lab = Lab::with("{\"b\":0}");
    let lockfile = lab.open();
    for n in 0..10 {
        lockfile.set_section("a", &n).unwrap();
    }
    lockfile.set_section("b", &1).unwrap();
    lockfile.remove_section("b").unwrap();
    lockfile.remove_section("c").unwrap();
    lockfile.set_section("c", &2).unwrap();
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": 9,\n  \"c\": 2\n}\n");
}

#[test]
fn a_handle_that_is_dropped_writes_nothing() {
    let lab = Lab::with("{}");
    let before = lab.snapshot();
    let lockfile = lab.open();
    lockfile.set_section("a", &1).unwrap();
    drop(lockfile);
    assert_eq!(lab.snapshot(), before);
}
