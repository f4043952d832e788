//! Merging: the rule by example. What holds for all documents is in `properties`.

mod marked;
mod properties;
mod rule;
mod triple;

use agentslock_core::merge::{
    Conflict, Markers, MergeError, Merged, Resolution, Resolver, Side, merge,
};
use agentslock_core::text::{SyntaxError, SyntaxProblem};

/// Merges and leaves every conflict open.
fn merged(base: &str, ours: &str, theirs: &str) -> Merged {
    merge(base, ours, theirs, &mut Resolution::Unresolved).unwrap()
}

/// The text of a merge that leaves no conflict, without white space.
fn text(base: &str, ours: &str, theirs: &str) -> String {
    let text = merged(base, ours, theirs).text().expect("because nothing is in conflict");
    agentslock_core::text::compact(text).unwrap()
}

/// Section, entry, base, ours, theirs.
type Seen<'a> = (&'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn seen<'a>(conflict: &Conflict<'a>) -> Seen<'a> {
    let Conflict { section, entry, base, ours, theirs, .. } = *conflict;
    (section, entry, base, ours, theirs)
}

#[test]
fn what_one_side_changed_is_taken() {
    assert_eq!(
        text("{\"a\":1,\"b\":1}", "{\"a\":2,\"b\":1}", "{\"a\":1,\"b\":3}"),
        "{\"a\":2,\"b\":3}"
    );
    assert_eq!(
        text("{\"a\":1}", "{\"a\":1,\"c\":1}", "{\"a\":1,\"b\":1}"),
        "{\"a\":1,\"b\":1,\"c\":1}"
    );
    assert_eq!(text("{\"a\":1,\"b\":1}", "{\"a\":1}", "{\"b\":1}"), "{}");
    let (base, ours, theirs) = (
        "{\"s\":{\"a\":1,\"b\":1,\"c\":1}}",
        "{\"s\":{\"a\":2,\"c\":1}}",
        "{\"s\":{\"a\":1,\"b\":1,\"d\":1}}",
    );
    assert_eq!(text(base, ours, theirs), "{\"s\":{\"a\":2,\"d\":1}}");
}

#[test]
fn what_both_changed_alike_is_taken() {
    assert_eq!(text("{\"a\":1,\"b\":1}", "{\"a\":2}", "{\"a\":2}"), "{\"a\":2}");
    let (base, ours, theirs) =
        ("{\"s\":{\"a\":1}}", "{\"s\":{\"a\":2,\"b\":1}}", "{\"s\":{\"a\":2,\"c\":1}}");
    assert_eq!(text(base, ours, theirs), "{\"s\":{\"a\":2,\"b\":1,\"c\":1}}");
}

#[test]
fn what_both_changed_otherwise_is_a_conflict() {
    let base = "{\"a\":1,\"s\":{\"x\":1,\"y\":1,\"z\":1}}";
    let ours = "{\"a\":2,\"s\":{\"x\":2,\"y\":1}}";
    let theirs = "{\"a\": [3],\"s\":{\"x\":3,\"z\":3}}";
    let merged = merged(base, ours, theirs);
    assert_eq!(merged.text(), None);
    let conflicts: Vec<_> = merged.conflicts().map(|conflict| seen(&conflict)).collect();
    assert_eq!(
        conflicts,
        [
            ("a", None, Some("1"), Some("2"), Some("[3]")),
            ("s", Some("x"), Some("1"), Some("2"), Some("3")),
            ("s", Some("z"), Some("1"), None, Some("3")),
        ]
    );
}

#[test]
fn removed_by_one_and_changed_by_the_other_is_a_conflict() {
    for (ours, theirs) in [("{}", "{\"s\":{\"a\":2}}"), ("{\"s\":{}}", "{\"s\":{\"a\":2}}")] {
        let base = "{\"s\":{\"a\":1}}";
        assert_eq!(merged(base, ours, theirs).conflicts().count(), 1);
        assert_eq!(merged(base, theirs, ours).conflicts().count(), 1);
    }
    // Removing what the other one only spelled anew is not.
    assert_eq!(text("{\"s\":{\"a\":1}}", "{}", "{\"s\": { \"\\u0061\": 1 }}"), "{}");
}

