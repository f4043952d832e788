//! Sections of entries: changed entry by entry.

use agentslock_core::{Fields, Flushed, Position, SectionError};

use crate::support::Lab;

#[test]
fn what_is_not_set_stays_as_it_is_spelled() {
    let lab = Lab::with("{\"s\":{\"b\":{\"x\":1.0,\"y\":\"\\u0041\"},\"a\":1e0,\"c\":2}}");
    let lockfile = lab.open();
    let mut entries = lockfile.entries("s").unwrap().unwrap();
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    entries.set("d", &3).unwrap();
    entries.remove("c");
    assert_eq!(entries.get::<u8>("d").unwrap(), Some(3));
    assert_eq!(entries.get::<u8>("c").unwrap(), None);
    lockfile.set_entries(&entries).unwrap();
    lockfile.flush().unwrap();
    let expected = "{\n  \"s\": {\n    \"a\": 1e0,\n    \"b\": {\n      \"x\": 1.0,\n      \"y\": \
                    \"\\u0041\"\n    },\n    \"d\": 3\n  }\n}\n";
    assert_eq!(lab.text(), expected);
}

#[test]
fn entries_that_were_only_read_are_not_staged() {
    let lab = Lab::with("{ \"s\":{\"b\":1 , \"a\":2}, \"null\":null }");
    let before = lab.snapshot();
    let lockfile = lab.open();
    for name in ["s", "null", "none"] {
        let mut entries = lockfile.entries_or_empty(name).unwrap();
        entries.remove("not there");
        lockfile.set_entries(&entries).unwrap();
    }
    assert!(lockfile.entries("null").unwrap().is_none());
    assert!(lockfile.entries("none").unwrap().is_none());
    assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_wrong_shape_is_named_down_to_the_field() {
    let lab = Lab::with("{\"s\":[],\"t\":{\"a\":1},\"u\":{\"a\":{\"f\":1}},\"v\":{\"f\":1}}");
    let lockfile = lab.open();
    assert!(matches!(lockfile.entries("s"), Err(SectionError::Decode { .. })));
    assert!(matches!(lockfile.entries("lock_version"), Err(SectionError::Reserved { .. })));
    let entries = lockfile.entries_or_empty("t").unwrap();
    let error = entries.object("a", Ok).unwrap_err();
    let SectionError::Entry { section, entry, at, .. } = &error else { panic!("{error:?}") };
    assert_eq!((section.as_str(), entry.as_str()), ("t", "a"));
    assert_eq!(*at, Some(Position { line: 1, column: 18 }));

    let entries = lockfile.entries_or_empty("u").unwrap();
    let error = entries.objects(|mut fields| fields.require::<String>("f")).unwrap_err();
    let said = error.to_string();
    assert!(said.ends_with("section \"u\", entry \"a\" is not as expected"), "{said}");
    let SectionError::Field { entry, source, at, .. } = error else { panic!("{said}") };
    assert_eq!((entry.as_deref(), source.field()), (Some("a"), "f"));
    assert_eq!(at, Some(Position { line: 1, column: 35 }));

    let error = lockfile.object("v", |mut fields| fields.require::<String>("f")).unwrap_err();
    let said = error.to_string();
    assert!(said.ends_with("section \"v\" is not as expected"), "{said}");
    let SectionError::Field { entry, source, at, .. } = error else { panic!("{said}") };
    assert_eq!((entry, source.field()), (None, "f"));
    assert_eq!(at, Some(Position { line: 1, column: 48 }));
}

#[test]
fn an_error_names_the_place_in_the_document_and_none_for_what_was_staged() {
    let text = "{\n  \"a\": 1,\n  \"u\": {\n    \"x\": {\"list\": [{\"n\": 1},\n      {\"n\": \"two\"}]}\n  }\n}\n";
    let lab = Lab::with(text);
    let number = |mut fields: Fields| fields.require::<u8>("n");
    let list = |mut fields: Fields| fields.take_list("list", number);
    let lockfile = lab.open();
    let error = lockfile.entries_or_empty("u").unwrap().objects(list).unwrap_err();
    let path = lab.path().display().to_string();
    let place = format!("`{path}`, line 5, column 13: section \"u\", entry \"x\"");
    assert!(error.to_string().starts_with(&place), "{error}");
    // A field that is missing has no place: the object that lacks it has.
    let error = lockfile.object("u", |mut fields| fields.require::<u8>("none")).unwrap_err();
    assert!(error.to_string().contains("line 3, column 8: "), "{error}");

    let section = lockfile.section_raw("u").unwrap().unwrap();
    lockfile.set_section_raw("u", &section).unwrap();
    let error = lockfile.entries_or_empty("u").unwrap().objects(list).unwrap_err();
    assert!(error.to_string().starts_with(&format!("`{path}`: section \"u\"")), "{error}");
}
