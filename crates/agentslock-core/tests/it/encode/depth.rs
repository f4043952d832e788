//! Depth: unlimited for what is only kept, and bounded for what is staged.

use agentslock_core::{Flushed, StageError};
use testkit::within;

use crate::support::{Lab, WATCHDOG};

fn arrays(depth: usize, inside: &str) -> String {
    "[".repeat(depth) + inside + &"]".repeat(depth)
}

#[test]
fn deep_siblings_are_kept_to_the_byte() {
    let array = arrays(10_000, " 1 ");
    let object = "{\"a\" :".repeat(10_000) + "{ }" + &"}".repeat(10_000);
    let lab = Lab::with(format!("{{\"object\":{object},\"array\":{array} }}"));
    let lockfile = lab.open();
    lockfile.set_section("small", &1).unwrap();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
    let expected = |small: u8| {
        format!("{{\n  \"array\": {array},\n  \"object\": {object},\n  \"small\": {small}\n}}\n")
    };
    assert_eq!(lab.text(), expected(1));
    let updated = crate::support::quick().update(
        lab.path(),
        |lockfile| -> Result<_, agentslock_core::Error> {
            lockfile.set_section("small", &2)?;
            Ok(lockfile.section_raw("array")?)
        },
    );
    assert_eq!(updated.unwrap().value, Some(array.clone()));
    assert_eq!(lab.text(), expected(2));
}

#[test]
fn a_value_nested_too_deeply_is_refused_and_not_staged() {
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    lockfile.set_section("key", &"before").unwrap();
    let refused = |json: String| {
        // The stack of a thread is smaller than that of the test.
        let raw = serde_json::value::RawValue::from_string(json.clone()).unwrap();
        for error in [
            lockfile.set_section_raw("key", &json).unwrap_err(),
            lockfile.set_section("key", &raw).unwrap_err(),
        ] {
            let said = error.to_string();
            let StageError::TooDeep { section, limit } = error else { panic!("{said}") };
            assert_eq!((section.as_str(), limit), ("key", 10_000));
            assert!(said.contains("\"key\"") && said.contains("10000"), "{said}");
        }
        assert_eq!(lockfile.section_raw("key").unwrap().as_deref(), Some("\"before\""));
    };
    refused(arrays(10_001, ""));
    refused("{\"a\":".repeat(10_001) + "1" + &"}".repeat(10_001));
    refused(arrays(1_000_000, ""));
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"key\": \"before\"\n}\n");
}

#[test]
fn a_document_is_never_nested_deeper_than_go_reads() {
    // Go's decoder refuses more than 10,000 levels, of which the document itself is one.
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    for deepest in ["[]", "{}"] {
        let staged = lockfile.set_section_raw("key", arrays(9_999, deepest));
        assert!(matches!(staged, Err(StageError::TooDeep { .. })), "{deepest}");
    }
}

#[test]
fn a_section_too_deep_to_decode_is_an_error_and_no_crash() {
    for depth in [1_000, 10_000, 1_000_000] {
        let lab = Lab::with(format!("{{\"deep\":{}}}", arrays(depth, "")));
        within(WATCHDOG, move || {
            let lockfile = lab.open();
            let error = lockfile.section::<serde_json::Value>("deep").unwrap_err();
            assert!(error.to_string().contains("\"deep\""), "{error}");
            assert_eq!(lockfile.section_raw("deep").unwrap().unwrap().len(), 2 * depth);
        });
    }
}
