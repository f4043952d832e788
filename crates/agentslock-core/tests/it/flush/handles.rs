//! Several handles on one document: each writes what it staged, and nothing else.

use agentslock_core::{Digest, Flushed, Lockfile};

use crate::support::{DOCUMENT, Lab};

#[test]
fn two_handles_take_turns_and_lose_nothing() {
    let lab = Lab::with(DOCUMENT);
    let handles = [("one", lab.open()), ("two", lab.open())];
    for n in 0..20 {
        for (name, handle) in &handles {
            handle.set_section(name, &n).unwrap();
            assert_eq!(handle.flush().unwrap(), Flushed::Written);
        }
    }
    let end = lab.open();
    assert_eq!(end.section::<u8>("one").unwrap(), Some(19));
    assert_eq!(end.section::<u8>("two").unwrap(), Some(19));
    assert_eq!(end.section_names(), ["adapters", "install", "one", "two", "units"]);
    drop(handles);
    lab.assert_only_the_document();
}

#[test]
fn what_was_written_once_is_not_brought_back_over_a_newer_value() {
    let lab = Lab::with("{}");
    let (old, new) = (lab.open(), lab.open());
    old.set_section("shared", &"old").unwrap();
    old.set_section("removed", &"old").unwrap();
    old.set_inputs_digest(&Digest::verbatim("old"));
    old.flush().unwrap();
    new.set_section("shared", &"new").unwrap();
    new.remove_section("removed").unwrap();
    new.set_inputs_digest(&Digest::verbatim("new"));
    new.flush().unwrap();
    old.set_section("other", &1).unwrap();
    assert_eq!(old.flush().unwrap(), Flushed::Written);
    let expected = "{\n  \"inputs_digest\": \"new\",\n  \"other\": 1,\n  \"shared\": \"new\"\n}\n";
    assert_eq!(lab.text(), expected);
}

#[test]
fn a_removal_that_was_written_is_not_done_again() {
    let lab = Lab::with("{\"a\":1}");
    let (old, new) = (lab.open(), lab.open());
    old.remove_section("a").unwrap();
    old.flush().unwrap();
    new.set_section("a", &2).unwrap();
    new.flush().unwrap();
    old.set_section("b", &3).unwrap();
    old.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": 2,\n  \"b\": 3\n}\n");
}

#[test]
fn what_was_read_is_not_written_back() {
    let lab = Lab::with(DOCUMENT);
    let handle = lab.open();
    lab.replace("{\"later\":true}");
    handle.set_section("a", &1).unwrap();
    handle.flush().unwrap();
    assert_eq!(lab.text(), "{\n  \"a\": 1,\n  \"later\": true\n}\n");
}

#[test]
fn a_handle_shows_others_changes_only_after_its_own_flush() {
    let lab = Lab::with("{\n  \"a\": 1\n}\n");
    let (reader, writer) = (lab.open(), lab.open());
    writer.set_section("a", &2).unwrap();
    writer.set_section("b", &2).unwrap();
    writer.flush().unwrap();
    assert_eq!(reader.section::<u8>("a").unwrap(), Some(1));
    assert_eq!(reader.section_names(), ["a"]);
    assert_eq!(reader.text(), "{\n  \"a\": 1\n}\n");
    assert_eq!(reader.flush().unwrap(), Flushed::Unchanged);
    assert_eq!(reader.section::<u8>("a").unwrap(), Some(2));
    assert_eq!(reader.section_names(), ["a", "b"]);
    assert_eq!(reader.text(), lab.text());
}

#[test]
fn staged_changes_are_shown_on_top_of_what_was_read() {
    let lab = Lab::with("{\"a\":[ 1],\"b\":2}");
    let handle = lab.open();
    handle.set_section("a", &"new").unwrap();
    handle.remove_section("b").unwrap();
    handle.set_section_raw("c", " [1,2] ").unwrap();
    assert_eq!(handle.section::<String>("a").unwrap().as_deref(), Some("new"));
    assert_eq!(handle.section::<u8>("b").unwrap(), None);
    assert_eq!(handle.section_raw("c").unwrap().as_deref(), Some("[\n    1,\n    2\n  ]"));
    assert_eq!(handle.section_names(), ["a", "c"]);
    let text = "{\n  \"a\": \"new\",\n  \"c\": [\n    1,\n    2\n  ]\n}\n";
    assert_eq!(handle.text(), text);
    assert_eq!(lab.text(), "{\"a\":[ 1],\"b\":2}");
    handle.flush().unwrap();
    assert_eq!((handle.text().as_str(), lab.text().as_str()), (text, text));
}

#[test]
fn the_text_of_a_handle_is_what_its_next_flush_writes() {
    type Stage = fn(&Lockfile);
    let stages: [[Stage; 2]; 2] = [
        // Back to the value of before.
        [
            |handle| handle.set_section("b", &5).unwrap(),
            |handle| handle.set_section("b", &1).unwrap(),
        ],
        // The key was spelled with an escape, once.
        [
            |handle| handle.remove_section("a").unwrap(),
            |handle| handle.set_section("a", &3).unwrap(),
        ],
    ];
    for [first, second] in stages {
        let lab = Lab::with("{\"b\":1, \"\\u0061\":2}");
        let handle = lab.open();
        for stage in [first, second] {
            stage(&handle);
            let text = handle.text();
            assert_eq!(handle.flush().unwrap(), Flushed::Written);
            assert_eq!(text, lab.text());
            assert_eq!(handle.text(), lab.text());
        }
    }
}

#[test]
fn a_handle_knows_what_it_has_written_whether_that_is_small_or_large() {
    let lab = Lab::in_memory();
    lab.write("{\"b\\u0061\": 1, \"z\": 2}");
    let lockfile = lab.open();
    // What is longer than 64 KB is written piece by piece.
    for length in [0, 1, 65_400, 65_500, 65_536, 200_000, 10] {
        let text = "x".repeat(length);
        lockfile.set_section("text", &text).unwrap();
        lockfile.set_section("ba", &length).unwrap();
        assert_eq!(lockfile.flush().unwrap(), Flushed::Written);
        assert_eq!(lockfile.text(), lab.text());
        assert_eq!(lockfile.section::<String>("text").unwrap(), Some(text));
        assert!(lab.text().contains(&format!("\"b\\u0061\": {length},")));
        assert_eq!(lockfile.flush().unwrap(), Flushed::Unchanged);
    }
}
