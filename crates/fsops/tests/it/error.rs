//! What the errors say, and what they become as `std::io::Error`.

use std::error::Error;
use std::io::{self, ErrorKind};
#[cfg(unix)]
use std::os::unix::fs::symlink;

use fsops::{
    AppendError, AtomicFile, ReadFileError, ReadyFile, ReplaceError, Version, append_record, read,
    write_atomic,
};

use crate::support::{Lab, NEW};

#[cfg(unix)] // With its callers.
/// Verb and path in front, the operating system's answer as the source and not repeated.
fn assert_well_said(error: &(impl Error + 'static), path: &str) {
    let text = error.to_string();
    assert!(text.contains("failed to ") && text.contains(path), "{text}");
    if let Some(source) = error.source() {
        assert!(!text.contains(&source.to_string()), "{text}");
    }
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn each_names_the_path_and_does_not_repeat_its_source() {
    let lab = Lab::new();
    std::fs::create_dir(lab.join("directory")).unwrap();
    symlink("nowhere", lab.join("dangling")).unwrap();
    lab.old_target();
    for name in ["directory", "dangling", "state.json/inside"] {
        assert_well_said(&read(lab.join(name)).unwrap_err(), name);
        let write = write_atomic(lab.join(name), NEW).unwrap_err();
        assert_well_said(&write, name.trim_end_matches("/inside"));
    }
    for name in ["directory", "state.json/inside", "missing/log"] {
        assert_well_said(&append_record(lab.join(name), b"{}").unwrap_err(), name);
    }
    assert_well_said(&append_record(lab.join("log"), b"").unwrap_err(), "log");
}

#[test]
#[cfg(unix)] // Wine makes no links.
fn as_io_errors_they_keep_kind_and_message() {
    fn check<E: Error + Send + Sync + 'static + Into<io::Error>>(error: E, kind: ErrorKind) {
        let text = error.to_string();
        let error: io::Error = error.into();
        assert_eq!((error.kind(), error.to_string()), (kind, text));
        assert!(error.get_ref().and_then(|inner| inner.downcast_ref::<E>()).is_some());
    }
    let lab = Lab::new();
    std::fs::create_dir(lab.join("directory")).unwrap();
    symlink("nowhere", lab.join("dangling")).unwrap();
    lab.old_target();
    let (directory, dangling) = (lab.join("directory"), lab.join("dangling"));
    check(read(&directory).unwrap_err(), ErrorKind::InvalidInput);
    check(read(&dangling).unwrap_err(), ErrorKind::NotFound);
    check(read(lab.join("state.json/inside")).unwrap_err(), ErrorKind::NotADirectory);
    check(write_atomic(&directory, NEW).unwrap_err(), ErrorKind::InvalidInput);
    check(write_atomic(&dangling, NEW).unwrap_err(), ErrorKind::NotFound);
    check(write_atomic(lab.join("missing/file"), NEW).unwrap_err(), ErrorKind::NotFound);
    check(append_record(&directory, b"{}").unwrap_err(), ErrorKind::InvalidInput);
    check(append_record(lab.target(), b"").unwrap_err(), ErrorKind::InvalidInput);
    check(append_record(lab.join("missing/log"), b"{}").unwrap_err(), ErrorKind::NotFound);
}

#[test]
fn handles_and_errors_go_to_other_threads() {
    fn goes<T: Send + Sync + 'static>() {}
    goes::<AtomicFile>();
    goes::<ReadyFile>();
    goes::<Version>();
    goes::<ReplaceError>();
    goes::<AppendError>();
    goes::<ReadFileError>();
}
