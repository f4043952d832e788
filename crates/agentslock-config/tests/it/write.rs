//! Writing a pass.

use std::collections::BTreeMap;

use agentslock_config::{
    CacheKey, Digest, Flushed, Kind, Pass, PassError, Reference, Refusal, Revision, Unit,
    WriteError,
};

use crate::support::{Lab, artifact, digest, layer, pass, reference, revision, said};

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
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Written);
    assert_eq!(lab.names(), ["a:art@1", "a:new@1", "a:odd@1", "a:one@1"], "two is gone");
    assert_eq!(lab.inputs(), Some(digest(9)));
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
    assert_eq!(lab.inputs(), Some(Digest::verbatim("odd")));
}

#[test]
fn an_unchanged_resolve_leaves_the_file_alone() {
    let text = "{\"lock_version\":1, \"units\":{\"a:x@1\":{\"digest\":\"sha256:00\",\"kind\":\"layer\",\
                \"last_checked_at\":\"2020-01-01T00:00:00Z\",\"z\":1e0}},\"artifact-content\":{ }}";
    let lab = Lab::with(text);
    let digest = lab.units()["a:x@1"].digest.clone();
    let resolved = Unit::new(Kind::Layer, digest).with_cache_key("");
    let found = pass([Kind::Layer, Kind::Artifact], &[("a:x@1", resolved)]);
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Unchanged);
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
    let mut unit = lab.units()["a:x@1"].clone();
    unit.digest = revision(1);
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
    let content = lab.content();
    assert_eq!(content, BTreeMap::from([(reference("a:new@1"), digest(5))]));
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Unchanged);

    // Only the content changes.
    let mut found = Pass::over([Kind::Artifact]);
    found.add_artifact(reference("a:new@1"), artifact(4), digest(6)).unwrap();
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Written);
    assert_eq!(lab.content()["a:new@1"], digest(6));
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
    let left: Vec<_> = lab.content().into_keys().collect();
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
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Written);
    assert!(lab.content().is_empty());
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
    let WriteError::Refused { refused, .. } = &taken else { panic!("{taken:?}") };
    assert_eq!(refused[0].reason, Refusal::Taken { kind: Kind::Artifact });
    assert!(
        taken.to_string().contains("the unit `a:x@1`: it is locked as a unit of kind `artifact`")
    );
    assert_eq!(lab.text(), text);
}

#[test]
fn nonsense_from_the_caller_is_refused_with_the_unit_that_it_is_of() {
    let text = r#"{"units":{"a:x@1":{"kind":"artifact","digest":"sha256:00"}}}"#;
    let lab = Lab::with(text);
    let bad = || Revision::from(Digest::verbatim("sha256:0G"));
    let mut content = Pass::over([Kind::Artifact]);
    content.add_artifact(reference("a:x@1"), artifact(1), Digest::verbatim("sha256:0G")).unwrap();
    let mut no_reference = Pass::over([Kind::Layer]);
    no_reference.add(Reference::verbatim("no reference"), layer(1)).unwrap();
    let mut no_version = Pass::over([Kind::Artifact]);
    no_version.add(reference("a:new"), artifact(1)).unwrap();
    let mut no_text = Pass::over([Kind::Profile]);
    no_text.add(Reference::verbatim(""), Unit::new(Kind::Profile, digest(1))).unwrap();
    let bare = Unit::new(Kind::Artifact, "0f".repeat(20).parse::<Revision>().unwrap());
    let cases = [
        (
            pass([Kind::Layer], &[("a:new@1", Unit::new(Kind::Layer, bad()))]),
            "`a:new@1`",
            "column 9",
        ),
        (
            pass([Kind::Artifact], &[("a:x@1", Unit::new(Kind::Artifact, bad()))]),
            "`a:x@1`",
            "column 9",
        ),
        (pass([Kind::Artifact], &[("a:x@1", bare)]), "`a:x@1`", "expected `sha256:`"),
        (content, "`a:x@1`: its content", "is not a digest: column 9"),
        (no_reference, "`no reference`", "found no source"),
        (no_version, "`a:new`", "needs a version"),
        (no_text, "``", "the key is empty"),
    ];
    for (found, unit, why) in cases {
        let error = lab.lock.write(&found).unwrap_err();
        assert!(matches!(error, WriteError::Refused { .. }), "{error:?}");
        for part in [unit, why, lab.path().to_str().unwrap()] {
            assert!(said(&error).contains(part), "{part} in {error}");
        }
        assert_eq!(lab.lock.plan(&found).unwrap().refused.len(), 1, "a plan says it, too");
        assert_eq!(lab.text(), text);
    }
    let inputs = Pass::over([Kind::Layer]).resolved_from(Digest::verbatim("sha256:0G"));
    let error = lab.lock.write(&inputs).unwrap_err();
    assert!(said(&error).contains("the digest of the inputs: \"sha256:0G\""), "{error}");
    assert_eq!(lab.text(), text);
}

