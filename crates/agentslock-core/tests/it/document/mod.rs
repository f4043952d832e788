//! What is no document: each way in says what is wrong and where, and changes nothing.

mod no_files;

use agentslock_core::merge::{MarkedSides, MarkerProblem, Resolution, Side, merge};
use agentslock_core::text::SyntaxProblem;
use agentslock_core::{FlushError, Lockfile, OpenError};

use crate::support::{DOCUMENT, Lab, quick};

/// What is wrong with `document`, and where. All three ways in must agree: opening it, flushing a
/// handle that was opened before it went bad, and updating it.
fn problem_in(lab: &Lab, document: &[u8]) -> (usize, usize, SyntaxProblem) {
    lab.write(DOCUMENT);
    let handle = lab.open();
    handle.set_section("staged", &1).unwrap();
    lab.write(document);
    lab.age();
    let before = lab.snapshot();

    let opened = Lockfile::open(lab.path()).unwrap_err();
    let FlushError::Open(flushed) = handle.flush().unwrap_err() else { panic!("another error") };
    let mut runs = 0;
    let updated = quick().update(lab.path(), |lockfile| {
        runs += 1;
        lockfile.set_section("staged", &1).unwrap();
        Ok::<_, FlushError>(())
    });
    let FlushError::Open(updated) = updated.unwrap_err() else { panic!("another error") };
    assert_eq!(runs, 0, "an update began on what is no document");

    assert_merge_says(document, &opened);

    // Neither the file was touched, nor is a lock or a temporary left.
    assert_eq!(lab.snapshot(), before);
    assert!(filelock::try_acquire(lab.path()).unwrap().acquired().is_some());

    // Repaired, it takes what was staged before.
    lab.write("{}");
    handle.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"staged\": 1\n}\n");

    let [first, second, third] = [opened, flushed, updated].map(|error| {
        let said = error.to_string();
        let OpenError::Malformed { path, error } = error else { panic!("{said}") };
        assert_eq!(path, lab.path());
        assert_eq!(said, format!("`{}`, {error}", path.display()));
        let place = format!("line {}, column {}: {}", error.line, error.column, error.problem);
        assert_eq!(error.to_string(), place);
        (error.line, error.column, error.problem)
    });
    assert_eq!(first, second);
    assert_eq!(first, third);
    first
}

/// What merges say of a document, whichever of the three it is, and what reads a marked one, too.
fn assert_merge_says(document: &[u8], opened: &OpenError) {
    let OpenError::Malformed { error: wrong, .. } = opened else { panic!("{opened:?}") };
    for side in [Side::Base, Side::Ours, Side::Theirs] {
        let of = |this| if this == side { document } else { b"{}" };
        let [base, ours, theirs] = [Side::Base, Side::Ours, Side::Theirs].map(of);
        match merge(base, ours, theirs, &mut Resolution::Unresolved) {
            Err(error) => {
                assert_eq!((error.side, error.error), (side, wrong.clone()));
            }
            Ok(_) => assert_eq!((side, &wrong.problem), (Side::Base, &SyntaxProblem::Empty)),
        }
    }
    let error = MarkedSides::read(document).unwrap_err();
    if error.problem != MarkerProblem::Endless {
        assert_eq!(error.problem, MarkerProblem::Malformed(Side::Ours, wrong.problem.clone()));
        assert_eq!((error.line, error.column), (wrong.line, wrong.column));
    }
}

#[test]
fn each_kind_of_bad_document_is_told_with_its_place_and_stays() {
    let lab = Lab::new();
    let problem_at = |document: &[u8]| problem_in(&lab, document);
    assert_eq!(problem_at(b""), (1, 1, SyntaxProblem::Empty));
    assert_eq!(problem_at(b" \n\t\r\n"), (1, 1, SyntaxProblem::Empty));
    assert_eq!(problem_at(b"null"), (1, 1, SyntaxProblem::NotAnObject("null")));
    assert_eq!(problem_at(b"\n\n  [{}]"), (3, 3, SyntaxProblem::NotAnObject("an array")));
    assert_eq!(problem_at(b"[]\n"), (1, 1, SyntaxProblem::NotAnObject("an array")));
    assert_eq!(problem_at(b"\"{}\""), (1, 1, SyntaxProblem::NotAnObject("a string")));
    assert_eq!(problem_at(b"false"), (1, 1, SyntaxProblem::NotAnObject("a boolean")));
    assert_eq!(problem_at(b"-1.5e3"), (1, 1, SyntaxProblem::NotAnObject("a number")));
    assert_eq!(problem_at(b"{\n \"a\": \"\xc3\"}"), (2, 8, SyntaxProblem::NotUtf8));
    assert_eq!(problem_at(b"\xff\xfe{\0}\0"), (1, 1, SyntaxProblem::NotUtf8));
    assert_eq!(problem_at("\u{feff}{}".as_bytes()), (1, 1, SyntaxProblem::ByteOrderMark));
    let twice = || SyntaxProblem::DuplicateKey("a".to_owned());
    assert_eq!(problem_at(b"{\"a\":1,\n \"a\":1}"), (2, 2, twice()));
    assert_eq!(problem_at(b"{\"a\":1,\"b\":2,\"\\u0061\":3}"), (1, 14, twice()));
    assert_eq!(problem_at(b"{\"\\u0061\":1,\"\\u0061\":1}"), (1, 13, twice()));
    let version = SyntaxProblem::DuplicateKey("lock_version".to_owned());
    assert_eq!(problem_at(b"{\"lock_version\":1,\"lock\\u005Fversion\":1}"), (1, 19, version));
    assert_eq!(problem_at(b"{\"a\":1, \"x\\uD83D\":2}"), (1, 9, SyntaxProblem::BrokenKey));
    assert_eq!(problem_at(b"{\"\\ude00\\ud83d\":2}"), (1, 2, SyntaxProblem::BrokenKey));
}

