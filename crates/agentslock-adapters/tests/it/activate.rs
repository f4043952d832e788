//! Activation.

use agentslock_adapters::{Build, ChangeError, Digest, Flushed};

use crate::support::{Lab, activation, at, digest, kuzu, names, on, said, unchecked};

#[test]
fn activating_again_updates_the_digests_and_keeps_the_views() {
    let lab = Lab::with("{\"lock_version\":1}");
    let kuzu = lab.adapter("kuzu");
    assert_eq!(kuzu.entry().unwrap(), None);
    assert_eq!(kuzu.activate(&activation(1, 1)).unwrap().flushed, Flushed::Written);
    kuzu.register_view("calls", &Build::new(digest(3), at(2))).unwrap();
    assert_eq!(kuzu.activate(&activation(5, 3)).unwrap().flushed, Flushed::Written);
    let text = lab.text();
    assert_eq!(kuzu.activate(&activation(5, 3)).unwrap().flushed, Flushed::Unchanged);
    assert_eq!(kuzu.activate(&activation(5, 9)).unwrap().flushed, Flushed::Unchanged, "a restart");
    assert_eq!(lab.text(), text);
    let entry = kuzu.entry().unwrap().unwrap();
    assert_eq!((&entry.source_digest, &entry.schema_digest), (&digest(5), &digest(6)));
    assert_eq!(entry.activated_at, at(3));
    assert_eq!(entry.materialized_views["calls"].view_digest, Some(digest(3)));
    assert_eq!(lab.lock.adapters().unwrap()["kuzu"], entry);
}

#[test]
fn fields_stand_in_canonical_order() {
    let lab = Lab::with("{}");
    let kuzu = lab.adapter("kuzu");
    kuzu.activate(&activation(1, 1)).unwrap();
    kuzu.register_view("calls", &Build::new(digest(3), at(2)).depending_on(on("crg"))).unwrap();
    let expected = format!(
        r#"{{
  "adapters": {{
    "kuzu": {{
      "source_digest": "{}",
      "schema_digest": "{}",
      "activated_at": "2026-01-02T03:00:01Z",
      "materialized_views": {{
        "calls": {{
          "view_digest": "{}",
          "view_status": "ready",
          "depends_on": [
            {{
              "adapter": "crg",
              "schema_digest": "{}",
              "version": "1"
            }}
          ],
          "last_rebuilt_at": "2026-01-02T03:00:02Z",
          "state_history": [
            {{
              "at": "2026-01-02T03:00:02Z",
              "to": "ready",
              "trigger": "registered"
            }}
          ]
        }}
      }}
    }}
  }}
}}
"#,
        digest(1),
        digest(2),
        digest(3),
        digest(4)
    );
    assert_eq!(lab.text(), expected);
}

#[test]
fn an_adapter_does_not_go_live_while_views_need_a_new_definition_for_it() {
    let views = [("calls", "dsl-update-required"), ("b", "dsl-update-required"), ("c", "ready")];
    let text = kuzu(&views);
    let lab = Lab::with(&text);
    let crg = lab.adapter("crg");
    assert_eq!(names(&crg.activation_blockers().unwrap()), ["kuzu/b", "kuzu/calls"]);
    let error = crg.activate(&activation(1, 1)).unwrap_err();
    assert!(said(&error).contains("`kuzu/b`, `kuzu/calls` depend on it"), "{error}");
    let ChangeError::Blocked { adapter, views, .. } = error else { panic!("{error}") };
    assert_eq!(
        (adapter.as_str(), names(&views)),
        ("crg", vec!["kuzu/b".into(), "kuzu/calls".into()])
    );
    assert_eq!(lab.text(), text);

    let kuzu = lab.adapter("kuzu");
    assert!(kuzu.activation_blockers().unwrap().is_empty(), "nothing depends on kuzu");
    kuzu.activate(&activation(7, 1)).unwrap();
    for view in ["b", "calls"] {
        kuzu.register_view(view, &Build::new(digest(3), at(2)).depending_on(on("crg"))).unwrap();
    }
    assert!(crg.activation_blockers().unwrap().is_empty());
    crg.activate(&activation(1, 1)).unwrap();
}

