//! Keys that an object has twice.

use agentslock_core::text::duplicate_keys;
use proptest::prelude::*;
use serde_json::{Map, Value};

fn found(text: &str) -> Vec<(usize, usize, String)> {
    duplicate_keys(text).map(|key| (key.line, key.column, key.path.join("."))).collect()
}

#[test]
fn each_is_told_with_its_place_and_the_way_to_it() {
    let text = "{\"a\": [0, {\"b\": 1,\n \"\\u0062\": \"b\"}],\n\"é\": {\"a\": {}, \"a\": {\"x\": 1, \"x\": 1, \"x\": 1}}}";
    let expected = [
        (2, 2, "a.1.b".to_owned()),
        (3, 17, "é.a".to_owned()),
        (3, 31, "é.a.x".to_owned()),
        (3, 39, "é.a.x".to_owned()),
    ];
    assert_eq!(found(text), expected);
}

#[test]
fn equal_keys_of_different_objects_and_equal_values_are_none() {
    assert_eq!(found("{\"a\": {\"a\": \"a\"}, \"b\": [\"a\", \"a\", {\"a\": 1}, {\"a\": 1}]}"), []);
}

#[test]
fn depth_is_no_limit() {
    let deep = format!("{}{{\"a\":1,\"a\":2}}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(found(&deep).len(), 1);
}

#[test]
fn the_rest_is_counted_without_a_look_at_the_way_to_it() {
    let text = "{\"a\":1,\"a\":2,\"b\":[{\"a\":1,\"a\":2}],\"b\":3}";
    for taken in 0..5 {
        let mut keys = duplicate_keys(text);
        assert_eq!(keys.by_ref().take(taken).count(), taken.min(3));
        assert_eq!(keys.rest(), 3_usize.saturating_sub(taken));
    }
}

#[test]
fn many_in_a_deep_place_are_found_in_time_and_memory_that_grow_with_the_text() {
    let deep = |n: usize| {
        let twice = vec!["\"k\":1"; n].join(",");
        format!("{{\"a\":{}{{{twice}}}{}}}", "[".repeat(n), "]".repeat(n))
    };
    // All paths together would be 10 GB.
    let text = deep(20_000);
    let mut keys = duplicate_keys(&text);
    assert_eq!(keys.next().unwrap().path.len(), 20_002);
    assert_eq!(keys.rest(), 19_998);
}

#[test]
fn the_place_is_right_in_what_is_no_json_too() {
    // A string that nobody closed reaches over the end of its line.
    assert_eq!(found("{\"a\n\":1,\"b\":2,\n\"b\":3}"), [(3, 1, "b".to_owned())]);
    assert_eq!(found("{\"a\n\":1,\"a\n\":2}"), [(2, 5, "a\n".to_owned())]);
}

proptest! {
    #[test]
    fn any_text_is_looked_through(text in r#"["\\\\{}\[\],:a\n\u{e9}]{0,40}"#) {
        // No panic; and where a key is told, something that begins like one stands.
        for key in duplicate_keys(&text) {
            let line = text.split('\n').nth(key.line - 1).unwrap();
            prop_assert_eq!(line.as_bytes()[key.column - 1], b'"');
        }
    }

    #[test]
    fn an_object_has_as_many_as_it_has_more_keys_than_different_ones(
        keys in proptest::collection::vec("[ab\u{e9}\"]{0,2}", 0..8),
    ) {
        let members: Vec<_> =
            keys.iter().map(|key| format!("{}: 1", Value::from(key.as_str()))).collect();
        let text = format!("{{{}}}", members.join(","));
        let different: Map<String, Value> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(duplicate_keys(&text).count(), keys.len() - different.len());
    }
}
