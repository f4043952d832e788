//! The canonical encoding, against the bytes that Go's encoder printed.

mod depth;
pub(crate) mod json;
mod properties;

use std::collections::BTreeMap;

use agentslock_core::text::compact;
use agentslock_core::{Digest, Flushed, LOCK_VERSION, is_reserved};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::support::Lab;

#[derive(Deserialize)]
struct Vectors {
    values: Vec<ValueCase>,
    documents: Vec<DocumentCase>,
}

#[derive(Deserialize)]
struct ValueCase {
    name: String,
    input: String,
    expected: String,
}

#[derive(Deserialize)]
struct DocumentCase {
    name: String,
    sections: BTreeMap<String, String>,
    expected: String,
}

fn vectors() -> Vectors {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../vectors/encoding.json")).unwrap();
    assert_eq!((vectors.values.len(), vectors.documents.len()), (40, 4), "cases are missing");
    vectors
}

/// The file that a document with nothing but this section `key` must be.
fn document_with(value: &str) -> String {
    format!("{{\n  \"key\": {value}\n}}\n")
}

#[test]
fn a_raw_value_is_written_as_go_writes_it() {
    let lab = Lab::new();
    for case in vectors().values {
        lab.write("{}");
        let lockfile = lab.open();
        lockfile.set_section_raw("key", &case.input).unwrap();
        let staged = lockfile.section_raw("key").unwrap();
        assert_eq!(staged.as_ref(), Some(&case.expected), "{}, staged", case.name);
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        assert_eq!(lab.text(), document_with(&case.expected), "{}", case.name);
    }
}

#[test]
fn a_typed_value_is_written_as_go_writes_it() {
    let lab = Lab::new();
    let mut decoded = 0;
    for case in vectors().values {
        lab.write("{}");
        let lockfile = lab.open();
        let value = serde_json::from_str::<Value>(&case.input).ok().filter(|value| {
            // A `Value` forgets the spelling of numbers and escapes, the order of keys, and all
            // but the last of equal ones. Where the input has none of that, it is as good.
            compact(value.to_string()).unwrap() == compact(&case.input).unwrap()
        });
        if let Some(value) = value {
            decoded += 1;
            lockfile.set_section("key", &value).unwrap();
        } else {
            let raw: &RawValue = serde_json::from_str(&case.input).unwrap();
            lockfile.set_section("key", raw).unwrap();
        }
        lockfile.flush().unwrap();
        assert_eq!(lab.text(), document_with(&case.expected), "{}", case.name);
    }
    assert!(decoded >= 20, "only {decoded} values were typed");
}

#[test]
fn a_document_is_written_as_go_writes_it() {
    for case in vectors().documents {
        let (own, sections): (Vec<_>, Vec<_>) =
            case.sections.iter().partition(|(name, _)| is_reserved(name));
        let own: Vec<_> = own.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let lab = Lab::with(format!("{{{}}}", own.join(" , ")));
        if sections.is_empty() {
            // Nothing is staged, so that only a missing file is written.
            std::fs::remove_file(lab.path()).unwrap();
        }
        let lockfile = lab.open();
        for (name, value) in &sections {
            lockfile.set_section_raw(name, value).unwrap();
        }
        if lockfile.lock_version().unwrap() > LOCK_VERSION {
            lockfile.flush().unwrap_err();
            continue;
        }
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written, "{}", case.name);
        assert_eq!(lab.text(), case.expected, "{}", case.name);
    }
}

#[test]
fn a_document_that_go_wrote_is_a_fixed_point() {
    for case in vectors().documents {
        let lab = Lab::with(&case.expected);
        let before = lab.snapshot();
        let lockfile = lab.open();
        for (name, value) in &case.sections {
            if !is_reserved(name) {
                lockfile.set_section_raw(name, value).unwrap();
            }
        }
        assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged, "{}", case.name);
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn a_new_document_with_a_digest_is_written_as_go_writes_it() {
    let case = vectors().documents.swap_remove(1);
    let lab = Lab::new();
    let lockfile = lab.open();
    lockfile.set_inputs_digest(&Digest::verbatim("sha256:ab"));
    for name in ["units", "adapters"] {
        lockfile.set_section_raw(name, &case.sections[name]).unwrap();
    }
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), case.expected);
}

#[derive(Serialize)]
struct Typed {
    zeta: &'static str,
    #[serde(rename = "<alpha>")]
    alpha: f64,
    numbers: [u64; 2],
    nothing: Option<()>,
    empty: (Vec<()>, BTreeMap<u8, u8>),
    map: BTreeMap<&'static str, i8>,
    kind: Kind,
    control: char,
}

#[derive(Serialize)]
enum Kind {
    Struct { a: () },
}

#[test]
fn fields_keep_their_order_and_maps_theirs() {
    let lab = Lab::with("{}");
    let lockfile = lab.open();
    let value = Typed {
        zeta: "<&>\u{2028}\u{2029}é\u{7f}/",
        alpha: 1.0,
        numbers: [0, u64::MAX],
        nothing: None,
        empty: (Vec::new(), BTreeMap::new()),
        map: BTreeMap::from([("é", 1), ("b", -2), ("B", 3)]),
        kind: Kind::Struct { a: () },
        control: '\u{1}',
    };
    lockfile.set_section("key", &value).unwrap();
    lockfile.flush().unwrap();
    let expected = r#"{
    "zeta": "\u003c\u0026\u003e\u2028\u2029é/",
    "\u003calpha\u003e": 1.0,
    "numbers": [
      0,
      18446744073709551615
    ],
    "nothing": null,
    "empty": [
      [],
      {}
    ],
    "map": {
      "B": 3,
      "b": -2,
      "é": 1
    },
    "kind": {
      "Struct": {
        "a": null
      }
    },
    "control": "\u0001"
  }"#;
    assert_eq!(lab.text(), document_with(&expected.replace("é/", "é\u{7f}/")));
}

#[test]
fn a_record_on_one_line_is_escaped_alike() {
    for case in vectors().values {
        let compacted = compact(&case.input).unwrap();
        assert!(!compacted.contains('\n'), "{}", case.name);
        let lab = Lab::with("{}");
        let lockfile = lab.open();
        lockfile.set_section_raw("key", &compacted).unwrap();
        assert_eq!(lockfile.section_raw("key").unwrap(), Some(case.expected), "{}", case.name);
    }
    let error = compact("{\n\"a\":}").unwrap_err();
    assert_eq!((error.line, error.column), (2, 5));
}