#[test]
fn a_live_adapter_stays_live_with_the_schema_that_it_has() {
    let lab = Lab::with("{}");
    let (crg, kuzu) = (lab.adapter("crg"), lab.adapter("kuzu"));
    crg.activate(&activation(3, 1)).unwrap();
    kuzu.activate(&activation(3, 1)).unwrap();
    kuzu.register_view("calls", &Build::new(digest(3), at(2)).depending_on(on("crg"))).unwrap();
    let bumped = crg.activate(&activation(8, 3)).unwrap();
    assert_eq!(names(&bumped.moved), ["kuzu/calls"]);
    kuzu.recompat_failed("calls", &at(4)).unwrap();
    let mut again = activation(8, 5);
    again.source_digest = digest(1);
    assert_eq!(crg.activate(&again).unwrap().flushed, Flushed::Written, "the same schema");
    assert!(matches!(crg.activate(&activation(7, 6)), Err(ChangeError::Blocked { .. })));
}

#[test]
fn going_live_with_a_new_schema_is_a_bump_in_one_write() {
    let lab = Lab::with(kuzu(&[("busy", "pending-rebuild"), ("calls", "ready")]));
    let bumped = lab.adapter("crg").activate(&activation(8, 3)).unwrap();
    assert_eq!(names(&bumped.moved), ["kuzu/calls"]);
    assert_eq!(names(bumped.refused.iter().map(|refused| &refused.view)), ["kuzu/busy"]);
    let last = lab.view("kuzu", "calls").state_history.pop().unwrap();
    assert_eq!((last.at, last.trigger.as_str()), (at(3), "dependee-bump:crg"));
    let text = lab.text();
    let again = lab.adapter("crg").schema_bumped(&at(9)).unwrap();
    assert_eq!((again.moved.len(), again.flushed), (0, Flushed::Unchanged));
    assert_eq!(lab.text(), text);
}

#[test]
fn blockers_are_sorted_as_they_are_shown() {
    let mut document: serde_json::Value = serde_json::from_str("{\"adapters\":{}}").unwrap();
    let one: serde_json::Value =
        serde_json::from_str(&kuzu(&[("x", "dsl-update-required")])).unwrap();
    for name in ["a", "a-b", "a.b", "B"] {
        document["adapters"][name] = one["adapters"]["kuzu"].clone();
    }
    let lab = Lab::with(document.to_string());
    let blockers = lab.lock.activation_blockers("crg").unwrap();
    assert_eq!(names(&blockers), ["B/x", "a-b/x", "a.b/x", "a/x"]);
}

#[test]
fn nonsense_from_the_caller_is_refused_before_anything_is_staged() {
    let lab = Lab::with("{}");
    let kuzu = lab.adapter("kuzu");
    let bad: Digest = unchecked("sha256:0G");
    let mut cases = [activation(1, 1), activation(1, 1), activation(1, 1)];
    cases[0].source_digest = bad.clone();
    cases[1].schema_digest = bad;
    cases[2].at = unchecked("2026-02-30T00:00:00Z");
    for (case, expected) in cases.iter().zip([
        "the adapter \"kuzu\", its source: \"sha256:0G\" is not a digest: column 9",
        "the adapter \"kuzu\", its schema: \"sha256:0G\" is not a digest: column 9",
        "the adapter \"kuzu\": \"2026-02-30T00:00:00Z\" is not a time: column 9",
    ]) {
        let error = kuzu.activate(case).unwrap_err();
        assert!(said(&error).starts_with(expected), "{error}");
    }
    for name in ["", "a/b", "/"] {
        let error = lab.lock.adapter(name).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{name:?} cannot name")), "{error}");
    }
    assert_eq!(lab.text(), "{}");
}
