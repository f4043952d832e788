//! Writing a pass.

use std::collections::BTreeMap;

use agentslock_config::{Digest, Flushed, Kind, Pass, PassError, Unit, WriteError};

use crate::support::{Lab, artifact, digest, layer, pass, reference, said, unchecked};

#[test]
fn a_pass_replaces_its_own_kinds_and_no_others() {
    let lab = Lab::with(
        r#"{"lock_version":1,"other":[1 , 2],"artifact-content":{"a:art@1" :"sha256:02"},"units":{
            "a:one@1":{"kind":"layer","digest":"sha256:00","new":{"x": 1.0}},
            "a:two@1":{"kind":"layer","digest":"sha256:01"},
            "a:art@1":{"kind":"artifact","digest":"sha256:02","fetched_at":"2020-01-01T00:00:00Z"},
            "a:odd@1":{"kind":"hologram","digest":"sha256:03"}}}"#,
    );
    let units = [("a:one@1", layer(7).with_cache_key("k")), ("a:new@1", layer(8))];
    let found = pass([Kind::Layer], &units).resolved_from(digest(9));
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Written);
    assert_eq!(lab.names(), ["a:art@1", "a:new@1", "a:odd@1", "a:one@1"], "two is gone");
    assert_eq!(lab.lock.inputs_digest().unwrap().as_deref(), Some(digest(9).as_str()));
    let text = lab.text();
    for kept in [
        "\"other\": [1 , 2]",
        "\"artifact-content\": {\"a:art@1\" :\"sha256:02\"}",
        "\"fetched_at\": \"2020-01-01T00:00:00Z\"",
        "\"kind\": \"hologram\"",
        "\"x\": 1.0",
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}

#[test]
fn a_pass_without_inputs_leaves_their_digest_alone() {
    let lab = Lab::with(r#"{"inputs_digest":"odd"}"#);
    lab.lock.write(&pass([Kind::Layer], &[("a:x@1", layer(1))])).unwrap();
    assert_eq!(lab.lock.inputs_digest().unwrap().as_deref(), Some("odd"));
}

#[test]
fn an_unchanged_resolve_leaves_the_file_alone() {
    let text = "{\"lock_version\":1, \"units\":{\"a:x@1\":{\"digest\":\"sha256:00\",\"kind\":\"layer\",\
                \"last_checked_at\":\"2020-01-01T00:00:00Z\",\"z\":1e0}},\"artifact-content\":{ }}";
    let lab = Lab::with(text);
    let digest = lab.lock.units().unwrap()["a:x@1"].digest.clone();
    let resolved = Unit::new(Kind::Layer, digest).with_cache_key("");
    let found = pass([Kind::Layer, Kind::Artifact], &[("a:x@1", resolved)]);
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Unchanged);
    assert_eq!(lab.text(), text);
}

#[test]
fn a_changed_unit_has_its_fields_in_canonical_order_and_no_times() {
    let lab = Lab::with(
        r#"{"units":{"a:x@1":{"z":1e0,"cache_key":"old","last_checked_at":"then","digest":"sha256:00",
            "fetched_at":"then","kind":"layer","a":"\u0041"}}}"#,
    );
    let unit = layer(1).with_cache_key("new");
    lab.lock.write(&pass([Kind::Layer], &[("a:x@1", unit)])).unwrap();
    let expected = format!(
        "{{\n  \"units\": {{\n    \"a:x@1\": {{\n      \"kind\": \"layer\",\n      \"digest\": \"{}\",\n      \
         \"cache_key\": \"new\",\n      \"z\": 1e0,\n      \"a\": \"\\u0041\"\n    }}\n  }}\n}}\n",
        digest(1)
    );
    assert_eq!(lab.text(), expected);
}

#[test]
fn a_unit_that_was_read_and_changed_keeps_its_unknown_fields_and_not_its_times() {
    let text = r#"{"units":{"a:x@1":{"kind":"layer","digest":"sha256:00","fetched_at":"then","new":1.0}}}"#;
    let lab = Lab::with(text);
    let mut unit = lab.lock.units().unwrap()["a:x@1"].clone();
    unit.digest = digest(1);
    let mut moved = unit.clone();
    moved.kind = Kind::Prompt;
    lab.lock
        .write(&pass([Kind::Layer, Kind::Prompt], &[("a:x@1", unit), ("a:y@1", moved)]))
        .unwrap();
    let text = lab.text();
    assert_eq!(text.matches("\"new\": 1.0").count(), 2, "{text}");
    assert!(!text.contains("then"), "{text}");
}

#[test]
fn the_package_pass_replaces_artifacts_and_their_content_in_one_write() {
    let lab = Lab::with(
        r#"{"units":{
            "a:gone@1":{"kind":"artifact","digest":"sha256:00"},
            "a:layer@1":{"kind":"layer","digest":"sha256:01"}},
            "artifact-content":{"a:gone@1":"sha256:02","a:stray@1":"sha256:03"}}"#,
    );
    let mut found = Pass::over([Kind::Artifact]);
    found.add_artifact(reference("a:new@1"), artifact(4), digest(5)).unwrap();
    lab.lock.write(&found).unwrap();
    assert_eq!(lab.names(), ["a:layer@1", "a:new@1"]);
    let content = lab.lock.artifact_content().unwrap();
    assert_eq!(content, BTreeMap::from([(reference("a:new@1"), digest(5))]));
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Unchanged);

    // Only the content changes.
    let mut found = Pass::over([Kind::Artifact]);
    found.add_artifact(reference("a:new@1"), artifact(4), digest(6)).unwrap();
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Written);
    assert_eq!(lab.lock.artifact_content().unwrap()["a:new@1"], digest(6));
}

