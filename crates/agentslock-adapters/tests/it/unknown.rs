//! What this crate does not know stays.

use agentslock_adapters::{Build, Presence};

use crate::support::{Lab, activation, at, digest};

const DOCUMENT: &str = r#"{"adapters":{
    "far":{"anything":[1.0 , {"x":1e0}]},
    "kuzu":{"flags":{"n":1.50},"source_digest":"sha256:aa","schema_digest":"sha256:bb","activated_at":"then",
        "materialized_views":{
            "calls":{"hint":"h","view_status":"levitating","state_history":[
                {"why":"\u0041","at":"then","to":"levitating","trigger":"magic"}],
                "depends_on":[{"adapter":"crg","schema_digest":"x","version":"1","pin":2.50}]},
            "other":{"view_status":"ready","rank":2.0}}}}}"#;

#[test]
fn fields_statuses_and_the_entries_of_others_survive_every_change() {
    let lab = Lab::with(DOCUMENT);
    let kuzu = lab.adapter("kuzu");
    let untouched = |lab: &Lab, more: &[&str]| {
        let text = lab.text();
        let always = ["1.0", "1e0", "\"n\": 1.50", "\"rank\": 2.0", "\"hint\": \"h\""];
        for kept in always.iter().chain(more) {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    };
    kuzu.reconcile(&at(1), |_, _| Presence::Unknown).unwrap();
    untouched(
        &lab,
        &["\"why\": \"\\u0041\"", "\"pin\": 2.50", "\"from\": \"levitating\"", "\"then\""],
    );
    kuzu.view_rebuilt("calls", &digest(1), &at(2)).unwrap();
    untouched(&lab, &["\"why\": \"\\u0041\"", "\"pin\": 2.50"]);
    kuzu.register_view("calls", &Build::new(digest(3), at(3))).unwrap();
    untouched(&lab, &["\"why\": \"\\u0041\""]);
}

#[test]
fn a_stranger_whose_entry_cannot_be_read_is_in_the_way_only_where_it_could_matter() {
    let lab = Lab::with(DOCUMENT);
    let kuzu = lab.adapter("kuzu");
    // Whether `far` has views that depend on it cannot be told.
    for error in [
        kuzu.activate(&activation(1, 1)).unwrap_err().to_string(),
        kuzu.schema_bumped(&at(1)).unwrap_err().to_string(),
        kuzu.activation_blockers().unwrap_err().to_string(),
    ] {
        assert!(error.contains("\"adapters\", entry \"far\""), "{error}");
    }
    assert_eq!(lab.text(), DOCUMENT);
    kuzu.register_view("calls", &Build::new(digest(3), at(1))).unwrap();
}
