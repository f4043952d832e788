//! What a resolver can rely on.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::path::PathBuf;

use agentslock_config::{
    ConfigLock, Digest, Flushed, Kind, Pass, PassError, ReadUnitsError, Reference, Unit,
    WriteUnitsError,
};
use tempfile::TempDir;

fn document(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(".agentsrc.lock");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn digest(byte: u8) -> Digest {
    Digest::from_sha256([byte; 32])
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn pass(kinds: impl IntoIterator<Item = Kind>, units: &[(&str, Unit)]) -> Pass {
    let mut pass = Pass::over(kinds);
    for (name, unit) in units {
        pass.add(reference(name), unit.clone()).unwrap();
    }
    pass
}

#[test]
fn a_pass_replaces_its_own_kinds_and_no_others() {
    let (_directory, path) = document(
        r#"{"lock_version":1,"other":[1 , 2],"units":{
            "a:one@1":{"kind":"layer","digest":"sha256:00","new":{"x": 1.0}},
            "a:two@1":{"kind":"layer","digest":"sha256:01"},
            "a:art@1":{"kind":"artifact","digest":"sha256:02","fetched_at":"2020-01-01T00:00:00Z"},
            "a:odd@1":{"kind":"hologram","digest":"sha256:03"}}}"#,
    );
    let lock = ConfigLock::new(&path);
    let found = pass(
        [Kind::Layer],
        &[
            ("a:one@1", Unit::new(Kind::Layer, digest(7)).with_cache_key("k")),
            ("a:new@1", Unit::new(Kind::Layer, digest(8))),
        ],
    );
    assert_eq!(lock.write(&found, Some(&digest(9))).unwrap(), Flushed::Written);

    let units = lock.units().unwrap();
    let names: Vec<_> = units.keys().map(Reference::as_str).collect();
    assert_eq!(names, ["a:art@1", "a:new@1", "a:odd@1", "a:one@1"], "two is gone");
    assert_eq!(units[&reference("a:odd@1")].kind, Kind::Other("hologram".into()));
    assert_eq!(lock.inputs_digest().unwrap().as_deref(), Some(digest(9).as_str()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"other\": [1 , 2]"), "a sibling's bytes: {text}");
    assert!(text.contains("\"fetched_at\": \"2020-01-01T00:00:00Z\""), "kept as it was: {text}");
    assert!(text.contains("\"x\": 1.0"), "an unknown field of a changed unit: {text}");
}

#[test]
fn an_unchanged_resolve_leaves_the_file_alone() {
    let text = "{\"lock_version\":1, \"units\":{\"a:x@1\":{\"digest\":\"sha256:00\",\"kind\":\"layer\",\
                \"last_checked_at\":\"2020-01-01T00:00:00Z\",\"z\":1e0}}}";
    let (_directory, path) = document(text);
    let lock = ConfigLock::new(&path);
    let same = lock.units().unwrap()[&reference("a:x@1")].clone();
    let resolved = Unit::new(Kind::Layer, same.digest);
    let outcome = lock.write(&pass([Kind::Layer], &[("a:x@1", resolved)]), None).unwrap();
    assert_eq!(outcome, Flushed::Unchanged);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn older_sections_are_read_as_units_and_survive_the_first_pass() {
    let (_directory, path) = document(
        r#"{"lock_version":1,
            "config":{"git:base@1":{"resolved_sha":"abc","fetched_at":"t","cache_key":"k"}},
            "packages":{"oci:p@2":{"resolved_tag":"2","digest":"sha256:02","fetched_at":"t"},
                        "oci:q@3":{"resolved_sha":"def","fetched_at":"t","ttl_expires_at":"t"}}}"#,
    );
    let lock = ConfigLock::new(&path);
    let units = lock.units().unwrap();
    let base = &units[&reference("git:base@1")];
    assert_eq!((base.digest.as_str(), base.cache_key.as_deref()), ("abc", Some("k")));
    assert_eq!((&base.kind, &base.fetched_at), (&Kind::Layer, &None));
    assert_eq!(units[&reference("oci:q@3")].digest.as_str(), "def");
    // Writing `units` hides the older sections from readers: what they hold must move along.
    let found = pass([Kind::Layer], &[("git:base@2", Unit::new(Kind::Layer, digest(1)))]);
    lock.write(&found, None).unwrap();
    let names: Vec<_> = lock.units().unwrap().into_keys().map(|r| r.to_string()).collect();
    assert_eq!(names, ["git:base@2", "oci:p@2", "oci:q@3"]);
}

