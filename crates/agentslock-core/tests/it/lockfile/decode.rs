//! Decoding a section.

use std::error::Error as _;
use std::sync::OnceLock;

use agentslock_core::{Lockfile, Position, SectionError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use testkit::within;

use crate::support::{DOCUMENT, Lab, WATCHDOG};

#[test]
fn what_is_not_as_expected_is_told_with_file_and_section() {
    let lab = Lab::with("{\"a\":{\n\"b\":\"x\"}}");
    let lockfile = lab.open();
    let error = lockfile.section::<std::collections::BTreeMap<String, u8>>("a").unwrap_err();
    let said = error.to_string();
    assert!(said.contains(lab.path().to_str().unwrap()) && said.contains("\"a\""), "{said}");
    let source = error.source().unwrap().to_string();
    assert!(!said.contains(&source), "{said}");
    let SectionError::Decode { path, at, section, source } = error else { panic!("{said}") };
    assert_eq!((path, section.as_str()), (lab.path(), "a"));
    assert!(said.contains("line 2, column 7: section \"a\""), "{said}");
    assert_eq!(at, Some(Position { line: 2, column: 7 }), "of the document");
    assert!(!source.to_string().contains("line"), "the value's own lines help nobody: {source}");
    // The document is none the worse.
    assert_eq!(lockfile.section_raw("a").unwrap().as_deref(), Some("{\n\"b\":\"x\"}"));
}

#[test]
fn a_staged_value_decodes_like_a_written_one() {
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    let value = ("<&>\u{2028}😀\\".to_owned(), Some(-1.5e300), [u64::MAX]);
    lockfile.set_section("a", &value).unwrap();
    assert_eq!(lockfile.section("a").unwrap(), Some(value.clone()));
    lockfile.flush().unwrap();
    assert_eq!(lockfile.section("a").unwrap(), Some(value.clone()));
    assert_eq!(lab.open().section("a").unwrap(), Some(value));
}

/// The handle that [`Nosy`] looks at.
static HANDLE: OnceLock<Lockfile> = OnceLock::new();

/// A type that uses the handle while it is decoded or encoded.
struct Nosy(Vec<String>);

impl<'de> Deserialize<'de> for Nosy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer)?;
        let handle = HANDLE.get().expect("because the test set it");
        handle.set_section("decoded", &1).map_err(serde::de::Error::custom)?;
        Ok(Self(handle.section_names()))
    }
}

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let handle = HANDLE.get().expect("because the test set it");
        handle.remove_section("install").map_err(serde::ser::Error::custom)?;
        self.0.serialize(serializer)
    }
}

#[test]
fn a_decoder_and_an_encoder_may_use_the_handle() {
    let lab = Lab::with(DOCUMENT.replace("[]", "7"));
    HANDLE.set(lab.open()).unwrap();
    within(WATCHDOG, || {
        let handle = HANDLE.get().expect("because it was just set");
        let nosy: Nosy = handle.section("units").unwrap().expect("because it is there");
        assert_eq!(nosy.0, ["adapters", "decoded", "install", "units"]);
        handle.set_section("names", &nosy).unwrap();
        assert_eq!(handle.section_names(), ["adapters", "decoded", "names", "units"]);
    });
}
