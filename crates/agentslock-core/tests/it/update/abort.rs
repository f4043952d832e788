//! A closure that fails or panics: nothing is written, and the lock is free.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use agentslock_core::{Error, FlushError, Flushed, Lockfile, SectionError};

use crate::support::{DOCUMENT, Lab, quick};

/// A program's own error.
#[derive(Debug, PartialEq)]
enum Own {
    Flush(String),
    Reason(&'static str),
}

impl From<FlushError> for Own {
    fn from(error: FlushError) -> Self {
        Self::Flush(error.to_string())
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn stage_much(lockfile: &Lockfile) {
    lockfile.set_section("a", &1).unwrap();
    lockfile.remove_section("units").unwrap();
    lockfile.remove_inputs_digest();
}

#[test]
fn an_error_comes_back_as_it_is_and_nothing_is_written() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let mut runs = 0;
    let updated = quick().update(lab.path(), |lockfile| {
        runs += 1;
        stage_much(lockfile);
        Err::<(), _>(Own::Reason("not today"))
    });
    assert_eq!((updated, runs), (Err(Own::Reason("not today")), 1));
    assert_eq!(lab.snapshot(), before);
    assert!(filelock::try_acquire(lab.path()).unwrap().acquired().is_some());
}

#[test]
fn an_error_of_the_handle_comes_back_too() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let error = quick()
        .update(lab.path(), |lockfile| {
            stage_much(lockfile);
            Ok::<_, Error>(lockfile.section::<u8>("adapters")?)
        })
        .unwrap_err();
    assert!(matches!(error, Error::Section(SectionError::Decode { .. })), "{error:?}");
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn an_error_on_a_missing_file_creates_none() {
    let lab = Lab::new();
    let updated = quick().update(lab.path(), |_| Err::<(), _>(Own::Reason("not today")));
    assert_eq!(updated, Err(Own::Reason("not today")));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_failed_acquisition_is_the_programs_own_error() {
    let lab = Lab::with("[]");
    let updated = quick().update(lab.path(), |_| Ok::<_, Own>(()));
    let Err(Own::Flush(said)) = updated else { panic!("{updated:?}") };
    assert!(said.contains("line 1, column 1"), "{said}");
}

#[test]
fn a_panic_goes_on_and_nothing_is_written() {
    let lab = Lab::with(DOCUMENT);
    let before = lab.snapshot();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _ = quick().update(lab.path(), |lockfile| -> Result<(), FlushError> {
            stage_much(lockfile);
            resume_unwind(Box::new("in the middle"));
        });
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"in the middle"));
    assert_eq!(lab.snapshot(), before);
    assert!(filelock::try_acquire(lab.path()).unwrap().acquired().is_some());
    // And nothing of it comes along with what is written next.
    let updated = quick().update(lab.path(), |lockfile| {
        lockfile.set_section("b", &1).unwrap();
        Ok::<_, FlushError>(())
    });
    assert_eq!(updated.unwrap().flushed, Flushed::Written);
    assert!(!lab.text().contains("\"a\"") && lab.text().contains("\"units\""));
}