#[test]
fn the_resolver_decides_and_is_asked_about_conflicts_only() {
    let base = "{\"s\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1}}";
    let ours = "{\"s\":{\"a\":2,\"b\":2,\"c\":2}}";
    let theirs = "{\"s\":{\"a\":3,\"b\":3,\"d\":3,\"e\":3}}";
    let mut asked = Vec::new();
    let merged = merge(base, ours, theirs, &mut |conflict: &Conflict<'_>| {
        asked.push(conflict.entry.unwrap_or_default().to_owned());
        match conflict.entry {
            Some("a" | "d") => Resolution::Ours,
            Some("b" | "c") => Resolution::Theirs,
            _ => Resolution::Unresolved,
        }
    });
    let text = merged.unwrap().text().expect("because all were resolved");
    assert_eq!(agentslock_core::text::compact(text).unwrap(), "{\"s\":{\"a\":2,\"b\":3,\"e\":3}}");
    assert_eq!(asked, ["a", "b", "c", "d"]);
}

#[test]
fn an_indivisible_section_is_taken_whole() {
    struct Whole;
    impl Resolver for Whole {
        fn is_indivisible(&self, section: &str) -> bool {
            section == "install"
        }
        fn resolve(&mut self, conflict: &Conflict<'_>) -> Resolution {
            assert_eq!((conflict.section, conflict.entry), ("install", None));
            assert_eq!(conflict.base, Some("{\"at\":1,\"version\":1}"));
            Resolution::Theirs
        }
    }
    let base = "{\"install\":{\"at\":1,\"version\":1},\"units\":{}}";
    let ours = "{\"install\":{\"at\":1,\"version\":2},\"units\":{\"a\":1}}";
    let theirs = "{\"install\":{\"at\":2,\"version\":1},\"units\":{\"b\":1}}";
    let text = merge(base, ours, theirs, &mut Whole).unwrap().text().unwrap();
    let expected = "{\"install\":{\"at\":2,\"version\":1},\"units\":{\"a\":1,\"b\":1}}";
    assert_eq!(agentslock_core::text::compact(text).unwrap(), expected);
}

#[test]
fn without_a_base_both_sides_created_the_document() {
    for base in ["", " \n", "{}"] {
        let ours = "{\"lock_version\":1,\"units\":{\"a\":1,\"b\":1}}";
        let theirs = "{\"install\":{},\"lock_version\":1,\"units\":{\"b\":1,\"c\":1}}";
        let expected = "{\"install\":{},\"lock_version\":1,\"units\":{\"a\":1,\"b\":1,\"c\":1}}";
        assert_eq!(text(base, ours, theirs), expected);
        let conflict = merged(base, "{\"s\":{\"a\":1}}", "{\"s\":{\"a\":2}}");
        assert_eq!(
            seen(&conflict.conflicts().next().unwrap()),
            ("s", Some("a"), None, Some("1"), Some("2"))
        );
    }
}

#[test]
fn a_section_that_was_null_had_no_entries() {
    let text = text("{\"s\":null}", "{\"s\":{\"a\":1}}", "{\"s\":{\"b\":1}}");
    assert_eq!(text, "{\"s\":{\"a\":1,\"b\":1}}");
}

#[test]
fn a_section_that_is_no_object_everywhere_is_taken_whole() {
    let object = "{\"s\":{\"a\":1,\"b\":1}}";
    for other in
        ["{\"s\":[1]}", "{\"s\":\"\"}", "{\"s\":{\"a\":1,\"a\":2}}", "{\"s\":{\"\\ud83d\":1}}"]
    {
        let third = "{\"s\":{\"a\":1,\"b\":2}}";
        for (base, ours, theirs) in
            [(other, object, third), (object, other, third), (object, third, other)]
        {
            let merged = merged(base, ours, theirs);
            let conflicts: Vec<_> = merged.conflicts().map(|conflict| seen(&conflict)).collect();
            let value = |document: &'static str| Some(&document[5..document.len() - 1]);
            assert_eq!(conflicts, [("s", None, value(base), value(ours), value(theirs))]);
        }
    }
}

