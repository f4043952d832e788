//! Registering views, and telling that one was built again.

use agentslock_adapters::{
    Build, Built, ChangeError, Dependency, Flushed, HISTORY_LIMIT, OutdatedDependency,
    OutdatedView, Status,
};

use crate::support::{Lab, activation, at, digest, kuzu, kuzu_after_bump, on, said, unchecked};

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
        let build = Build::new(digest(u8::try_from(second).unwrap()), at(second));
        kuzu.register_view("calls", &build).unwrap();
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
    lab.adapter("kuzu").register_view("calls", &Build::new(digest(7), at(59))).unwrap();
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
        assert!(said(error).starts_with("the view `kuzu/calls`: "), "{error}");
    }
    for name in ["", "a/b"] {
        let error = kuzu.register_view(name, &Build::new(digest(1), at(1))).unwrap_err();
        assert!(matches!(error, ChangeError::Name(_)), "{error:?}");
    }
    let absent = lab.adapter("none").register_view("calls", &Build::new(digest(1), at(1)));
    let absent = absent.unwrap_err();
    assert!(matches!(absent, ChangeError::NotActive { .. }), "{absent:?}");
    assert!(absent.to_string().contains("\"none\" is not active"), "{absent}");
    assert_eq!(lab.text(), text);
}

#[test]
fn registering_again_what_is_registered_changes_nothing() {
    let lab = Lab::with(kuzu(&[]));
    let kuzu = lab.adapter("kuzu");
    let build = |second| Build::new(digest(9), at(second)).depending_on(on("crg"));
    assert_eq!(kuzu.register_view("calls", &build(1)).unwrap().flushed, Flushed::Written);
    let text = lab.text();
    for restart in 2..30 {
        let outcome = kuzu.register_view("calls", &build(restart)).unwrap();
        assert_eq!(outcome, Built::new(vec![], Flushed::Unchanged));
    }
    assert_eq!(lab.text(), text);
    // Another status, digest or dependency is news.
    let other = Build::new(digest(9), at(3));
    assert_eq!(kuzu.register_view("calls", &other).unwrap().flushed, Flushed::Written);
}

#[test]
fn many_views_are_one_write_or_none() {
    let lab = Lab::with(kuzu(&[]));
    let kuzu = lab.adapter("kuzu");
    let builds = |digests: u8| {
        (0..100).map(move |n| (format!("view-{n:03}"), Build::new(digest(digests), at(n))))
    };
    let before = testkit::snapshot(lab.path().parent().unwrap());
    assert_eq!(kuzu.register_views(builds(1)).unwrap().flushed, Flushed::Written);
    assert_ne!(testkit::snapshot(lab.path().parent().unwrap()), before);
    assert_eq!(kuzu.entry().unwrap().unwrap().materialized_views.len(), 100);
    assert_eq!(kuzu.register_views(builds(1)).unwrap().flushed, Flushed::Unchanged);
    let text = lab.text();
    let bad = builds(2).chain([("a/b".to_owned(), Build::new(digest(2), at(1)))]);
    assert!(matches!(kuzu.register_views(bad), Err(ChangeError::Name(_))));
    assert_eq!(lab.text(), text);
}

/// A build that began before a bump comes after it.
#[test]
fn a_build_against_a_schema_that_is_gone_is_to_be_checked_and_not_ready() {
    let lab = Lab::with(kuzu(&[("late", "pending-rebuild")]));
    let (crg, kuzu) = (lab.adapter("crg"), lab.adapter("kuzu"));
    crg.activate(&activation(8, 1)).unwrap();
    let build = Build::new(digest(9), at(2)).depending_on(on("crg"));
    let outcome = kuzu.register_view("calls", &build).unwrap();
    let gone = OutdatedDependency::new("crg", digest(4), digest(9));
    assert_eq!(outcome.outdated[0].dependencies, [gone]);
    assert_eq!(outcome.outdated[0].status, Status::PendingRecompatCheck);
    assert_eq!(
        outcome.outdated[0].to_string(),
        format!(
            "`kuzu/calls` (pending-recompat-check): built against schema {} of `crg`, which has {} now",
            digest(4),
            digest(9)
        )
    );
    let view = lab.view("kuzu", "calls");
    let triggers: Vec<_> = view.state_history.iter().map(|t| t.trigger.as_str()).collect();
    assert_eq!(triggers, ["registered", "dependee-bump:crg"], "two steps of the table, one write");
    assert_eq!(view.view_status, Status::PendingRecompatCheck);
    // Saying so again is no news.
    assert_eq!(kuzu.register_view("calls", &build).unwrap().flushed, Flushed::Unchanged);

    // A bump that came while the view was to be rebuilt.
    let outcome = kuzu.view_rebuilt("late", &digest(7), &at(3)).unwrap();
    assert_eq!((outcome.outdated.len(), outcome.flushed), (1, Flushed::Written));
    assert_eq!(lab.view("kuzu", "late").view_status, Status::PendingRecompatCheck);

    // A check against the schema that is gone is none.
    let text = lab.text();
    let error = kuzu.recompat_passed("late", &[on("crg")], &at(4)).unwrap_err();
    assert!(matches!(error, ChangeError::Outdated { .. }), "{error:?}");
    assert!(said(&error).ends_with("now; check it again"), "{error}");
    assert_eq!(lab.text(), text);
    let now = Dependency::new("crg", digest(9), "2");
    kuzu.recompat_passed("late", &[now], &at(5)).unwrap();
    assert!(kuzu.view_rebuilt("late", &digest(7), &at(6)).unwrap().outdated.is_empty());
    assert_eq!(lab.view("kuzu", "late").view_status, Status::Ready);
}

#[test]
fn what_a_program_that_does_not_compare_left_is_listed_and_mended_by_a_bump() {
    let lab = Lab::with(kuzu_after_bump(&[("a", "ready"), ("b", "pending-rebuild")]));
    let listed = |outdated: Vec<OutdatedView>| -> Vec<String> {
        outdated.iter().map(|it| format!("{} {}", it.view, it.status)).collect()
    };
    let all = ["kuzu/a ready", "kuzu/b pending-rebuild"];
    assert_eq!(listed(lab.lock.outdated().unwrap()), all);
    assert_eq!(listed(lab.adapter("kuzu").outdated().unwrap()), all);
    assert!(lab.adapter("crg").outdated().unwrap().is_empty());
    lab.adapter("crg").schema_bumped(&at(1)).unwrap();
    let after = ["kuzu/a pending-recompat-check", "kuzu/b pending-rebuild"];
    assert_eq!(listed(lab.lock.outdated().unwrap()), after);
}

/// The Go programs make an entry with empty texts for an adapter that was never activated.
#[test]
fn an_adapter_without_a_schema_has_nothing_to_compare_with() {
    let lab = Lab::with(
        r#"{"adapters":{"crg":{"source_digest":"","schema_digest":"","activated_at":""},
            "kuzu":{"source_digest":"a","schema_digest":"b","activated_at":"then"}}}"#,
    );
    let build = Build::new(digest(9), at(7)).depending_on(on("crg")).depending_on(on("none"));
    assert!(lab.adapter("kuzu").register_view("calls", &build).unwrap().outdated.is_empty());
    assert_eq!(lab.view("kuzu", "calls").view_status, Status::Ready);
    assert!(lab.lock.outdated().unwrap().is_empty());
    // It goes live, with another schema.
    assert_eq!(lab.adapter("crg").activate(&activation(7, 8)).unwrap().moved.len(), 1);
}
