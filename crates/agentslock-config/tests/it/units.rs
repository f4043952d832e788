//! Reading.

use agentslock_config::Kind;

use crate::support::{Lab, digest};

#[test]
fn a_missing_document_says_nothing() {
    let lab = Lab::empty();
    assert!(lab.lock.units().unwrap().is_empty());
    assert!(lab.lock.artifact_content().unwrap().is_empty());
    assert_eq!(lab.lock.inputs_digest().unwrap(), None);
    assert_eq!(lab.lock.install().unwrap(), None);
    assert_eq!(lab.lock.refresh().unwrap(), None);
    assert!(!lab.path().exists(), "reading creates nothing");
}

#[test]
fn every_field_is_read_by_its_name() {
    let lab = Lab::with(
        r#"{"units":{
            "a:full@1":{"kind":"profile","digest":"sha256:00","fetched_at":"then","last_checked_at":"now",
                "cache_key":"k","new":[1.0]},
            "a:bare@1":{"kind":"layer","digest":"sha256:01"},
            "a:blank@1":{"kind":"layer","digest":"sha256:01","fetched_at":"","cache_key":"","last_checked_at":null}},
            "artifact-content":{"a:full@1":"sha256:02"}}"#,
    );
    let units = lab.lock.units().unwrap();
    let full = &units["a:full@1"];
    assert_eq!((full.kind.as_str(), full.digest.as_str()), ("profile", "sha256:00"));
    assert_eq!(full.fetched_at.as_deref(), Some("then"));
    assert_eq!(full.last_checked_at.as_deref(), Some("now"));
    assert_eq!(full.cache_key.as_deref(), Some("k"));
    let other: Vec<_> = full.other.iter().map(|(name, value)| (name, value.get())).collect();
    assert_eq!(other, [("new", "[1.0]")]);
    for name in ["a:bare@1", "a:blank@1"] {
        let unit = &units[name];
        assert_eq!(
            (&unit.fetched_at, &unit.last_checked_at, &unit.cache_key),
            (&None, &None, &None)
        );
        assert!(unit.other.is_empty());
    }
    assert_eq!(lab.lock.artifact_content().unwrap()["a:full@1"].as_str(), "sha256:02");
}

#[test]
fn every_kind_has_its_name_and_unknown_ones_are_kept() {
    let known = [
        (Kind::Layer, "layer"),
        (Kind::Artifact, "artifact"),
        (Kind::Profile, "profile"),
        (Kind::Prompt, "prompt"),
        (Kind::ProjectSet, "project-set"),
        (Kind::Descriptor, "descriptor"),
        (Kind::Other("hologram".into()), "hologram"),
    ];
    for (kind, name) in known {
        assert_eq!(Kind::from(name.to_owned()), kind);
        let text = format!(r#"{{"units":{{"a:x@1":{{"kind":"{name}","digest":"sha256:00"}}}}}}"#);
        assert_eq!(Lab::with(text).lock.units().unwrap()["a:x@1"].kind, kind);
    }
    assert_eq!(Kind::Other("layer".into()), Kind::Layer, "as they stand in a document");
}

#[test]
fn sections_that_are_null_are_none() {
    let lab = Lab::with(
        r#"{"units":null,"artifact-content":null,"install":null,"refresh":null,
            "config":{"a:x@1":{"resolved_sha":"abc"}},"packages":null}"#,
    );
    assert_eq!(lab.names(), ["a:x@1"]);
    assert!(lab.lock.artifact_content().unwrap().is_empty());
    assert_eq!(lab.lock.install().unwrap(), None);
    assert_eq!(lab.lock.refresh().unwrap(), None);
}

#[test]
fn a_digest_of_the_inputs_is_read_as_it_is() {
    let lab = Lab::with(r#"{"inputs_digest":"odd"}"#);
    assert_eq!(lab.lock.inputs_digest().unwrap().as_deref(), Some("odd"));
    assert_ne!(lab.lock.inputs_digest().unwrap().as_deref(), Some(digest(1).as_str()));
}
