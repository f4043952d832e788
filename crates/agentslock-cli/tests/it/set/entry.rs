//! One entry, or one value in it: nothing else changes, however many do it at once.

use serde_json::json;

use crate::support::{DOCUMENT, Lab};

const UNITS: &str = "{\n  \"note\": [1e2],\n  \"units\": {\n    \"git:acme/base@1.4.0\": {\n      \
    \"kind\": \"layer\",\n      \"digest\": \"sha256:a2\"\n    },\n    \"z.y\": 1.50\n  }\n}\n";

#[test]
fn an_entry_is_set_where_show_shows_it() {
    let lab = Lab::with(UNITS);
    for (path, value) in [
        ("units.git:acme/base@1.4.0", "{\"kind\":\"layer\"}"),
        ("units/git:acme~1base@1.4.0/digest", "\"sha256:b3\""),
        ("units.z.y", "2"),
        ("units.new", "null"),
        ("/note/0", "[]"),
        ("/note/-", "7"),
        ("counters.runs", "1"),
        ("/a.section/with/depth", "true"),
        ("/", "\"the section without a name\""),
    ] {
        lab.cli(["set", path, value]).run().exits(0).says_nothing();
        let shown = lab.cli(["show", path, "--json"]).run();
        if path.ends_with('-') {
            shown.exits(2);
        } else {
            let value: serde_json::Value = serde_json::from_str(value).unwrap();
            assert_eq!(shown.exits(0).json()["value"], value, "{path}");
        }
    }
    let all: serde_json::Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(
        all,
        json!({
            "": "the section without a name", "a.section": {"with": {"depth": true}},
            "counters": {"runs": 1}, "note": [[], 7],
            "units": {
                "git:acme/base@1.4.0": {"kind": "layer", "digest": "sha256:b3"},
                "new": null, "z.y": 2
            }
        })
    );
    lab.cli(["check"]).run().exits(0).says_nothing();
}

#[test]
fn what_is_not_meant_stays_byte_for_byte() {
    let lab = Lab::with(UNITS);
    lab.cli(["set", "units/git:acme~1base@1.4.0/digest", "\"sha256:b3\""]).run().exits(0);
    assert_eq!(lab.document(), UNITS.replace("sha256:a2", "sha256:b3"));
    lab.cli(["unset", "units.git:acme/base@1.4.0"]).run().exits(0).says_nothing();
    assert_eq!(
        lab.document(),
        "{\n  \"note\": [1e2],\n  \"units\": {\n    \"z.y\": 1.50\n  }\n}\n"
    );
}

#[test]
fn a_value_that_stands_there_is_not_written_again() {
    let lab = Lab::with(UNITS);
    let before = lab.snapshot();
    let told = lab.cli(["set", "units.z.y", "1.50", "--json"]).run().exits(0).json();
    assert_eq!((&told["outcome"], lab.snapshot()), (&json!("unchanged"), before));
}

#[test]
fn an_entry_comes_from_standard_input_a_file_or_a_command() {
    let lab = Lab::with("{}");
    lab.write("value.json", "2");
    lab.cli(["set", "c.runs"]).input("1").run().exits(0);
    lab.cli(["set", "c.runs", "-"]).input("3").run().exits(0);
    lab.cli(["set", "c.more", "@value.json"]).run().exits(0);
    lab.cli(["set", "c.runs", "--", "sh", "-c", "echo $(($(cat) + 1))"]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"c\": {\n    \"more\": 2,\n    \"runs\": 4\n  }\n}\n");
}

#[test]
fn entries_that_many_set_at_once_are_all_there() {
    let lab = Lab::with("{}");
    let running: Vec<_> = (0..10)
        .map(|number| lab.cli(["set", &format!("agents.a{number}"), "1", "--wait", "60"]).start())
        .collect();
    for set in running {
        set.finish().exits(0);
    }
    let keys = lab.cli(["show", "agents", "--keys"]).run().exits(0).out().to_owned();
    assert_eq!(keys.lines().count(), 10, "{keys}");
}