#[test]
fn what_git_left_between_markers_is_called_so() {
    let lab = Lab::new();
    let both = "{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> topic\n}\n";
    for (text, line) in [("<<<<<<< HEAD\n{}\n", 1), (both, 2)] {
        lab.write(text);
        let error = Lockfile::open(lab.path()).unwrap_err();
        let OpenError::Malformed { error, .. } = error else { panic!("{error:?}") };
        assert_eq!((error.line, error.column), (line, 1));
        assert_eq!(error.problem, SyntaxProblem::ConflictMarkers);
    }
    // Inside a text they are no markers.
    let text = b"{\"a\": \"\\n<<<<<<< HEAD\"}";
    lab.write(text);
    assert!(Lockfile::open(lab.path()).is_ok());
}

#[test]
fn each_fault_of_syntax_is_told_with_its_place_and_stays() {
    let lab = Lab::new();
    let nul = [0; 4096];
    let faults: [(&[u8], usize, usize); 15] = [
        (b"{} {}", 1, 4),
        (b"{}\n\n,", 3, 1),
        (b"{}\0", 1, 3),
        (&nul, 1, 1),
        (b"{\"a\":1,}", 1, 8),
        (b"{,}", 1, 2),
        (b"{\"a\" 1}", 1, 6),
        (b"{\"a\":01}", 1, 7),
        (b"{\"a\":+1}", 1, 6),
        (b"{\"a\":NaN}", 1, 6),
        (b"{\"a\":'x'}", 1, 6),
        (b"{a:1}", 1, 2),
        (b"{1:1}", 1, 2),
        (b"[1", 1, 2),
        (b"nul", 1, 3),
    ];
    for (document, line, column) in faults {
        let (at_line, at_column, problem) = problem_in(&lab, document);
        let shown = String::from_utf8_lossy(&document[..document.len().min(40)]).into_owned();
        assert!(matches!(problem, SyntaxProblem::Syntax(_)), "{shown:?}: {problem:?}");
        assert_eq!((at_line, at_column), (line, column), "{shown:?}");
    }
    // Where exactly within the string the fault lies is up to the parser.
    for document in ["{\"a\":\"\n\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"\\uZZZZ\":1}"] {
        assert!(
            matches!(problem_in(&lab, document.as_bytes()).2, SyntaxProblem::Syntax(_)),
            "{document:?}"
        );
    }
}

#[test]
fn a_document_cut_off_at_any_byte_is_told_and_stays() {
    let lab = Lab::in_memory();
    let bytes = DOCUMENT.as_bytes();
    // Without its last newline it is whole.
    for length in 0..bytes.len() - 1 {
        let (line, column, problem) = problem_in(&lab, &bytes[..length]);
        let expected = match length {
            0 => matches!(problem, SyntaxProblem::Empty),
            _ if DOCUMENT.is_char_boundary(length) => matches!(problem, SyntaxProblem::Syntax(_)),
            _ => matches!(problem, SyntaxProblem::NotUtf8),
        };
        assert!(expected, "cut off at {length}: {problem:?}");
        // The end is where it goes wrong.
        let lines = bytes[..length].iter().filter(|byte| **byte == b'\n').count() + 1;
        assert_eq!(line, lines, "cut off at {length}");
        assert!(column >= 1, "cut off at {length}: column {column}");
    }
    lab.write(&bytes[..bytes.len() - 1]);
    assert_eq!(lab.open().section_names(), ["adapters", "install", "units"]);
}

#[test]
fn what_only_a_reader_of_sections_would_mind_is_no_fault_of_the_document() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    for value in [
        "{\"a\":1,\"a\":2}",
        "\"\\ud83d\"",
        "1e999999",
        "\"\u{feff}\u{7f}\u{2028}\"",
        "\"\\u0000\"",
        &deep,
    ] {
        let lab = Lab::with(format!("{{\"kept\":{value},\"lock_version\":{{}}}}"));
        assert_eq!(lab.open().section_raw("kept").unwrap().as_deref(), Some(value));
    }
}

#[test]
fn a_document_without_keys_is_a_document() {
    for document in ["{}", " {\n} \r\n", "{}\n"] {
        let lab = Lab::with(document);
        let lockfile = lab.open();
        assert_eq!(lockfile.section_names(), [""; 0]);
        assert_eq!(lockfile.lock_version().unwrap(), 1);
        assert_eq!(lockfile.inputs_digest(), None);
    }
}
