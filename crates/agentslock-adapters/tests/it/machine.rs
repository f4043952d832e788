//! The machine as a caller meets it: every state × every call. What an event does to a status by
//! itself is tested beside the code.

use agentslock_adapters::{
    AdapterHandle, Build, Built, ChangeError, Event, Flushed, IllegalTransition, Presence, Status,
};

use crate::support::{Lab, at, digest, kuzu, kuzu_after_bump, on, said, unchecked};

const TABLE: &str = "
call                              | (none) | ready                  | pending-recompat-check | pending-rebuild | dsl-update-required | levitating
register_view                     | ready  | ready                  | ready                  | ready           | ready               | ready
schema_bumped of crg              | -      | pending-recompat-check | refused                | refused         | refused             | refused
schema_bumped of another          | -      | -                      | -                      | -               | -                   | -
recompat_passed                   | error  | error                  | pending-rebuild        | error           | error               | error
recompat_failed                   | error  | error                  | dsl-update-required    | error           | error               | error
view_rebuilt                      | error  | error                  | error                  | ready           | error               | error
reconcile: absent                 | -      | pending-rebuild        | -                      | -               | -                   | pending-rebuild
reconcile: present, another       | -      | pending-rebuild        | -                      | -               | -                   | pending-rebuild
reconcile: present, the same      | -      | -                      | -                      | -               | -                   | pending-rebuild
reconcile: unknown                | -      | -                      | -                      | -               | -                   | pending-rebuild
";

/// The trigger that the history shows after each call, and the event that an error names.
const TRIGGERS: [&str; 10] = [
    "registered",
    "dependee-bump:crg",
    "",
    "recompat-pass",
    "recompat-fail",
    "rebuilt",
    "reconcile:view tables absent",
    "reconcile:view digest mismatch",
    "",
    "",
];

/// What a call came to: refused by an error, refused for this view alone, or done.
enum Came {
    Error(ChangeError),
    Refused(IllegalTransition),
    Done(Flushed),
}

fn call(row: usize, lab: &Lab, own: &AdapterHandle) -> Came {
    let at = at(9);
    let settled = |outcome: Result<Built, ChangeError>| match outcome {
        Ok(outcome) => {
            assert!(outcome.outdated.is_empty(), "{outcome:?}");
            Came::Done(outcome.flushed)
        }
        Err(error) => Came::Error(error),
    };
    let done = |outcome: Result<Flushed, ChangeError>| match outcome {
        Ok(flushed) => Came::Done(flushed),
        Err(error) => Came::Error(error),
    };
    let bumped = |adapter: &str| match lab.adapter(adapter).schema_bumped(&at) {
        Ok(mut bumped) => bumped.refused.pop().map_or(Came::Done(bumped.flushed), Came::Refused),
        Err(error) => Came::Error(error),
    };
    let reconciled =
        |found: Presence| done(own.reconcile(&at, |_, _| found.clone()).map(|done| done.flushed));
    match row {
        0 => {
            let build = Build::new(digest(8), at.clone()).depending_on(on("crg"));
            settled(own.register_view("calls", &build))
        }
        1 => bumped("crg"),
        2 => bumped("kuzu"),
        3 => done(own.recompat_passed("calls", &[on("crg"), on("b")], &at)),
        4 => done(own.recompat_failed("calls", &at)),
        5 => settled(own.view_rebuilt("calls", &digest(8), &at)),
        6 => reconciled(Presence::Absent),
        7 => reconciled(Presence::Present(digest(8))),
        8 => reconciled(Presence::Present(digest(3))),
        9 => reconciled(Presence::Unknown),
        _ => unreachable!("no such row"),
    }
}

#[test]
fn every_call_in_every_state_does_what_the_table_says_and_an_error_writes_nothing() {
    let mut lines =
        TABLE.trim().lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let states = lines.next().unwrap()[1..].to_vec();
    let mut cells = 0;
    for (row, line) in lines.enumerate() {
        for (state, expected) in states.iter().zip(&line[1..]) {
            let place = format!("{} in {state}", line[0]);
            let state = (*state != "(none)").then_some(*state);
            let views: Vec<_> = state.map(|state| ("calls", state)).into_iter().collect();
            let text = if row == 1 { kuzu_after_bump(&views) } else { kuzu(&views) };
            let lab = Lab::with(&text);
            let came = call(row, &lab, &lab.adapter("kuzu"));
            check(&place, came, expected, state, TRIGGERS[row]);
            if matches!(*expected, "error" | "refused" | "-") {
                assert_eq!(lab.text(), text, "{place}: wrote");
            } else {
                let view = lab.view("kuzu", "calls");
                assert_eq!(view.view_status.as_str(), *expected, "{place}");
                let [transition] = &view.state_history[..] else { panic!("{place}: {view:?}") };
                assert_eq!(transition.from.as_deref(), state, "{place}");
                assert_eq!(
                    (transition.to.as_str(), &transition.at),
                    (*expected, &at(9)),
                    "{place}"
                );
                let trigger = match state {
                    Some("levitating") if row > 5 => "reconcile:invalid-status",
                    _ => TRIGGERS[row],
                };
                assert_eq!(transition.trigger, trigger, "{place}");
            }
            cells += 1;
        }
    }
    assert_eq!(cells, 10 * 6);
    println!("{TABLE}");
}

