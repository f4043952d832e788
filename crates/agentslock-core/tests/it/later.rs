//! A document of a later format is never written, by anything.

use agentslock_core::merge::{Resolution, Side, merge};
use agentslock_core::text::SyntaxProblem;
use agentslock_core::{DocumentPlace, Error, FlushError, Flushed, LockfileOptions, VersionError};

use crate::support::{Lab, quick};

const LATER: &str = "{ \"lock_version\":2,\"s\":1}";

#[track_caller]
fn expect_later(error: &FlushError) {
    let FlushError::Version(VersionError::Later { found, .. }) = error else { panic!("{error:?}") };
    assert_eq!(*found, 2);
    assert!(!error.is_committed() && !error.is_contention());
}

#[test]
fn a_flush_that_would_change_it_is_refused_and_keeps_what_is_staged() {
    let lab = Lab::with(LATER);
    let before = lab.snapshot();
    let lockfile = lab.open();
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    lockfile.set_section("s", &1).unwrap();
    assert_eq!(lockfile.changed_text().unwrap(), None);
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged, "it says what is staged");
    for _ in 0..2 {
        lockfile.set_section("s", &2).unwrap();
        assert!(lockfile.changed_text().is_err());
        expect_later(&lockfile.flush().unwrap_err());
        assert_eq!(lockfile.section::<u8>("s").unwrap(), Some(2), "it is staged still");
    }
    drop(lockfile);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_document_that_became_later_since_it_was_opened_is_refused_too() {
    let lab = Lab::with("{\"s\":1}");
    let lockfile = lab.open();
    lockfile.set_section("s", &2).unwrap();
    lab.replace(LATER);
    expect_later(&lockfile.flush().unwrap_err());
    assert_eq!(lab.text(), LATER);
}

#[test]
fn an_update_is_refused_before_its_closure_runs() {
    let lab = Lab::with(LATER);
    let before = lab.snapshot();
    let update = |options: &LockfileOptions| {
        let updated =
            options.update(lab.path(), |_| -> Result<(), FlushError> { panic!("it ran") });
        updated.unwrap_err()
    };
    for first_look in [false, true] {
        expect_later(&update(&quick().first_look(first_look)));
    }
    let place = DocumentPlace::file(lab.path(), quick());
    expect_later(&place.plan(|_| -> Result<(), FlushError> { panic!("it ran") }).unwrap_err());
    assert_eq!(lab.snapshot(), before);
    let memory = DocumentPlace::memory(LATER).unwrap();
    let error = memory.update(|_| -> Result<(), FlushError> { panic!("it ran") }).unwrap_err();
    expect_later(&error);
}

#[test]
fn a_version_that_is_no_number_is_refused_and_an_earlier_one_is_not() {
    for fine in ["{}", "{\"lock_version\":1}", "{\"lock_version\":0}"] {
        let lab = Lab::with(fine);
        let updated = quick().update(lab.path(), |it| it.set_section("s", &1).map_err(Error::from));
        assert_eq!(updated.unwrap().flushed, Flushed::Written);
    }
    let lab = Lab::with("{\"lock_version\":\"2\"}");
    let lockfile = lab.open();
    lockfile.set_section("s", &2).unwrap();
    let error = lockfile.flush().unwrap_err();
    assert!(matches!(error, FlushError::Version(VersionError::Unreadable(_))), "{error:?}");
    assert!(error.to_string().contains("line 1, column 17"), "{error}");
    assert_eq!(lab.text(), "{\"lock_version\":\"2\"}");
}

#[test]
fn a_merge_refuses_each_of_the_three() {
    let fine = "{\"s\":1}";
    let texts = [[LATER, fine, fine], [fine, LATER, fine], [fine, fine, LATER], [LATER; 3]];
    let sides = [Side::Base, Side::Ours, Side::Theirs, Side::Base];
    for ([base, ours, theirs], side) in texts.into_iter().zip(sides) {
        let error = merge(base, ours, theirs, &mut Resolution::Ours).unwrap_err();
        assert_eq!((error.side, error.error.problem), (side, SyntaxProblem::LaterVersion(2)));
        assert_eq!((error.error.line, error.error.column), (1, 18));
    }
}