#[test]
fn what_is_not_there_is_not_unset_and_what_was_meant_is_named() {
    let lab = Lab::with(UNITS);
    let before = lab.snapshot();
    for (path, hint) in [
        ("unit", "did you mean `units`?"),
        ("unit.z.y", "did you mean `units.z.y`?"),
        ("units.git:acme/bsae@1.4.0", "did you mean `units.git:acme/base@1.4.0`?"),
        ("units.git:acme/base@1.4.0.digest", "did you mean `units/git:acme~1base@1.4.0/digest`?"),
        ("units/git:acme~1base@1.4.0/diges", "did you mean `units/git:acme~1base@1.4.0/digest`?"),
        ("counters", "no section \"counters\""),
    ] {
        let shown = lab.cli(["show", path]).run().exits(1);
        assert!(shown.complaint().contains(hint), "{}", shown.stderr);
        let unset = lab.cli(["unset", path]).run().exits(1);
        let complaint = unset.complaint();
        assert!(
            complaint.contains(hint) && complaint.contains("nothing was written"),
            "{complaint}"
        );
        assert!(complaint.contains(DOCUMENT), "{complaint}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_path_that_leads_nowhere_is_refused_and_the_reason_is_named() {
    let lab = Lab::with(UNITS);
    let before = lab.snapshot();
    for (path, why) in [
        ("", "the path \"\" is empty (an unset variable?)"),
        ("units.", "ends at the dot"),
        ("units/~2", "a `~` that is not followed by 0 or 1"),
        ("/note/1/x", "the list `note` has no item 1"),
        ("note/9", "the place after the last one is `-`"),
        ("note.x", "`note` is a list, and \"x\" is no index of it"),
        ("units/z.y/deeper", "`units.z.y` is a number, and has no \"deeper\""),
        ("inputs_digest", "use `set --inputs-digest DIGEST`"),
        ("lock_version", "is not set"),
    ] {
        let ended = lab.cli(["set", path, "1"]).run().exits(2);
        let complaint = ended.complaint();
        assert!(complaint.contains(why) && complaint.contains("nothing was"), "{complaint}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_value_that_is_no_json_is_refused_with_the_way_to_name_a_file() {
    let lab = Lab::with(UNITS);
    lab.write("value.json", "1");
    let before = lab.snapshot();
    for (value, why) in [
        ("value.json", "type `@value.json`"),
        ("text", "the value `text`, line 1, column"),
        ("", "line 1, column 1: it is empty"),
        ("@missing.json", "`missing.json` does not exist"),
    ] {
        for path in ["note", "units.x"] {
            let ended = lab.cli(["set", path, value]).run().exits(2);
            let complaint = ended.complaint();
            assert!(complaint.contains(why), "{complaint}");
            assert!(complaint.contains("nothing was written"), "{complaint}");
        }
    }
    for path in ["note", "units.x"] {
        let complaint = lab.cli(["set", path]).run().exits(2);
        let expected = "standard input, line 1, column 1: it is empty; nothing was written";
        assert!(complaint.complaint().contains(expected), "{complaint:?}");
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn a_value_is_set_only_if_it_is_what_was_expected() {
    let lab = Lab::with(UNITS);
    let digest = |path| lab.cli(["show", "--digest", path]).run().exits(0).out().trim().to_owned();
    let first = digest("units.z.y");
    lab.cli(["set", "units.z.y", "2", "--expect", &first]).run().exits(0);
    let before = lab.snapshot();
    for arguments in [
        &["set", "units.z.y", "3", "--expect", &first][..],
        &["unset", "units.z.y", "--expect", &first],
        &["set", "units.z.y", "3", "--expect", "none"],
        &["set", "units.other", "3", "--expect", &first],
        &["set", "note", "3", "--expect", "none"],
    ] {
        let ended = lab.cli(arguments).run().exits(1);
        let complaint = ended.complaint();
        assert!(complaint.contains("which is not what --expect says"), "{complaint}");
        assert!(complaint.contains("run") || complaint.contains("agentslock show"), "{complaint}");
        let told = lab.cli(arguments).args(["--json"]).run().exits(1).json();
        assert_eq!(told["error"]["kind"], "not-expected");
    }
    lab.cli(["set", "units.z.y", "3", "--expect", "soon"]).run().exits(2);
    assert_eq!(lab.snapshot(), before);
    lab.cli(["set", "units.other", "3", "--expect", "none"]).run().exits(0);
    // Of ten who all expect the same, one writes.
    let second = digest("units.z.y");
    let running: Vec<_> = (10..20)
        .map(|value| {
            let value = value.to_string();
            let expect = ["--expect", &second, "--wait", "60"];
            lab.cli(["set", "units.z.y", &value]).args(expect).start()
        })
        .collect();
    let mut codes: Vec<_> =
        running.into_iter().map(|mut set| set.await_end().code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn a_document_of_a_later_version_is_not_written() {
    let lab = Lab::with("{\n  \"lock_version\": 9,\n  \"s\": 1\n}\n");
    let before = lab.snapshot();
    for arguments in
        [&["set", "s", "2"][..], &["set", "s.e", "2"], &["unset", "s"], &["set", "s", "--", "cat"]]
    {
        let ended = lab.cli(arguments).run().exits(2);
        let complaint = ended.complaint();
        assert!(
            complaint.contains('9') && complaint.contains("nothing was written"),
            "{complaint}"
        );
        let told = lab.cli(arguments).args(["-n"]).run();
        if arguments.len() < 4 {
            told.exits(2);
        }
    }
    assert_eq!(lab.snapshot(), before);
}
