//! Reading.

use agentslock_config::{CacheKey, Digest, Kind};

use crate::support::Lab;

#[test]
fn a_missing_document_says_nothing() {
    let lab = Lab::empty();
    assert!(lab.units().is_empty());
    assert!(lab.content().is_empty());
    assert_eq!(lab.inputs(), None);
    assert_eq!(lab.install(), None);
    assert_eq!(lab.refresh(), None);
    assert!(!lab.path().exists(), "reading creates nothing");
}

#[test]
fn every_field_is_read_by_its_name() {
    let lab = Lab::with(
        r#"{"units":{
            "a:full@1":{"kind":"profile","digest":"sha256:00","fetched_at":"then","last_checked_at":"now",
                "cache_key":"k","transitive":true,"new":[1.0]},
            "a:bare@1":{"kind":"layer","digest":"sha256:01"},
            "a:blank@1":{"kind":"layer","digest":"sha256:01","fetched_at":"","cache_key":"","last_checked_at":null,"transitive":null}},
            "artifact-content":{"a:full@1":"sha256:02"}}"#,
    );
    let units = lab.units();
    let full = &units["a:full@1"];
    assert_eq!((full.kind.as_str(), full.digest.as_str()), ("profile", "sha256:00"));
    assert_eq!(full.fetched_at.as_deref(), Some("then"));
    assert_eq!(full.last_checked_at.as_deref(), Some("now"));
    assert_eq!(full.cache_key, Some(CacheKey::from("k")));
    assert!(full.transitive);
    let other: Vec<_> = full.other.iter().map(|(name, value)| (name, value.get())).collect();
    assert_eq!(other, [("new", "[1.0]")]);
    for name in ["a:bare@1", "a:blank@1"] {
        let unit = &units[name];
        assert_eq!(
            (&unit.fetched_at, &unit.last_checked_at, &unit.cache_key),
            (&None, &None, &None)
        );
        assert!(unit.other.is_empty() && !unit.transitive);
    }
    assert_eq!(lab.content()["a:full@1"].as_str(), "sha256:02");
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
        (Kind::other("hologram"), "hologram"),
    ];
    for (kind, name) in known {
        assert_eq!(Kind::other(name), kind);
        let text = format!(r#"{{"units":{{"a:x@1":{{"kind":"{name}","digest":"sha256:00"}}}}}}"#);
        assert_eq!(Lab::with(text).units()["a:x@1"].kind, kind);
    }
    assert_eq!(Kind::Other("layer".into()), Kind::Layer, "as they stand in a document");
}

#[test]
fn a_kind_that_a_caller_mistypes_is_refused() {
    for kind in Kind::KNOWN {
        assert_eq!(kind.as_str().parse(), Ok(kind.clone()));
        let json = serde_json::to_string(&kind).unwrap();
        assert_eq!(serde_json::from_str::<Kind>(&json).unwrap(), kind);
    }
    for wrong in ["", "lyer", "Layer", "hologram"] {
        let error = wrong.parse::<Kind>().unwrap_err();
        assert!(error.to_string().starts_with(&format!("{wrong:?} is not a kind: expected")));
        assert!(serde_json::from_value::<Kind>(wrong.into()).is_err());
    }
}

#[test]
fn sections_that_are_null_are_empty_and_units_then_hide_the_older_ones() {
    let lab = Lab::with(
        r#"{"units":null,"artifact-content":null,"install":null,"refresh":null,
            "config":{"a:x@1":{"resolved_sha":"abc"}},"packages":null}"#,
    );
    assert_eq!(lab.names(), [""; 0]);
    assert!(lab.content().is_empty());
    assert_eq!(lab.install(), None);
    assert_eq!(lab.refresh(), None);
}

#[test]
fn a_digest_of_the_inputs_is_read_as_it_is() {
    let lab = Lab::with(r#"{"inputs_digest":"odd"}"#);
    assert_eq!(lab.inputs(), Some(Digest::verbatim("odd")));
}