#[test]
fn a_digest_that_both_changed_is_dropped_and_reported() {
    let document = |digest: &str| format!("{{\"inputs_digest\":\"{digest}\"}}");
    let digest = |base: &str, ours: &str, theirs: &str| {
        // It is none of the resolver's business.
        let merged = merge(base, ours, theirs, &mut |_: &Conflict<'_>| unreachable!()).unwrap();
        (merged.text().unwrap().replace(['\n', ' '], ""), merged.inputs_digest_dropped())
    };
    let [a, b, c] = ["a", "b", "c"].map(document);
    assert_eq!(digest(&a, &b, &c), ("{}".into(), true));
    assert_eq!(digest(&a, &b, "{}"), ("{}".into(), true));
    assert_eq!(digest("", &b, &c), ("{}".into(), true));
    assert_eq!(digest(&a, &b, &b), (b.clone(), false));
    assert_eq!(digest(&a, &b, &a), (b.clone(), false));
    assert_eq!(digest(&a, &a, &c), (c.clone(), false));
    assert_eq!(digest(&a, &a, "{}"), ("{}".into(), false));
}

#[test]
fn a_missing_version_is_version_one() {
    let document = |version: u8| format!("{{\"lock_version\":{version}}}");
    let [zero, one] = [0, 1].map(document);
    assert_eq!(text("{}", &one, &zero), zero);
    assert_eq!(text("{}", "{}", &zero), zero);
    assert_eq!(text("{}", &one, "{}"), one);
    assert_eq!(text(&one, "{}", &one), "{}");
    assert_eq!(text(&one, &zero, "{}"), zero);
    let merged = merged(&one, &zero, "{\"lock_version\":null}");
    let expected = ("lock_version", None, Some("1"), Some("0"), Some("null"));
    assert_eq!(merged.conflicts().map(|conflict| seen(&conflict)).collect::<Vec<_>>(), [expected]);
    // It is never taken apart, whatever it is.
    let merged = self::merged("{}", "{\"lock_version\":{\"a\":1}}", "{\"lock_version\":{\"b\":1}}");
    assert_eq!(merged.conflicts().next().unwrap().entry, None);
}

#[test]
fn spelling_is_no_change_but_is_taken_along() {
    let base = "{\"s\":{\"a\":[1,{\"x\":1,\"y\":\"<\"}]}}";
    let anew = "{\"s\":{ \"\\u0061\" :[1 , {\"y\":\"\\u003c\",\"x\":1}]}}";
    let changed = "{\"s\":{\"a\":[2]}}";
    // Spelled anew by one, changed by the other: no conflict.
    assert_eq!(text(base, anew, changed), changed);
    assert_eq!(text(base, changed, anew), changed);
    // Spelled anew by one alone: that spelling, to the byte.
    let framed = "{\n  \"s\": { \"\\u0061\" :[1 , {\"y\":\"\\u003c\",\"x\":1}]}\n}\n";
    assert_eq!(merged(base, anew, base).text().as_deref(), Some(framed));
    assert_eq!(merged(base, base, anew).text().as_deref(), Some(framed));
    // By both: ours.
    let also = "{\"s\":{\"a\":[1,{\"y\":\"<\",\"x\":1}]}}";
    assert_eq!(merged(base, anew, also).text().as_deref(), Some(framed));
    // Numbers go by their spelling.
    assert_eq!(merged("{\"a\":1}", "{\"a\":1.0}", "{\"a\":2}").conflicts().count(), 1);
}

#[test]
fn entries_are_sorted_where_they_were_and_stay_in_order_where_not() {
    let sorted = text(
        "{\"s\":{\"b\":1}}",
        "{\"s\":{\"a\":1,\"b\":1,\"e\":1}}",
        "{\"s\":{\"b\":1,\"c\":1,\"é\":1}}",
    );
    assert_eq!(sorted, "{\"s\":{\"a\":1,\"b\":1,\"c\":1,\"e\":1,\"é\":1}}");
    let unsorted = text(
        "{\"s\":{\"project\":1,\"at\":1}}",
        "{\"s\":{\"project\":1,\"version\":1,\"at\":1}}",
        "{\"s\":{\"project\":2,\"commit\":1,\"at\":1}}",
    );
    assert_eq!(unsorted, "{\"s\":{\"project\":2,\"version\":1,\"at\":1,\"commit\":1}}");
}

#[test]
fn as_a_base_it_has_what_no_side_has_where_they_conflict() {
    let bases = "{\"inputs_digest\":\"x\",\"s\":{\"a\":1,\"b\":1},\"t\":1}";
    let ours = bases.replace('x', "y").replace('1', "2");
    let theirs = bases.replace('x', "z").replace("a\":1", "a\":3").replace("t\":1", "t\":3");
    let ancestor = merged(bases, &ours, &theirs);
    let base = ancestor.as_base();
    let expected = "{\"s\":{\"a\":null,\"b\":2},\"t\":null,\"inputs_digest\":null}";
    assert_eq!(agentslock_core::text::compact(&base).unwrap(), expected);

    // `b` is taken back on their side, and the digest is still dropped on ours.
    let ours = "{\"s\":{\"a\":2,\"b\":2},\"t\":3}";
    let theirs = "{\"inputs_digest\":\"z\",\"s\":{\"a\":3,\"b\":1},\"t\":3}";
    let again = merged(&base, ours, theirs);
    assert!(again.inputs_digest_dropped());
    let open: Vec<_> = again.conflicts().map(|conflict| conflict.entry).collect();
    assert_eq!(open, [Some("a")]);
    assert!(again.marked(&Markers::default()).contains("\"b\": 1"));
}

#[test]
fn depth_is_no_limit() {
    let deep = |inner: &str| {
        let value = "[".repeat(100_000) + inner + &"]".repeat(100_000);
        format!("{{\"s\":{{\"a\":{value},\"b\":{inner}}}}}")
    };
    let [base, ours, theirs] = ["1", " 1", "2"].map(deep);
    assert_eq!(merged(&base, &ours, &theirs).conflicts().count(), 0);
    assert_eq!(merged("", &ours, &theirs).conflicts().count(), 2);
}

#[test]
fn what_is_no_document_is_told_with_its_side_and_place() {
    let place = |base: &str, ours: &str, theirs: &str| {
        let error = merge(base, ours, theirs, &mut Resolution::Unresolved).unwrap_err();
        let said = error.to_string();
        let MergeError { side, error: SyntaxError { line, column, problem, .. }, .. } = error;
        assert_eq!(said, format!("{side}, line {line}, column {column}: {problem}"));
        (side, line, column, problem)
    };
    let twice = || SyntaxProblem::DuplicateKey("a".to_owned());
    assert_eq!(place("null", "{}", "{}"), (Side::Base, 1, 1, SyntaxProblem::NotAnObject("null")));
    assert_eq!(place("", "{}", "{\"a\":1,\n \"\\u0061\":1}"), (Side::Theirs, 2, 2, twice()));
    assert_eq!(place("", "", "{}"), (Side::Ours, 1, 1, SyntaxProblem::Empty));
    assert_eq!(place("{}", "{}", " "), (Side::Theirs, 1, 1, SyntaxProblem::Empty));
    assert!(matches!(place("{}", "{}", "{}x"), (Side::Theirs, 1, 3, SyntaxProblem::Syntax(_))));
    let error = merge("{}", b"{\n\xff}", "{}", &mut Resolution::Unresolved).unwrap_err();
    assert_eq!((error.side, error.error.line, error.error.column), (Side::Ours, 2, 1));
}
