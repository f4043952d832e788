//! The canonical form of a whole document.

use agentslock_core::text::{SyntaxError, SyntaxProblem, canonical_difference, canonical_text};
use agentslock_core::{Digest, Lockfile};

#[test]
fn all_of_the_frame_and_of_the_values_is_laid_out() {
    assert_eq!(
        canonical_text(
            "{\"b\":{\"y\":[1,2.50],\"x\":{}},\t\"\\u0061\" : \"<\",\"lock_version\":1}"
        )
        .unwrap(),
        "{\n  \"a\": \"\\u003c\",\n  \"b\": {\n    \"y\": [\n      1,\n      2.50\n    ],\n    \
         \"x\": {}\n  },\n  \"lock_version\": 1\n}\n"
    );
    assert_eq!(canonical_text(" { } ").unwrap(), "{}\n");
}

#[test]
fn what_a_flush_writes_is_canonical() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("document");
    let lockfile = Lockfile::open(&path).unwrap();
    lockfile
        .set_section_raw("s<", "{\"b\": [{}, []], \"a\": \"\\u00e9 & é\", \"b\": 1e2}")
        .unwrap();
    lockfile.set_inputs_digest(&Digest::verbatim("sha256:<>"));
    lockfile.flush().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(canonical_text(&*text).unwrap(), text);
}

#[test]
fn what_is_no_document_has_none() {
    let error = canonical_text("{\n\"a\":1,\"a\":2}").unwrap_err();
    assert!(matches!(error, SyntaxError { line: 2, column: 7, .. }), "{error}");
    let deep = format!("{{\n \"s\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let error = canonical_text(deep).unwrap_err();
    assert_eq!((error.line, error.column), (2, 2), "{error}");
    assert!(matches!(&error.problem, SyntaxProblem::TooDeep { key, .. } if key == "s"), "{error}");
}

/// Where `text` differs from its canonical form, found by making that.
fn difference(text: &str) -> Option<usize> {
    let canonical = canonical_text(text).unwrap();
    let same = text.bytes().zip(canonical.bytes()).take_while(|(a, b)| a == b).count();
    (text != canonical).then_some(same)
}

#[test]
fn the_difference_is_found_without_making_the_canonical_form() {
    let canonical = canonical_text("{\"b\":{\"y\":[1,[],{}],\"x\":\"<é\"},\"a\":{}}").unwrap();
    assert_eq!(canonical_difference(&*canonical).unwrap(), None);
    // Blanks at each place where a token begins or ends, and one line end too many or too few.
    for (at, _) in canonical.char_indices().chain([(canonical.len(), ' ')]) {
        let text = format!("{} {}", &canonical[..at], &canonical[at..]);
        if let Ok(found) = canonical_difference(&*text) {
            assert_eq!(found, difference(&text), "{text}");
        }
    }
    for text in [canonical.trim_end(), &format!("{canonical}\n"), "{}", " {}\n"] {
        assert_eq!(canonical_difference(text).unwrap(), difference(text), "{text}");
        assert!(difference(text).is_some());
    }
}

#[test]
fn the_difference_of_a_deep_document_takes_time_that_grows_with_the_text() {
    // 32 KB. Its canonical form would be 160 MB. (How much memory it takes is a test of `check`.)
    let deep = |elements: usize| {
        let elements = vec!["1"; elements].join(",");
        format!("{{\"a\":{}{elements}{}}}", "[".repeat(5_000), "]".repeat(5_000))
    };
    let started = std::time::Instant::now();
    assert_eq!(canonical_difference(deep(11_000)).unwrap(), Some(1));
    // Too large to be laid out: known without doing it.
    let error = canonical_difference(deep(110_000)).unwrap_err();
    assert!(matches!(error.problem, SyntaxProblem::TooDeep { .. }), "{error}");
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