#[test]
fn all_units_that_are_refused_are_named_not_only_the_first() {
    let lab = Lab::with(r#"{"units":{"a:taken@1":{"kind":"prompt","digest":"d"}}}"#);
    let bad = Unit::new(Kind::Layer, Digest::verbatim("sha256:12"));
    let units = [
        ("a:bad@1", bad.clone()),
        ("a:good@1", layer(1)),
        ("a:taken@1", layer(1)),
        ("b:bad@1", bad),
    ];
    let error = lab.lock.write(&pass([Kind::Layer], &units)).unwrap_err();
    let WriteError::Refused { refused, .. } = &error else { panic!("{error:?}") };
    let names: Vec<_> = refused.iter().map(|it| it.reference.as_str()).collect();
    assert_eq!(names, ["a:bad@1", "a:taken@1", "b:bad@1"]);
    assert!(names.iter().all(|name| error.to_string().contains(name)), "{error}");
}

#[test]
fn each_kind_is_locked_with_the_digests_of_its_fetchers_and_others_if_a_caller_says_so() {
    let lab = Lab::empty();
    let unit = |kind: &Kind, text: &str| Unit::new(kind.clone(), text.parse::<Revision>().unwrap());
    let (commit, bare) = ("0f".repeat(20), "0f".repeat(32));
    let (registry, long) = (format!("sha256:{bare}"), format!("sha512:{bare}{bare}"));
    let mut found = Pass::over(Kind::KNOWN);
    for (index, text) in [&commit, &bare, &registry, &long].into_iter().enumerate() {
        found.add(reference(&format!("acme:layer{index}")), unit(&Kind::Layer, text)).unwrap();
        found.add(reference(&format!("acme:prompt{index}")), unit(&Kind::Prompt, text)).unwrap();
    }
    for (index, text) in [&registry, &long].into_iter().enumerate() {
        let name = reference(&format!("da:skill/x{index}@^1.2"));
        found.add(name, unit(&Kind::Artifact, text)).unwrap();
    }
    let profile = Reference::verbatim("repo-local:stage-profile:verifier");
    found.add(profile, unit(&Kind::Profile, &registry)).unwrap();
    let npm = Unit::new(Kind::Artifact, Revision::opaque("sha512-Zm9v=="));
    found.add(reference("npm:@scope/name@2.0.0"), npm).unwrap();
    lab.lock.write(&found).unwrap();
    let units: Vec<_> = lab.units().into_iter().collect();
    assert!(found.iter().map(|(name, unit)| (name.clone(), unit.clone())).eq(units));
}

#[test]
fn what_the_document_says_already_may_be_said_again() {
    let lab = Lab::with(
        r#"{"units":{"odd":{"kind":"artifact","digest":"abc"}},"artifact-content":{"odd":"def"}}"#,
    );
    let mut unit = lab.units()["odd"].clone();
    unit.cache_key = Some("k".into());
    let mut found = Pass::over([Kind::Artifact]);
    found.add_artifact(Reference::verbatim("odd"), unit, Digest::verbatim("def")).unwrap();
    assert_eq!(lab.lock.write(&found).unwrap().flushed, Flushed::Written);
    let unit = lab.units()["odd"].clone();
    assert_eq!((unit.digest.as_str(), unit.cache_key), ("abc", Some(CacheKey::from("k"))));
}

#[test]
fn a_missing_document_and_its_directory_are_created_by_the_first_pass() {
    let lab = Lab::empty();
    let path = lab.path().with_file_name("new").join(".agentsrc.lock");
    let lock = agentslock_config::ConfigLock::new(&path);
    lock.write(&pass([Kind::Layer], &[("a:x@1", layer(1))])).unwrap();
    assert_eq!(lock.read().unwrap().units().unwrap().len(), 1);
}

#[test]
fn a_pass_that_finds_nothing_makes_no_section() {
    let lab = Lab::with("{}");
    assert_eq!(lab.lock.write(&Pass::over([Kind::Artifact])).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(lab.text(), "{}");
}
