//! Registering views, and telling that one was built again.

use agentslock_adapters::{Build, ChangeError, HISTORY_LIMIT};

use crate::support::{Lab, activation, at, digest, kuzu, on, said, unchecked};

#[test]
fn a_registered_view_is_ready_with_what_it_was_built_from() {
    let lab = Lab::with(kuzu(&[("calls", "dsl-update-required")]));
    let build = Build::new(digest(9), at(7)).depending_on(on("a")).depending_on(on("b"));
    lab.adapter("kuzu").register_view("calls", &build).unwrap();
    let view = lab.view("kuzu", "calls");
    assert_eq!(view.view_status.as_str(), "ready");
    assert_eq!(view.view_digest, Some(digest(9)));
    assert_eq!(view.depends_on, [on("a"), on("b")]);
    assert_eq!(view.last_rebuilt_at, Some(at(7)));
    let [transition] = &view.state_history[..] else { panic!("{view:?}") };
    assert_eq!(
        (transition.from.as_deref(), transition.to.as_str()),
        (Some("dsl-update-required"), "ready")
    );
    assert_eq!((&transition.at, transition.trigger.as_str()), (&at(7), "registered"));
}

#[test]
fn the_history_keeps_the_newest_20() {
    let lab = Lab::with("{}");
    let kuzu = lab.adapter("kuzu");
    kuzu.activate(&activation(1, 0)).unwrap();
    for second in 0..HISTORY_LIMIT + 5 {
        kuzu.register_view("calls", &Build::new(digest(3), at(second))).unwrap();
        let history = lab.view("kuzu", "calls").state_history;
        assert_eq!(history.len(), HISTORY_LIMIT.min(second + 1));
        assert_eq!(history.last().unwrap().at, at(second), "the newest is last");
        assert_eq!(
            history[0].at,
            at((second + 1).saturating_sub(HISTORY_LIMIT)),
            "the oldest goes"
        );
    }
    assert_eq!(HISTORY_LIMIT, 20);
}

#[test]
fn a_longer_history_of_another_program_is_cut_at_the_next_transition() {
    let lab = Lab::with("{}");
    let mut document: serde_json::Value =
        serde_json::from_str(&kuzu(&[("calls", "ready"), ("other", "ready")])).unwrap();
    let history: Vec<_> = (0..50)
        .map(
            |n| serde_json::json!({ "at": at(n), "to": "ready", "trigger": n.to_string(), "n": n }),
        )
        .collect();
    for view in ["calls", "other"] {
        document["adapters"]["kuzu"]["materialized_views"][view]["state_history"] =
            history.clone().into();
    }
    lab.write(document.to_string());
    lab.adapter("kuzu").register_view("calls", &Build::new(digest(3), at(59))).unwrap();
    let cut = lab.view("kuzu", "calls").state_history;
    let triggers: Vec<_> = cut.iter().map(|transition| transition.trigger.clone()).collect();
    let expected = (31..50).map(|n| n.to_string()).chain(["registered".to_owned()]);
    assert_eq!(triggers, expected.collect::<Vec<_>>());
    assert_eq!(lab.view("kuzu", "other").state_history.len(), 50, "nothing happened to it");
}

#[test]
fn the_first_transition_comes_from_nowhere() {
    let lab = Lab::with("{}");
    let kuzu = lab.adapter("kuzu");
    kuzu.activate(&activation(1, 0)).unwrap();
    kuzu.register_view("calls", &Build::new(digest(3), at(1))).unwrap();
    assert!(!lab.text().contains("\"from\""), "{}", lab.text());
}

#[test]
fn a_view_that_was_built_again_is_ready_with_its_new_digest() {
    let lab = Lab::with(kuzu(&[("calls", "pending-rebuild")]));
    lab.adapter("kuzu").view_rebuilt("calls", &digest(9), &at(7)).unwrap();
    let view = lab.view("kuzu", "calls");
    assert_eq!((view.view_status.as_str(), &view.view_digest), ("ready", &Some(digest(9))));
    assert_eq!((&view.last_rebuilt_at, view.depends_on.len()), (&Some(at(7)), 1));
    assert_eq!(view.state_history[0].trigger, "rebuilt");
}

#[test]
fn nonsense_from_the_caller_is_refused_before_anything_is_staged() {
    let text = kuzu(&[("calls", "pending-rebuild")]);
    let lab = Lab::with(&text);
    let kuzu = lab.adapter("kuzu");
    let errors = [
        kuzu.register_view("calls", &Build::new(unchecked("sha1:0"), at(1))).unwrap_err(),
        kuzu.register_view("calls", &Build::new(digest(1), unchecked("now"))).unwrap_err(),
        kuzu.view_rebuilt("calls", &unchecked("sha1:0"), &at(1)).unwrap_err(),
        kuzu.view_rebuilt("calls", &digest(1), &unchecked("now")).unwrap_err(),
    ];
    for (error, expected) in
        errors.iter().zip(["digest: column 4", "time: column 1"].iter().cycle())
    {
        assert!(said(error).contains(expected), "{error}");
    }
    for name in ["", "a/b"] {
        let error = kuzu.register_view(name, &Build::new(digest(1), at(1))).unwrap_err();
        assert!(matches!(error, ChangeError::Name(_)), "{error:?}");
    }
    let absent = lab.adapter("crg").register_view("calls", &Build::new(digest(1), at(1)));
    let absent = absent.unwrap_err();
    assert!(matches!(absent, ChangeError::NotActive { .. }), "{absent:?}");
    assert!(absent.to_string().contains("\"crg\" is not active"), "{absent}");
    assert_eq!(lab.text(), text);
}
