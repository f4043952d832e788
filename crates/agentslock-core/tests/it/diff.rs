//! What differs between two documents.

use agentslock_core::Lockfile;
use agentslock_core::merge::diff;

/// Each difference as `section.entry: before -> after`.
fn told(before: &str, after: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        Lockfile::open(path).unwrap()
    };
    let differences = diff(&open("before", before), &open("after", after));
    differences
        .into_iter()
        .map(|it| {
            let entry = it.entry.map(|entry| format!(".{entry}")).unwrap_or_default();
            let value = |value: Option<String>| value.unwrap_or_else(|| "nothing".into());
            format!("{}{entry}: {} -> {}", it.section, value(it.before), value(it.after))
        })
        .collect()
}

#[test]
fn entries_are_compared_one_by_one() {
    assert_eq!(
        told(
            r#"{"s": {"kept": 1, "gone": [2], "changed": {"a": 1}}, "t": {"x": 1}}"#,
            r#"{"t": {"x": 1}, "s": {"new": null, "changed": {"a": 2}, "kept": 1}}"#,
        ),
        [r#"s.changed: {"a": 1} -> {"a": 2}"#, "s.gone: [2] -> nothing", "s.new: nothing -> null"]
    );
}

#[test]
fn a_section_that_comes_or_goes_does_so_with_its_entries() {
    assert_eq!(told("{}", r#"{"s": {"e": 1}}"#), ["s.e: nothing -> 1"]);
    assert_eq!(told(r#"{"s": {"e": 1}}"#, "{}"), ["s.e: 1 -> nothing"]);
    assert_eq!(told("{}", r#"{"s": {}}"#), ["s: nothing -> {}"]);
    assert_eq!(told(r#"{"s": {"e": 1}}"#, r#"{"s": {}}"#), ["s.e: 1 -> nothing"]);
}

#[test]
fn what_is_no_object_is_compared_as_a_whole() {
    assert_eq!(told(r#"{"s": [1]}"#, r#"{"s": [1, 2]}"#), ["s: [1] -> [1, 2]"]);
    assert_eq!(told(r#"{"s": 1}"#, r#"{"s": {"e": 1}}"#), [r#"s: 1 -> {"e": 1}"#]);
    assert_eq!(told("{}", r#"{"s": null}"#), ["s: nothing -> null"]);
}

#[test]
fn a_section_in_which_a_key_is_there_twice_is_compared_as_a_whole() {
    let (twice, once) = (r#"{"s": {"a": 1, "a": 2}}"#, r#"{"s": {"a": 2}}"#);
    assert_eq!(told(twice, once), [r#"s: {"a": 1, "a": 2} -> {"a": 2}"#]);
    assert_eq!(told(once, twice), [r#"s: {"a": 2} -> {"a": 1, "a": 2}"#]);
    assert_eq!(told(twice, twice), [""; 0]);
    assert_eq!(told("{}", twice), [r#"s: nothing -> {"a": 1, "a": 2}"#]);
}

#[test]
fn layout_makes_no_difference_and_spelling_does() {
    assert_eq!(told("{\"s\": {\"e\":[ 1 ]},\"a\":1}", "{\"a\":\t1,\n\"s\":{\"e\":[1]}}"), [""; 0]);
    assert_eq!(told(r#"{"s": {"e": 1.0}}"#, r#"{"s": {"e": 1}}"#), ["s.e: 1.0 -> 1"]);
}

#[test]
fn reserved_keys_come_first() {
    assert_eq!(
        told(r#"{"a": 1}"#, r#"{"lock_version": 2, "inputs_digest": "d", "a": 2}"#),
        ["lock_version: nothing -> 2", "inputs_digest: nothing -> \"d\"", "a: 1 -> 2"]
    );
}

#[test]
fn what_is_staged_is_compared_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("document");
    let (before, after) = (Lockfile::open(&path).unwrap(), Lockfile::open(&path).unwrap());
    after.set_section("s", &[1]).unwrap();
    let differences = diff(&before, &after);
    assert_eq!((differences.len(), &*differences[0].section), (1, "s"));
}
