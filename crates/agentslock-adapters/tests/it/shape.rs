//! A section of the wrong shape: entry and field are named, and nothing is written.

use agentslock_adapters::Build;

use crate::support::{Lab, at, digest, said};

#[test]
fn a_wrong_shape_is_named_down_to_the_field_by_readers_and_writers() {
    let entry = |views: &str| {
        format!(
            r#"{{"adapters":{{"kuzu":{{"source_digest":"a","schema_digest":"b","activated_at":"c","materialized_views":{views}}}}}}}"#
        )
    };
    let view = |fields: &str| entry(&format!(r#"{{"calls":{{"view_status":"ready",{fields}}}}}"#));
    let cases = [
        (r#"{"adapters":[]}"#.to_owned(), "", ""),
        (r#"{"adapters":{"kuzu":[]}}"#.to_owned(), "\"kuzu\"", "expected an object"),
        (r#"{"adapters":{"kuzu":{}}}"#.to_owned(), "\"kuzu\"", "`source_digest` is missing"),
        (
            r#"{"adapters":{"kuzu":{"source_digest":1}}}"#.to_owned(),
            "\"kuzu\"",
            "`source_digest` is not",
        ),
        (
            r#"{"adapters":{"kuzu":{"source_digest":"a","schema_digest":"b"}}}"#.to_owned(),
            "\"kuzu\"",
            "`activated_at` is missing",
        ),
        (entry("[]"), "\"kuzu\"", "`materialized_views` is not"),
        (entry(r#"{"calls":1}"#), "\"kuzu\"", "`materialized_views.calls` is not"),
        (entry(r#"{"calls":{}}"#), "\"kuzu\"", "`materialized_views.calls.view_status` is missing"),
        (view(r#""view_digest":1"#), "\"kuzu\"", "`materialized_views.calls.view_digest` is not"),
        (
            view(r#""last_rebuilt_at":1"#),
            "\"kuzu\"",
            "`materialized_views.calls.last_rebuilt_at` is not",
        ),
        (view(r#""depends_on":{}"#), "\"kuzu\"", "`materialized_views.calls.depends_on` is not"),
        (
            view(r#""depends_on":[{"adapter":"a"}]"#),
            "\"kuzu\"",
            "`materialized_views.calls.depends_on[0].schema_digest` is missing",
        ),
        (
            view(r#""state_history":[{"at":"t","to":"x","trigger":"y"},7]"#),
            "\"kuzu\"",
            "`materialized_views.calls.state_history[1]` is not",
        ),
        (
            view(r#""state_history":[{"at":"t","to":1}]"#),
            "\"kuzu\"",
            "`materialized_views.calls.state_history[0].to` is not",
        ),
    ];
    for (text, entry, field) in cases {
        let lab = Lab::with(&text);
        let kuzu = lab.adapter("kuzu");
        for said in [
            said(&lab.lock.adapters().unwrap_err()),
            said(&kuzu.entry().unwrap_err()),
            said(&kuzu.register_view("calls", &Build::new(digest(1), at(1))).unwrap_err()),
        ] {
            for part in ["\"adapters\"", entry, field, lab.path().to_str().unwrap()] {
                assert!(said.contains(part), "{text}: {part} in {said}");
            }
        }
        assert_eq!(lab.text(), text);
    }
}

#[test]
fn null_is_as_good_as_nothing() {
    let lab = Lab::with(
        r#"{"adapters":{"kuzu":{"source_digest":"a","schema_digest":"b","activated_at":"c","materialized_views":
            {"calls":{"view_status":"ready","view_digest":"","depends_on":null,"state_history":null,
            "last_rebuilt_at":""}}}}}"#,
    );
    let view = lab.view("kuzu", "calls");
    assert_eq!((view.view_digest, view.last_rebuilt_at), (None, None));
    assert!(Lab::with(r#"{"adapters":null}"#).lock.adapters().unwrap().is_empty());
}
