//! Conflict markers, as they are written and as they are read.

use std::num::NonZero;

use agentslock_core::merge::{MarkedSides, MarkerProblem, Markers, Resolution, Side, merge};
use agentslock_core::text::SyntaxProblem;

use super::merged;

const BASE: &str = "{\"lock_version\":1,\"units\":{\"a\":1,\"b\":{\"x\":1},\"d\":1}}";
const OURS: &str = "{\"lock_version\":1,\"units\":{\"a\":2,\"b\":{\"x\":2},\"c\":1}}";
const THEIRS: &str = "{\"lock_version\":1,\"units\":{\"a\":1,\"b\":{\"x\":3},\"d\":3}}";

const MARKED: &str = r#"{
  "lock_version": 1,
  "units": {
    "a": 2,
<<<<<<< HEAD
    "b": {"x":2},
||||||| base
    "b": {"x":1},
=======
    "b": {"x":3},
>>>>>>> topic
    "c": 1,
<<<<<<< HEAD
||||||| base
    "d": 1
=======
    "d": 3
>>>>>>> topic
  }
}
"#;

fn markers() -> Markers<'static> {
    Markers { ours: "HEAD", theirs: "topic", ..Markers::default() }
}

fn read(text: &str) -> MarkedSides {
    MarkedSides::read(text).unwrap()
}

/// Line, column, and problem.
fn problem_at(text: impl AsRef<[u8]>) -> (usize, usize, MarkerProblem) {
    let error = MarkedSides::read(text).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with(&format!("line {}, column {}: ", error.line, error.column)), "{said}");
    (error.line, error.column, error.problem)
}

#[test]
fn a_conflict_stands_between_markers_and_the_rest_as_ever() {
    assert_eq!(merged(BASE, OURS, THEIRS).marked(&markers()), MARKED);
    let whole = merged("{\"a\":0,\"s\":1}", "{\"a\":1}", "{\"a\":1,\"s\":2}");
    let size = NonZero::new(3).unwrap();
    let markers = Markers { size, ours: "o\ninjected", base: "", theirs: "\r\n" };
    let expected = "{\n  \"a\": 1,\n<<< o\n|||\n  \"s\": 1\n===\n  \"s\": 2\n>>>\n}\n";
    assert_eq!(whole.marked(&markers), expected);
}

#[test]
fn without_a_conflict_there_is_no_marker() {
    let merged = merged("", "{\"b\":1}", "{\"a\": [ ]}");
    assert_eq!(merged.marked(&markers()), "{\n  \"a\": [ ],\n  \"b\": 1\n}\n");
    assert_eq!(merged.text(), Some(merged.marked(&markers())));
}

#[test]
fn the_three_documents_are_read_back() {
    let sides = read(MARKED);
    assert_eq!(sides.conflicts, 2);
    let expected = |units: &str| format!("{{\"lock_version\":1,\"units\":{{{units}}}}}");
    let line = |text: &str| agentslock_core::text::compact(text).unwrap();
    assert_eq!(line(&sides.ours), expected("\"a\":2,\"b\":{\"x\":2},\"c\":1"));
    assert_eq!(line(&sides.theirs), expected("\"a\":2,\"b\":{\"x\":3},\"c\":1,\"d\":3"));
    assert_eq!(line(&sides.base.unwrap()), expected("\"a\":2,\"b\":{\"x\":1},\"c\":1,\"d\":1"));
}

#[test]
fn what_git_leaves_is_read() {
    // Markers in the middle of an entry, carriage returns, and no base.
    let text = "{\r\n  \"units\": {\r\n    \"a\": {\r\n<<<<<<< HEAD\r\n      \"digest\": \"1\"\r\n=======\r\n      \"digest\": \"<<<<<<< 2\"\r\n>>>>>>> 0a1b2c3 (a commit: é)\r\n    }\r\n  }\r\n}\r\n";
    let sides = read(text);
    assert_eq!((sides.conflicts, &sides.base), (1, &None));
    assert!(sides.ours.contains("\"1\"") && !sides.ours.contains('2'), "{}", sides.ours);
    assert!(sides.theirs.contains("\"<<<<<<< 2\""), "{}", sides.theirs);
    // Two entries at the end of a section, of which only one has a comma.
    let sides = read(
        "{\n\"a\": 1,\n<<<<<<< HEAD\n\"b\": 2\n||||||| 1234567\n=======\n\"c\": 3,\n\"d\": 4\n>>>>>>> x\n}",
    );
    assert_eq!(sides.base.as_deref(), Some("{\n\"a\": 1\n}"));
    assert_eq!(sides.theirs, "{\n\"a\": 1,\n\"c\": 3,\n\"d\": 4\n}");
}

#[test]
fn what_a_person_chose_is_read() {
    // Theirs of the first, and ours, which is nothing, of the second.
    let chosen = MARKED
        .replace(
            "<<<<<<< HEAD\n    \"b\": {\"x\":2},\n||||||| base\n    \"b\": {\"x\":1},\n=======\n",
            "",
        )
        .replace("{\"x\":3},\n>>>>>>> topic\n", "{\"x\":3},\n");
    let sides = read(&chosen);
    assert_eq!(sides.conflicts, 1);
    let chosen = chosen.split("<<<<<<<").next().unwrap().to_owned() + "  }\n}\n";
    let sides = read(&chosen);
    assert_eq!((sides.conflicts, &sides.base, &sides.ours), (0, &None, &sides.theirs));
    assert_eq!(sides.ours, chosen.replace("\"c\": 1,", "\"c\": 1"));
    // Both of two additions: a comma is missing between them.
    assert_eq!(read("{\n\"a\": {\n}\n\"b\": 2\n}").ours, "{\n\"a\": {\n},\n\"b\": 2\n}");
}

