//! Something in place of the document that is no file.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;
use std::path::Path;

use agentslock_core::{FlushError, Lockfile, OpenError};
use fsops::{Durability, ReadFileError};
use testkit::within;

#[cfg(unix)]
use crate::support::{DOCUMENT, NO_FILES};
use crate::support::{Lab, WATCHDOG, impatient, quick};

/// What each way in says of `path`: opening it, flushing a handle that was opened when there was
/// nothing, and updating it. For both durabilities.
#[cfg(unix)] // Windows has no such things, and Wine makes no links.
fn answers(path: &Path, put_there: impl FnOnce()) -> Vec<ReadFileError> {
    let handles = [Durability::Full, Durability::Atomic].map(|durability| {
        let handle = impatient().durability(durability).open(path).unwrap();
        handle.set_section("staged", &1).unwrap();
        handle
    });
    put_there();
    let path = path.to_owned();
    within(WATCHDOG, move || {
        let mut answers = vec![Lockfile::open(&path).unwrap_err()];
        for handle in &handles {
            let FlushError::Open(error) = handle.flush().unwrap_err() else { panic!("another") };
            answers.push(error);
        }
        let updated = quick().update(&path, |_| -> Result<(), FlushError> {
            unreachable!("because there is nothing to update");
        });
        let FlushError::Open(error) = updated.unwrap_err() else { panic!("another") };
        answers.push(error);
        let answers = answers.into_iter().map(|answer| {
            let OpenError::Read(error) = answer else { panic!("{answer:?}") };
            error
        });
        answers.collect()
    })
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn what_is_no_file_is_an_error_at_once_and_stays() {
    for (expected, make) in NO_FILES {
        let (lab, elsewhere) = (Lab::new(), Lab::new());
        let thing = elsewhere.join("thing");
        make(&thing);
        for put_there in
            [&(|| make(&lab.path())) as &dyn Fn(), &|| symlink(&thing, lab.path()).unwrap()]
        {
            for answer in answers(&lab.path(), put_there) {
                let ReadFileError::NotAFile { path, kind } = answer else { panic!("{answer:?}") };
                assert_eq!((path, kind), (lab.path(), expected));
            }
            lab.assert_only_the_document();
            assert!(!lab.path().metadata().unwrap().is_file());
            fs::remove_file(lab.path()).or_else(|_| fs::remove_dir(lab.path())).unwrap();
        }
        assert_eq!(elsewhere.names(), ["thing"]);
    }
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_document_that_is_replaced_by_something_else_after_it_was_opened_is_an_error() {
    for (expected, make) in NO_FILES {
        let lab = Lab::with(DOCUMENT);
        let handle = lab.open();
        handle.set_section("staged", &1).unwrap();
        fs::remove_file(lab.path()).unwrap();
        make(&lab.path());
        let FlushError::Open(OpenError::Read(ReadFileError::NotAFile { kind, .. })) =
            handle.flush().unwrap_err()
        else {
            panic!("another error")
        };
        assert_eq!(kind, expected);
        lab.assert_only_the_document();
        fs::remove_file(lab.path()).or_else(|_| fs::remove_dir(lab.path())).unwrap();
        // What is staged still is, and what the handle once read is not brought back.
        lab.write("{}");
        handle.flush().unwrap();
        assert_eq!(lab.text(), "{\n  \"staged\": 1\n}\n");
    }
}

#[cfg(unix)] // Windows has no such things, and Wine makes no links.
#[test]
fn a_link_that_leads_nowhere_is_an_error_and_stays() {
    let lab = Lab::new();
    for answer in answers(&lab.path(), || symlink("nowhere", lab.path()).unwrap()) {
        let ReadFileError::DanglingLink { path } = answer else { panic!("{answer:?}") };
        assert_eq!(path, lab.path());
    }
    lab.assert_only_the_document();
    assert_eq!(fs::read_link(lab.path()).unwrap(), Path::new("nowhere"));
}

#[cfg(unix)] // Windows says "not found" of both.
#[test]
fn a_file_in_place_of_the_directory_is_an_error_and_stays() {
    let lab = Lab::with("{}");
    let before = lab.snapshot();
    let path = lab.path().join("inside");
    assert!(matches!(
        Lockfile::open(&path).unwrap_err(),
        OpenError::Read(ReadFileError::Io { .. })
    ));
    quick().update(&path, |_| Ok::<_, FlushError>(())).unwrap_err();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_path_that_names_no_file_is_an_error() {
    for path in ["", "/", ".."] {
        let updated =
            within(WATCHDOG, move || impatient().update(path, |_| Ok::<_, FlushError>(())));
        updated.unwrap_err();
    }
}