#[test]
fn a_missing_document_has_no_units_and_is_created_by_the_first_pass() {
    let directory = tempfile::tempdir().unwrap();
    let lock = ConfigLock::new(directory.path().join("new/.agentsrc.lock"));
    assert!(lock.units().unwrap().is_empty());
    assert_eq!(lock.inputs_digest().unwrap(), None);
    let found = pass([Kind::Layer], &[("a:x@1", Unit::new(Kind::Layer, digest(1)))]);
    lock.write(&found, None).unwrap();
    assert_eq!(lock.units().unwrap().len(), 1);
}

#[test]
fn a_pass_refuses_what_it_does_not_own() {
    let mut layers = Pass::over([Kind::Layer]);
    let artifact = Unit::new(Kind::Artifact, digest(1));
    let refused = layers.add(reference("a:x@1"), artifact.clone()).unwrap_err();
    assert!(matches!(refused, PassError::NotOwned { .. }));
    layers.add(reference("a:x@1"), Unit::new(Kind::Layer, digest(1))).unwrap();
    let twice = layers.add(reference("a:x@1"), Unit::new(Kind::Layer, digest(2))).unwrap_err();
    assert!(matches!(twice, PassError::Twice { .. }));

    let text = r#"{"units":{"a:x@1":{"kind":"artifact","digest":"sha256:00"}}}"#;
    let (_directory, path) = document(text);
    let taken = ConfigLock::new(&path).write(&layers, Some(&digest(9))).unwrap_err();
    assert!(matches!(taken, WriteUnitsError::Taken { kind: Kind::Artifact, .. }), "{taken}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_later_format_is_read_but_not_written() {
    let text = r#"{"lock_version":2,"units":{"a:x@1":{"kind":"layer","digest":"sha256:00"}}}"#;
    let (_directory, path) = document(text);
    let lock = ConfigLock::new(&path);
    assert_eq!(lock.units().unwrap().len(), 1);
    let error = lock.write(&Pass::over([Kind::Layer]), Some(&digest(1))).unwrap_err();
    assert!(matches!(error, WriteUnitsError::Version { found: 2, .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_wrong_shape_is_named_down_to_the_field() {
    let cases = [
        (r#"{"units":[]}"#, "units", ""),
        (r#"{"units":{"a:x@1":7}}"#, "a:x@1", ""),
        (r#"{"units":{"a:x@1":{"kind":"layer"}}}"#, "a:x@1", "digest"),
        (r#"{"units":{"a:x@1":{"kind":3,"digest":"d"}}}"#, "a:x@1", "kind"),
        (r#"{"config":{"a:x@1":{"fetched_at":"t"}}}"#, "a:x@1", "digest"),
    ];
    for (text, entry, field) in cases {
        let (_directory, path) = document(text);
        let lock = ConfigLock::new(&path);
        let error = lock.units().unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let said = format!("{error}: {source}");
        assert!(said.contains(entry) && said.contains(field), "{text}: {said}");
        assert!(said.contains(path.to_str().unwrap()), "{said}");
        if !field.is_empty() {
            assert!(matches!(error, ReadUnitsError::Entry { .. }), "{text}: {error:?}");
        }
        assert!(lock.write(&Pass::over([Kind::Layer]), Some(&digest(1))).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