#[test]
fn a_marker_out_of_place_is_told() {
    let part = |lines: &str| format!("{{\n{}\n}}", lines.replace(' ', "\n"));
    for (lines, line) in [
        ("=======", 2),
        (">>>>>>>", 2),
        ("|||||||", 2),
        ("<<<<<<< >>>>>>>", 3),
        ("<<<<<<< <<<<<<<", 3),
        ("<<<<<<< ||||||| |||||||", 4),
        ("<<<<<<< ||||||| >>>>>>>", 4),
        ("<<<<<<< ||||||| <<<<<<<<<", 4),
        ("<<<<<<< ======= =======", 4),
        ("<<<<<<< ======= |||||||", 4),
        ("<<<<<<< ======= >>>>>>", 4),
        ("<<<<<<< ======= >>>>>>> >>>>>>>", 5),
    ] {
        assert_eq!(problem_at(part(lines)), (line, 1, MarkerProblem::OutOfPlace), "{lines}");
    }
    for lines in ["<<<<<<<", "<<<<<<< |||||||", "<<<<<<< ======= \"a\":1"] {
        assert_eq!(problem_at(part(lines)), (2, 1, MarkerProblem::Endless), "{lines}");
    }
    let mixed = part("<<<<<<< ======= >>>>>>> <<<<<<< ||||||| ======= >>>>>>>");
    assert_eq!(problem_at(mixed), (5, 1, MarkerProblem::SometimesBase));
}

#[test]
fn a_side_that_is_no_document_is_told_with_its_place_in_the_marked_text() {
    let twice = |side| MarkerProblem::Malformed(side, SyntaxProblem::DuplicateKey("a".to_owned()));
    let text = "{\n<<<<<<< x\n\"b\":1\n=======\n\"a\":1,\n  \"a\":1\n>>>>>>> y\n}";
    assert_eq!(problem_at(text), (6, 3, twice(Side::Theirs)));
    let text = "{\n\"a\":1,\n<<<<<<< x\n||||||| b\n\"a\": 0\n=======\n>>>>>>> y\n}";
    assert_eq!(problem_at(text), (5, 1, twice(Side::Base)));
    // Both sides kept by hand.
    assert_eq!(problem_at("{\n\"a\":1\n\"a\":2\n}"), (3, 1, twice(Side::Ours)));
    let empty = MarkerProblem::Malformed(Side::Ours, SyntaxProblem::Empty);
    assert_eq!(problem_at("<<<<<<< x\n=======\n{}\n>>>>>>> y\n"), (5, 1, empty.clone()));
    assert_eq!(problem_at(""), (1, 1, empty));
    let utf8 = MarkerProblem::Malformed(Side::Theirs, SyntaxProblem::NotUtf8);
    assert_eq!(problem_at(b"{\n<<<<<<< \xff\n=======\n \"\xff\":1\n>>>>>>> \xff\n}"), (4, 3, utf8));
    for (text, line, column) in [
        ("{\n<<<<<<<x\n}", 2, 1),
        ("{\n \"a\": 1 \"b\": 2\n}", 2, 9),
        ("{\n\"a\": 1,,\n}", 2, 8),
        ("{\n<<<<<<< x\n=======\n>>>>>>> y\n", 5, 1),
        ("{}\n{}", 2, 1),
    ] {
        let (at_line, at_column, problem) = problem_at(text);
        assert!(matches!(problem, MarkerProblem::Malformed(Side::Ours, SyntaxProblem::Syntax(_))));
        assert_eq!((at_line, at_column), (line, column), "{text:?}");
    }
}

/// The line after it belongs to another section on each side, so that the base would have what
/// nobody had.
#[test]
fn a_conflict_that_shows_a_base_and_whose_sides_end_in_different_places_is_told() {
    for (base, expected) in [("", false), ("||||||| base\n  \"units\": {}\n", true)] {
        let text = format!(
            "{{\n  \"lock_version\": 1,\n<<<<<<< HEAD\n  \"units\": {{\n    \"d\": 1\n  }},\n  \"zz\": {{\n\
             {base}=======\n  \"units\": {{\n>>>>>>> topic\n    \"c\": {{\n      \"d\": 1\n    }}\n  }}\n}}\n"
        );
        let told = MarkedSides::read(&text)
            .is_err_and(|error| (error.line, error.problem) == (3, MarkerProblem::EndsElsewhere));
        assert_eq!(told, expected, "{text}");
    }
}

#[test]
fn many_conflicts_in_a_deep_place_are_read_in_time_that_grows_with_the_text() {
    // Comparing the ways to the ends of all conflicts takes minutes here.
    let text = format!("{{\"a\":\n{}{}", "[\n".repeat(50_000), "<\n|\n=\n>\n".repeat(50_000));
    let error = testkit::within(std::time::Duration::from_secs(60), move || {
        MarkedSides::read(&text).unwrap_err()
    });
    assert!(matches!(error.problem, MarkerProblem::Malformed(..)), "{error:?}");
}

#[test]
fn no_string_is_taken_for_a_marker() {
    let text =
        "{\n  \"<<<<<<<\": \"|||||||\",\n  \"a\": \"\\n<<<<<<< x\\n=======\\n>>>>>>> y\"\n}\n";
    let sides = read(text);
    assert_eq!((sides.conflicts, sides.ours.as_str()), (0, text));
    let merged = merge("", text, text.replace(" x", " z"), &mut Resolution::Unresolved).unwrap();
    let sides = read(&merged.marked(&markers()));
    assert_eq!((sides.conflicts, sides.ours.as_str()), (1, text));
}
