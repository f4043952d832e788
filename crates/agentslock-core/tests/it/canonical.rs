//! The canonical form of a whole document.

use agentslock_core::text::{CanonicalError, SyntaxError, canonical_text};
use agentslock_core::{Digest, Lockfile};

#[test]
fn all_of_the_frame_and_of_the_values_is_laid_out() {
    assert_eq!(
        canonical_text(
            "{\"b\":{\"y\":[1,2.50],\"x\":{}},\t\"\\u0061\" : \"<\",\"lock_version\":1}"
        )
        .unwrap(),
        "{\n  \"a\": \"\\u003c\",\n  \"b\": {\n    \"y\": [\n      1,\n      2.50\n    ],\n    \
         \"x\": {}\n  },\n  \"lock_version\": 1\n}\n"
    );
    assert_eq!(canonical_text(" { } ").unwrap(), "{}\n");
}

#[test]
fn what_a_flush_writes_is_canonical() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("document");
    let lockfile = Lockfile::open(&path).unwrap();
    lockfile
        .set_section_raw("s<", "{\"b\": [{}, []], \"a\": \"\\u00e9 & é\", \"b\": 1e2}")
        .unwrap();
    lockfile.set_inputs_digest(&Digest::verbatim("sha256:<>"));
    lockfile.flush().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(canonical_text(&*text).unwrap(), text);
}

#[test]
fn what_is_no_document_has_none() {
    let error = canonical_text("{\n\"a\":1,\"a\":2}").unwrap_err();
    assert!(
        matches!(error, CanonicalError::Malformed(SyntaxError { line: 2, column: 7, .. })),
        "{error}"
    );
    let deep = format!("{{\"s\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let error = canonical_text(deep).unwrap_err();
    assert!(matches!(&error, CanonicalError::TooDeep { key, .. } if key == "s"), "{error}");
}