#[test]
fn content_that_a_pass_does_not_state_stays_with_the_artifact_that_it_is_of() {
    let lab = Lab::empty();
    let mut found = Pass::over([Kind::Artifact]);
    for name in ["a:same@1", "a:changed@1", "a:layer@1"] {
        found.add_artifact(reference(name), artifact(1), digest(2)).unwrap();
    }
    lab.lock.write(&found).unwrap();
    let units = [("a:same@1", artifact(1)), ("a:changed@1", artifact(3)), ("a:layer@1", layer(1))];
    lab.lock.write(&pass([Kind::Artifact, Kind::Layer], &units)).unwrap();
    let left: Vec<_> = lab.lock.artifact_content().unwrap().into_keys().collect();
    assert_eq!(left, [reference("a:same@1")]);
}

#[test]
fn content_of_what_is_no_artifact_goes_even_if_the_unit_stays() {
    let lab = Lab::with("{}");
    let found = pass([Kind::Artifact, Kind::Layer], &[("a:layer@1", layer(1))]);
    lab.lock.write(&found).unwrap();
    let text = lab.text();
    let stray = text.replacen('{', "{\"artifact-content\":{\"a:layer@1\":\"sha256:00\"},", 1);
    std::fs::write(lab.path(), stray).unwrap();
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Written);
    assert!(lab.lock.artifact_content().unwrap().is_empty());
}

#[test]
fn a_pass_refuses_what_it_does_not_own() {
    let mut layers = Pass::over([Kind::Layer]);
    let refused = layers.add(reference("a:x@1"), artifact(1)).unwrap_err();
    assert!(matches!(refused, PassError::NotOwned { kind: Kind::Artifact, .. }), "{refused}");
    let refused = layers.add_artifact(reference("a:x@1"), layer(1), digest(1)).unwrap_err();
    assert!(matches!(refused, PassError::NoArtifact { kind: Kind::Layer, .. }), "{refused}");
    let refused = layers.add_artifact(reference("a:x@1"), artifact(1), digest(1)).unwrap_err();
    assert!(matches!(refused, PassError::NotOwned { .. }), "{refused}");
    layers.add(reference("a:x@1"), layer(1)).unwrap();
    let twice = layers.add(reference("a:x@1"), layer(2)).unwrap_err();
    assert!(matches!(twice, PassError::Twice { .. }), "{twice}");

    let text = r#"{"units":{"a:x@1":{"kind":"artifact","digest":"sha256:00"}}}"#;
    let lab = Lab::with(text);
    let taken = lab.lock.write(&layers.resolved_from(digest(9))).unwrap_err();
    assert!(matches!(taken, WriteError::Taken { kind: Kind::Artifact, .. }), "{taken}");
    assert_eq!(lab.text(), text);
}

#[test]
fn nonsense_from_the_caller_is_refused_before_anything_is_staged() {
    let text = r#"{"units":{"a:x@1":{"kind":"artifact","digest":"sha256:00"}}}"#;
    let lab = Lab::with(text);
    let bad: Digest = unchecked("sha256:0G");
    let mut passes = vec![
        Pass::over([Kind::Layer]).resolved_from(bad.clone()),
        pass([Kind::Layer], &[("a:new@1", Unit::new(Kind::Layer, bad.clone()))]),
        pass([Kind::Artifact], &[("a:x@1", Unit::new(Kind::Artifact, bad.clone()))]),
    ];
    let mut content = Pass::over([Kind::Artifact]);
    content.add_artifact(reference("a:x@1"), artifact(1), bad).unwrap();
    passes.push(content);
    for found in passes {
        let error = lab.lock.write(&found).unwrap_err();
        assert!(matches!(error, WriteError::Digest(_)), "{error:?}");
        assert!(said(&error).contains("\"sha256:0G\" is not a digest: column 9"), "{error}");
        assert_eq!(lab.text(), text);
    }
    let mut found = Pass::over([Kind::Layer]);
    found.add(unchecked("no reference"), layer(1)).unwrap();
    let error = lab.lock.write(&found).unwrap_err();
    assert!(said(&error).contains("\"no reference\" is not a reference: column 3"), "{error}");
    assert_eq!(lab.text(), text);
}

#[test]
fn what_the_document_says_already_may_be_said_again() {
    let lab = Lab::with(
        r#"{"units":{"odd":{"kind":"artifact","digest":"abc"}},"artifact-content":{"odd":"def"}}"#,
    );
    let mut unit = lab.lock.units().unwrap()["odd"].clone();
    unit.cache_key = Some("k".into());
    let mut found = Pass::over([Kind::Artifact]);
    found.add_artifact(unchecked("odd"), unit, unchecked("def")).unwrap();
    assert_eq!(lab.lock.write(&found).unwrap(), Flushed::Written);
    let unit = lab.lock.units().unwrap()["odd"].clone();
    assert_eq!((unit.digest.as_str(), unit.cache_key.as_deref()), ("abc", Some("k")));
}

#[test]
fn a_missing_document_and_its_directory_are_created_by_the_first_pass() {
    let lab = Lab::empty();
    let path = lab.path().with_file_name("new").join(".agentsrc.lock");
    let lock = agentslock_config::ConfigLock::new(&path);
    lock.write(&pass([Kind::Layer], &[("a:x@1", layer(1))])).unwrap();
    assert_eq!(lock.units().unwrap().len(), 1);
}

#[test]
fn a_pass_that_finds_nothing_makes_no_section() {
    let lab = Lab::with("{}");
    assert_eq!(lab.lock.write(&Pass::over([Kind::Artifact])).unwrap(), Flushed::Unchanged);
    assert_eq!(lab.text(), "{}");
}
