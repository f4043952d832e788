//! `reread`: as `read`, but what is known is not kept.

use std::fs;

use fsops::{Contents, ReadFileError, Reread, read, reread};
use testkit::within;

use crate::support::{Lab, NEW, OLD, WATCHDOG, no_files};

/// Lengths around that of the parts which are compared.
const LENGTHS: [usize; 7] = [0, 1, 2, 65_535, 65_536, 65_537, 1_000_001];

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).expect("because it is below 251")).collect()
}

#[track_caller]
fn expect_other(lab: &Lab, known: &[u8]) {
    let Reread::Other(Contents { bytes, version, .. }) = reread(lab.target(), known).unwrap()
    else {
        panic!("it is not the same")
    };
    assert!(bytes.unwrap() == fs::read(lab.target()).unwrap(), "all of it, and nothing else");
    assert!(version.is_current(lab.target()).unwrap());
}

#[test]
fn what_is_known_is_the_same() {
    for lab in Lab::everywhere() {
        for length in LENGTHS {
            fs::write(lab.target(), bytes(length)).unwrap();
            let Reread::Same(version) = reread(lab.target(), &bytes(length)).unwrap() else {
                panic!("{length} bytes are the same")
            };
            assert!(!version.is_missing());
            assert!(version.is_current(lab.target()).unwrap());
            assert_eq!(version.is_current(lab.join("another")).ok(), Some(false));
        }
    }
}

#[test]
fn one_other_byte_anywhere_is_seen_and_all_is_read() {
    for lab in Lab::everywhere() {
        for length in LENGTHS {
            fs::write(lab.target(), bytes(length)).unwrap();
            let places = [0, 1, length / 2, 65_535, 65_536, 131_072, length.wrapping_sub(1)];
            for at in places.into_iter().filter(|at| *at < length) {
                let mut known = bytes(length);
                known[at] ^= 1;
                expect_other(&lab, &known);
            }
        }
    }
}

#[test]
fn a_shorter_or_longer_file_is_another() {
    for lab in Lab::everywhere() {
        for length in LENGTHS {
            fs::write(lab.target(), bytes(length)).unwrap();
            expect_other(&lab, &bytes(length + 1));
            expect_other(&lab, &bytes(length + 70_000));
            if length > 0 {
                expect_other(&lab, &bytes(length - 1));
                expect_other(&lab, b"");
            }
        }
    }
}

/// Not even one of which an empty file is known.
#[test]
fn a_missing_file_is_not_the_same() {
    let lab = Lab::new();
    for known in [OLD, b""] {
        let Reread::Other(contents) = reread(lab.target(), known).unwrap() else { panic!() };
        assert_eq!(contents.bytes, None);
        assert!(contents.version.is_missing());
    }
}

#[test]
fn the_version_of_what_is_the_same_tells_a_change() {
    for lab in Lab::everywhere() {
        lab.old_target();
        let Reread::Same(version) = reread(lab.target(), OLD).unwrap() else { panic!() };
        fs::write(lab.target(), NEW).unwrap();
        assert!(!version.is_current(lab.target()).unwrap());
    }
}

#[test]
fn what_is_no_file_is_refused_as_it_is_by_read() {
    let lab = Lab::new();
    for (path, _) in no_files(&lab) {
        let expected = read(&path).unwrap_err().to_string();
        let error = within(WATCHDOG, move || reread(path, b"")).unwrap_err();
        assert!(matches!(error, ReadFileError::NotAFile { .. }), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
}
