//! Reading a document through its handle.

mod decode;
mod reserved;

use std::path::Path;

use agentslock_core::{Digest, Lockfile};

use crate::support::{DOCUMENT, Lab};

#[test]
fn a_missing_file_is_a_fresh_document() {
    let lab = Lab::new();
    for path in [lab.path(), lab.join("missing/directory/.agentsrc.lock")] {
        let lockfile = Lockfile::open(&path).unwrap();
        assert!(lockfile.was_missing());
        assert_eq!(lockfile.path(), path);
        assert_eq!(lockfile.section_names(), [""; 0]);
        assert_eq!(lockfile.section_raw("units").unwrap(), None);
        assert_eq!(lockfile.lock_version().unwrap(), 1);
        assert_eq!(lockfile.inputs_digest(), None);
        assert_eq!(lockfile.text(), "{\n  \"lock_version\": 1\n}\n");
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_document_is_shown_as_it_is() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let lockfile = Lockfile::open(lab.path()).unwrap();
    assert!(!lockfile.was_missing());
    assert_eq!(lockfile.section_names(), ["adapters", "install", "units"]);
    assert_eq!(lockfile.section_raw("install").unwrap().as_deref(), Some("{}"));
    assert_eq!(lockfile.section::<Vec<u8>>("units").unwrap(), Some(Vec::new()));
    assert_eq!(lockfile.section::<Vec<u8>>("unit").unwrap(), None);
    assert_eq!(lockfile.section::<Vec<u8>>("Units").unwrap(), None);
    assert_eq!(lockfile.lock_version().unwrap(), 1);
    assert_eq!(lockfile.inputs_digest(), Some(Digest::verbatim("sha256:ab")));
    assert_eq!(lockfile.text(), DOCUMENT);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_raw_section_is_shown_as_it_is_spelled() {
    for value in ["{ \"b\":1 ,\n\"a\" : 1.0e+0}", "\"\\u0041<\"", "-0", "[ ]"] {
        let lab = Lab::with(format!("{{\"a\":0,\"key\" :\t{value}\n}}"));
        assert_eq!(lab.open().section_raw("key").unwrap().as_deref(), Some(value));
    }
}

#[test]
fn a_null_section_is_there() {
    let lab = Lab::with("{\"a\":null}");
    let lockfile = lab.open();
    assert_eq!(lockfile.section_names(), ["a"]);
    assert_eq!(lockfile.section_raw("a").unwrap().as_deref(), Some("null"));
    assert_eq!(lockfile.section::<Option<u8>>("a").unwrap(), Some(None));
}

#[test]
fn names_are_in_byte_order_of_what_they_stand_for() {
    let lab = Lab::with(
        "{\"é\":1,\"b\":1,\"\\u0061\":1,\"B\":1,\"\":1,\"aa\":1,\"😀\":1,\"\u{ffff}\":1}",
    );
    let lockfile = lab.open();
    lockfile.set_section("ab", &1).unwrap();
    let expected = ["", "B", "a", "aa", "ab", "b", "é", "\u{ffff}", "😀"];
    assert_eq!(lockfile.section_names(), expected);
    lockfile.flush().unwrap();
    assert_eq!(lockfile.section_names(), expected);
    let text = lab.text();
    let keys: Vec<_> =
        text.lines().filter_map(|line| line.strip_prefix("  \"")?.split_once("\": ")).collect();
    let keys: Vec<_> = keys.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["", "B", "\\u0061", "aa", "ab", "b", "é", "\u{ffff}", "😀"]);
}

#[test]
fn the_version_is_read_if_it_is_a_whole_number() {
    for (document, expected) in [
        ("{}", Some(1)),
        ("{\"lock_version\":1}", Some(1)),
        ("{\"lock_version\" : 2}", Some(2)),
        ("{\"lock\\u005fversion\":3}", Some(3)),
        ("{\"lock_version\":\"x\"}", None),
        ("{\"lock_version\":null}", None),
        ("{\"lock_version\":-1}", None),
        ("{\"lock_version\":1.5}", None),
    ] {
        let lab = Lab::with(document);
        let lockfile = lab.open();
        let version = lockfile.lock_version();
        if let Err(error) = &version {
            let error = error.to_string();
            assert!(error.contains("lock_version") && error.contains(".agentsrc.lock"), "{error}");
        }
        assert_eq!(version.ok(), expected, "{document}");
        assert_eq!(lockfile.section_names(), [""; 0], "{document}");
    }
}

#[test]
fn there_is_no_digest_if_it_is_absent_empty_or_no_string() {
    for value in ["\"\"", "null", "5", "[\"x\"]", "{}", "true", "\"\\ud83d\""] {
        let lab = Lab::with(format!("{{\"inputs_digest\":{value}}}"));
        assert_eq!(lab.open().inputs_digest(), None, "{value}");
        // What it is, it stays.
        let lockfile = lab.open();
        lockfile.set_section("a", &1).unwrap();
        lockfile.flush().unwrap();
        assert_eq!(lab.text(), format!("{{\n  \"a\": 1,\n  \"inputs_digest\": {value}\n}}\n"));
    }
    let lab = Lab::with("{\"inputs_digest\":\"sha\\u0032:<\"}");
    assert_eq!(lab.open().inputs_digest(), Some(Digest::verbatim("sha2:<")));
}

#[test]
fn a_digest_is_set_and_cleared() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let lockfile = lab.open();
    lockfile.set_inputs_digest(&Digest::verbatim("a<b>\"\u{2028}"));
    assert_eq!(lockfile.inputs_digest(), Some(Digest::verbatim("a<b>\"\u{2028}")));
    lockfile.flush().unwrap();
    let digest = "\"a\\u003cb\\u003e\\\"\\u2028\"";
    assert_eq!(lab.text(), format!("{{\n  \"a\": 1,\n  \"inputs_digest\": {digest}\n}}\n"));
    assert_eq!(lab.open().inputs_digest(), Some(Digest::verbatim("a<b>\"\u{2028}")));
    lockfile.remove_inputs_digest();
    assert_eq!(lockfile.inputs_digest(), None);
    lockfile.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": 1\n}\n");
}

#[cfg(unix)] // With paths of Unix.
#[test]
fn the_path_is_absolute_and_nothing_in_it_is_resolved() {
    let path = Path::new("./not/../there/.agentsrc.lock");
    let here = std::env::current_dir().unwrap();
    let expected = here.join("not/../there/.agentsrc.lock");
    assert_eq!(Lockfile::open(path).unwrap().path(), expected);
}
