//! A bump of a schema, which concerns many views of many adapters at once.

use agentslock_adapters::{Build, Bumped, ChangeError, Dependency, Flushed, Status};

use crate::support::{
    Lab, activation, at, digest, kuzu, kuzu_after_bump, names, on, said, unchecked,
};

#[test]
fn a_bump_reaches_the_ready_views_of_all_adapters_that_depend_on_it() {
    let lab = Lab::with("{}");
    for adapter in ["crg", "a", "a-b", "bystander"] {
        lab.adapter(adapter).activate(&activation(3, 0)).unwrap();
    }
    for (adapter, view, dependee) in [
        ("a", "y", "crg"),
        ("a", "x", "crg"),
        ("a-b", "x", "crg"),
        ("crg", "own", "crg"),
        ("bystander", "x", "a"),
    ] {
        let build = Build::new(digest(3), at(1)).depending_on(on(dependee));
        lab.adapter(adapter).register_view(view, &build).unwrap();
    }
    let bumped = lab.adapter("crg").activate(&activation(8, 2)).unwrap();
    assert_eq!(names(&bumped.moved), ["a-b/x", "a/x", "a/y", "crg/own"]);
    assert_eq!((bumped.refused.len(), bumped.flushed), (0, Flushed::Written));
    assert_eq!(lab.view("bystander", "x").view_status, Status::Ready);
    let last = lab.view("a", "x").state_history.pop().unwrap();
    assert_eq!((last.at, last.trigger.as_str()), (at(2), "dependee-bump:crg"));
}

#[test]
fn one_view_in_no_state_for_it_keeps_the_bump_from_no_other() {
    let views = [
        ("broken", "dsl-update-required"),
        ("busy", "pending-rebuild"),
        ("fine", "ready"),
        ("odd", "levitating"),
    ];
    let lab = Lab::with(kuzu_after_bump(&views));
    let bumped = lab.adapter("crg").schema_bumped(&at(2)).unwrap();
    assert_eq!(names(&bumped.moved), ["kuzu/fine"]);
    let refused = bumped.refused.iter().map(|refused| &refused.view);
    assert_eq!(names(refused), ["kuzu/broken", "kuzu/busy", "kuzu/odd"]);
    assert_eq!(
        bumped.refused[1].to_string(),
        "the event `dependee-bump:crg` is not possible for the view `kuzu/busy`, which is `pending-rebuild`"
    );
    for (view, status) in views {
        let expected = if view == "fine" { "pending-recompat-check" } else { status };
        let view = lab.view("kuzu", view);
        assert_eq!(view.view_status.as_str(), expected);
        assert_eq!(view.state_history.is_empty(), expected == status);
    }
}

#[test]
fn a_bump_that_moves_nothing_leaves_the_file_alone() {
    let text = kuzu_after_bump(&[("busy", "pending-rebuild")]);
    let lab = Lab::with(&text);
    let bumped = lab.adapter("crg").schema_bumped(&at(2)).unwrap();
    assert_eq!((bumped.refused.len(), bumped.flushed), (1, Flushed::Unchanged));
    assert_eq!(lab.text(), text);
    let error = lab.adapter("crg").schema_bumped(&unchecked("soon")).unwrap_err();
    assert!(said(&error).contains("\"soon\" is not a time"), "{error}");
}

#[test]
fn a_bump_leaves_alone_what_fits_and_comes_after_activation() {
    let text = kuzu(&[("calls", "ready")]);
    let lab = Lab::with(&text);
    let bumped = lab.adapter("crg").schema_bumped(&at(2)).unwrap();
    assert_eq!(bumped, Bumped::new(vec![], vec![], Flushed::Unchanged), "repeated after a crash");
    let error = lab.adapter("new").schema_bumped(&at(2)).unwrap_err();
    assert!(matches!(error, ChangeError::NotActive { .. }), "{error}");
    assert_eq!(lab.text(), text);
}

#[test]
fn a_whole_round_of_a_bump_ends_where_it_began() {
    let lab = Lab::with(kuzu(&[("calls", "ready")]));
    let kuzu = lab.adapter("kuzu");
    assert_eq!(lab.adapter("crg").activate(&activation(8, 1)).unwrap().moved.len(), 1);
    let now = Dependency::new("crg", digest(9), "2");
    kuzu.recompat_passed("calls", &[now], &at(2)).unwrap();
    kuzu.view_rebuilt("calls", &digest(9), &at(3)).unwrap();
    let view = lab.view("kuzu", "calls");
    assert_eq!(view.view_status, Status::Ready);
    let triggers: Vec<_> = view.state_history.iter().map(|t| t.trigger.as_str()).collect();
    assert_eq!(triggers, ["dependee-bump:crg", "recompat-pass", "rebuilt"]);
}