fn check(place: &str, came: Came, expected: &str, state: Option<&str>, trigger: &str) {
    let transition = match (came, expected) {
        (Came::Error(ChangeError::Illegal { transition, .. }), "error")
        | (Came::Refused(transition), "refused") => transition,
        (Came::Done(flushed), _) if !matches!(expected, "error" | "refused") => {
            assert_eq!(flushed == Flushed::Unchanged, expected == "-", "{place}");
            return;
        }
        (Came::Error(error), _) => panic!("{place}: {error:?}"),
        _ => panic!("{place}: expected {expected}"),
    };
    assert_eq!(transition.view.to_string(), "kuzu/calls", "{place}");
    assert_eq!(transition.state.as_ref().map(Status::as_str), state, "{place}");
    assert_eq!(transition.event.to_string(), trigger, "{place}");
}

#[test]
fn an_illegal_transition_names_document_view_state_and_event() {
    let lab = Lab::with(kuzu(&[("calls", "ready")]));
    let kuzu = lab.adapter("kuzu");
    let error = kuzu.recompat_failed("calls", &at(1)).unwrap_err();
    let path = lab.path().display().to_string();
    assert_eq!(
        said(&error),
        format!(
            "`{path}`: the event `recompat-fail` is not possible for the view `kuzu/calls`, which is `ready`"
        )
    );
    let error = kuzu.view_rebuilt("new", &digest(1), &at(1)).unwrap_err();
    assert_eq!(
        said(&error),
        format!(
            "`{path}`: the event `rebuilt` is not possible for the view `kuzu/new`, which is not registered"
        )
    );
    let ChangeError::Illegal { transition, .. } = error else { panic!("{error:?}") };
    assert_eq!(transition.event, Event::Rebuilt);
}

#[cfg(unix)] // Nothing is relative from one drive to another.
#[test]
fn errors_name_the_whole_path_of_a_document_that_was_named_by_less() {
    let lab = Lab::with(kuzu(&[("calls", "ready")]));
    let here = std::env::current_dir().unwrap();
    let up: std::path::PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(lab.path().strip_prefix("/").unwrap());
    let lock = agentslock_adapters::AdaptersLock::new(relative);
    let errors = [
        lock.adapter("kuzu").unwrap().recompat_failed("calls", &at(1)).unwrap_err(),
        lock.adapter("none").unwrap().recompat_failed("calls", &at(1)).unwrap_err(),
        lock.adapter("none").unwrap().reconcile(&at(1), |_, _| Presence::Unknown).unwrap_err(),
    ];
    for error in errors {
        match &error {
            ChangeError::Illegal { path, .. } | ChangeError::NotActive { path, .. } => {
                assert!(path.is_absolute(), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_else_comes_with_a_transition() {
    let lab = Lab::with(kuzu(&[("calls", "pending-recompat-check")]));
    let kuzu = lab.adapter("kuzu");
    kuzu.recompat_passed("calls", &[on("crg"), on("b")], &at(5)).unwrap();
    let view = lab.view("kuzu", "calls");
    assert_eq!(view.depends_on, [on("crg"), on("b")], "the new dependencies");
    assert_eq!((&view.last_validation_at, &view.last_rebuilt_at), (&Some(at(5)), &Some(at(0))));
    assert_eq!(view.view_digest, Some(digest(3)), "of what is there still");

    let error = kuzu.recompat_passed("calls", &[], &unchecked("soon")).unwrap_err();
    assert!(said(&error).contains("\"soon\" is not a time"), "{error}");
    let error = kuzu.recompat_failed("calls", &unchecked("soon")).unwrap_err();
    assert!(said(&error).contains("\"soon\" is not a time"), "{error}");
}
