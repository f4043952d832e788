//! Reconciling with what is there.

use agentslock_adapters::{Build, ChangeError, Flushed, Presence};

use crate::support::{Lab, at, digest, kuzu, names, said, unchecked};

const VIEWS: [(&str, &str); 6] = [
    ("absent", "ready"),
    ("other", "ready"),
    ("same", "ready"),
    ("unknown", "ready"),
    ("waiting", "pending-rebuild"),
    ("weird", "levitating"),
];

fn look(view: &str) -> Presence {
    match view {
        "absent" => Presence::Absent,
        "other" => Presence::Present(digest(9)),
        "same" => Presence::Present(digest(3)),
        "unknown" => Presence::Unknown,
        _ => panic!("asked for {view}, which is not ready"),
    }
}

#[test]
fn what_is_not_there_or_not_what_was_built_is_to_be_rebuilt() {
    let lab = Lab::with(kuzu(&VIEWS));
    let done = lab.adapter("kuzu").reconcile(&at(5), |view, _| look(view)).unwrap();
    assert_eq!(names(&done.moved), ["kuzu/absent", "kuzu/other", "kuzu/weird"]);
    assert_eq!((done.changed_meanwhile.len(), done.flushed), (0, Flushed::Written));
    for (view, trigger) in [
        ("absent", "reconcile:view tables absent"),
        ("other", "reconcile:view digest mismatch"),
        ("weird", "reconcile:invalid-status"),
    ] {
        let view = lab.view("kuzu", view);
        assert_eq!(view.view_status.as_str(), "pending-rebuild");
        assert_eq!(view.state_history[0].trigger, trigger);
        assert_eq!(view.last_validation_at, Some(at(5)));
        assert_eq!(view.view_digest, Some(digest(3)), "what was built, not what was found");
    }
    for view in ["same", "unknown", "waiting"] {
        assert!(lab.view("kuzu", view).state_history.is_empty(), "{view}");
    }
}

#[test]
fn a_reconcile_that_finds_all_as_it_should_be_leaves_the_file_alone() {
    let text = kuzu(&[("same", "ready"), ("unknown", "ready"), ("waiting", "pending-rebuild")]);
    let lab = Lab::with(&text);
    let done = lab.adapter("kuzu").reconcile(&at(5), |view, _| look(view)).unwrap();
    assert_eq!((done.moved.len(), done.flushed), (0, Flushed::Unchanged));
    assert_eq!(lab.text(), text);
}

#[test]
fn the_look_is_taken_without_the_lock() {
    let lab = Lab::with(kuzu(&[("absent", "ready")]));
    let done = lab.adapter("kuzu").reconcile(&at(5), |view, entry| {
        assert_eq!(entry.view_digest, Some(digest(3)));
        assert!(
            filelock::try_acquire(lab.path()).unwrap().acquired().is_some(),
            "the lock is held"
        );
        look(view)
    });
    assert_eq!(done.unwrap().moved.len(), 1);
}

#[test]
fn a_view_that_is_changed_after_the_look_is_left_as_it_is_by_then() {
    let lab = Lab::with(kuzu(&[("absent", "ready"), ("other", "ready")]));
    let kuzu = lab.adapter("kuzu");
    let done = kuzu
        .reconcile(&at(5), |view, _| {
            if view == "absent" {
                kuzu.register_view(view, &Build::new(digest(7), at(6))).unwrap();
                Presence::Absent
            } else {
                look(view)
            }
        })
        .unwrap();
    assert_eq!(
        (names(&done.moved), names(&done.changed_meanwhile)),
        (vec!["kuzu/other".into()], vec!["kuzu/absent".into()])
    );
    let view = lab.view("kuzu", "absent");
    assert_eq!((view.view_status.as_str(), view.view_digest), ("ready", Some(digest(7))));
}

#[test]
fn if_all_was_changed_after_the_look_nothing_is_written() {
    let lab = Lab::with(kuzu(&[("absent", "ready"), ("other", "ready")]));
    // As somebody spells it who does not know us.
    let theirs = kuzu(&[("other", "pending-rebuild")]).replace(',', " ,");
    let done = lab.adapter("kuzu").reconcile(&at(5), |view, _| {
        lab.write(&theirs);
        look(view)
    });
    let done = done.unwrap();
    assert_eq!(names(&done.changed_meanwhile), ["kuzu/absent", "kuzu/other"]);
    assert_eq!((done.moved.len(), done.flushed), (0, Flushed::Unchanged));
    assert_eq!(lab.text(), theirs);
}

#[test]
fn nonsense_from_the_caller_is_refused_before_anything_is_staged() {
    let text = kuzu(&[("absent", "ready"), ("other", "ready")]);
    let lab = Lab::with(&text);
    let kuzu = lab.adapter("kuzu");
    let error = kuzu.reconcile(&unchecked("soon"), |view, _| look(view)).unwrap_err();
    assert!(said(&error).contains("\"soon\" is not a time"), "{error}");
    let error = kuzu
        .reconcile(&at(5), |view, _| match look(view) {
            Presence::Present(_) => Presence::Present(unchecked("md5:00")),
            other => other,
        })
        .unwrap_err();
    assert!(said(&error).contains("\"md5:00\" is not a digest"), "{error}");
    let error = lab.adapter("none").reconcile(&at(5), |view, _| look(view)).unwrap_err();
    assert!(matches!(error, ChangeError::NotActive { .. }), "{error:?}");
    assert_eq!(lab.text(), text);
}

#[test]
fn a_status_that_was_empty_is_left_out_of_the_history() {
    let lab = Lab::with(kuzu(&[("calls", "")]));
    lab.adapter("kuzu").reconcile(&at(1), |_, _| Presence::Unknown).unwrap();
    let view = lab.view("kuzu", "calls");
    assert_eq!(view.view_status.as_str(), "pending-rebuild");
    assert_eq!(view.state_history[0].from, None);
    assert!(!lab.text().contains("\"from\""), "{}", lab.text());
}
