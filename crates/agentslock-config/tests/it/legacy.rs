//! Documents from before `units`.

use agentslock_config::Kind;

use crate::support::{Lab, layer, pass};

const OLDER: &str = r#"{"lock_version":1,
    "config":{"git:base@1":{"resolved_sha":"abc","fetched_at":"t","ttl_expires_at":"t","cache_key":"k"}},
    "packages":{"oci:p@2":{"resolved_tag":"2","digest":"sha256:02","fetched_at":"t"},
                "oci:q@3":{"resolved_sha":"def","fetched_at":"t","ttl_expires_at":"t"}}}"#;

#[test]
fn older_sections_are_read_as_units_in_both_shapes() {
    let units = Lab::with(OLDER).units();
    let found: Vec<_> = units
        .iter()
        .map(|(name, unit)| {
            assert_eq!((&unit.fetched_at, &unit.last_checked_at), (&None, &None), "dropped");
            assert!(unit.other.is_empty(), "tags, too");
            let key = unit.cache_key.as_ref().map(AsRef::as_ref);
            (name.as_str(), unit.kind.as_str(), unit.digest.as_str(), key)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("git:base@1", "layer", "abc", Some("k")),
            ("oci:p@2", "artifact", "sha256:02", None),
            ("oci:q@3", "artifact", "def", None),
        ]
    );
}

#[test]
fn reading_migrates_in_memory_only() {
    let lab = Lab::with(OLDER);
    lab.units();
    assert_eq!(lab.text(), OLDER);
}

#[test]
fn older_sections_count_only_while_there_are_no_units() {
    let lab = Lab::with(OLDER.replace("\"config\"", "\"units\":{},\"config\""));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn the_first_pass_takes_along_what_older_sections_say() {
    let lab = Lab::with(OLDER);
    let sections = |lab: &Lab| {
        let document: serde_json::Value = serde_json::from_str(&lab.text()).unwrap();
        (document["config"].clone(), document["packages"].clone())
    };
    let before = sections(&lab);
    // Writing `units` hides the older sections from readers: what they hold must move along.
    lab.lock.write(&pass([Kind::Layer], &[("git:base@2", layer(1))])).unwrap();
    assert_eq!(lab.names(), ["git:base@2", "oci:p@2", "oci:q@3"]);
    assert_eq!(sections(&lab), before, "they stay as they are");
}

#[test]
fn an_unchanged_unit_of_an_older_section_moves_with_its_odd_digest() {
    let lab = Lab::with(OLDER);
    let base = lab.units()["git:base@1"].clone();
    lab.lock.write(&pass([Kind::Layer], &[("git:base@1", base.clone())])).unwrap();
    assert_eq!(lab.names(), ["git:base@1", "oci:p@2", "oci:q@3"]);
    assert_eq!(lab.units()["git:base@1"], base);
}

#[test]
fn an_older_entry_without_a_digest_becomes_a_unit_with_an_empty_one() {
    let lab = Lab::with(r#"{"config":{"git:base@1":{"fetched_at":"t"}}}"#);
    assert_eq!(lab.units()["git:base@1"].digest.as_str(), "");
    lab.lock.write(&pass([Kind::Artifact], &[])).unwrap();
    assert!(lab.text().contains("\"digest\": \"\""), "{}", lab.text());
}
