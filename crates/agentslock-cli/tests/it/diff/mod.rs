//! `diff`: what changed between two documents, as a person would say it.

mod revisions;
mod textconv;
mod typed;

use serde_json::json;

use crate::support::{DOCUMENT, Lab};

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// What is printed for two documents.
#[track_caller]
fn told(before: &str, after: &str) -> String {
    let lab = lab_with(after);
    lab.write("before", before);
    let status = i32::from(before != after);
    lab.cli(["diff", "before"]).run().exits(status).out().to_owned()
}

/// With the document, and an empty one called `none`.
fn lab_with(document: impl AsRef<[u8]>) -> Lab {
    let lab = Lab::with(document);
    lab.write("none", "{}");
    lab
}

#[test]
fn a_unit_moves_from_one_digest_to_another() {
    let with = |digest: &str, kind: &str| {
        format!(r#"{{"units":{{"git:a/b@1":{{"kind":"{kind}","digest":"{digest}"}}}}}}"#)
    };
    assert_eq!(
        told(&with(A, "layer"), &with(B, "layer")),
        "~ unit git:a/b@1 moved from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb\n"
    );
    assert_eq!(
        told(&with(A, "layer"), &with(B, "profile")),
        "~ unit git:a/b@1 moved from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb; \
         kind changed from layer to profile\n"
    );
    assert_eq!(
        told("{}", &with(A, "layer")),
        "+ unit git:a/b@1: digest sha256:aaaaaaaaaaaa, kind layer\n"
    );
    assert_eq!(
        told(&with(A, "layer"), "{}"),
        "- unit git:a/b@1: digest sha256:aaaaaaaaaaaa, kind layer\n"
    );
}

#[test]
fn digests_that_begin_alike_are_shown_whole() {
    let other = A[..A.len() - 1].to_owned() + "b";
    let with = |digest: &str| format!(r#"{{"artifact-content":{{"r":"{digest}"}}}}"#);
    assert_eq!(
        told(&with(A), &with(&other)),
        format!("~ artifact-content r changed from {A} to {other}\n")
    );
}

/// One adapter with one view.
fn adapter(schema: &str, status: &str, trigger: &str) -> String {
    format!(
        r#"{{"adapters":{{"kuzu":{{"source_digest":"{A}","schema_digest":"{schema}",
        "activated_at":"2026-01-01T00:00:00Z","materialized_views":{{"calls":{{
        "view_digest":"{A}","view_status":"{status}","last_validation_at":"{trigger}",
        "state_history":[{{"at":"2026-01-01T00:00:00Z","to":"{status}","trigger":"{trigger}"}}]
        }}}}}}}}}}"#
    )
}

#[test]
fn a_view_goes_from_one_status_to_another_and_says_why() {
    let before = adapter(A, "ready", "registered");
    let after = adapter(A, "pending-rebuild", "reconcile:view tables absent");
    assert_eq!(
        told(&before, &after),
        "~ adapter kuzu view calls went from ready to pending-rebuild \
         (reconcile:view tables absent)\n"
    );
    assert_eq!(
        told(&before, &adapter(B, "ready", "registered")),
        "~ adapter kuzu schema_digest changed from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb\n"
    );
    let gone = told(&before, "{}");
    assert_eq!(
        gone,
        "- adapter kuzu: activated_at 2026-01-01T00:00:00Z, schema_digest sha256:aaaaaaaaaaaa, \
         source_digest sha256:aaaaaaaaaaaa\n\
         - adapter kuzu view calls: view_digest sha256:aaaaaaaaaaaa, view_status ready\n"
    );
}

#[test]
fn bookkeeping_is_told_of_only_if_nothing_else_changed() {
    let before = adapter(A, "ready", "registered");
    let said = told(&before, &adapter(A, "ready", "again"));
    assert_eq!(
        said,
        "~ adapter kuzu view calls last_validation_at changed from registered to again; \
         state_history changed from [{\"at\":\"2026-01-01T00:00:00Z\",\"to\":\"ready\",\"tri… to \
         [{\"at\":\"2026-01-01T00:00:00Z\",\"to\":\"ready\",\"tri…\n"
            .replace("\"tri… to", "\"trigger\":\"registered\"}] to")
            .replace("\"tri…", "\"trigger\":\"again\"}]")
    );
}

#[test]
fn a_section_that_is_not_known_is_told_of_by_its_names() {
    assert_eq!(
        told(
            r#"{"inputs_digest":"a","install":{"version":"1"},"list":[1],"x":{"e":{"f":1,"g":2}}}"#,
            r#"{"install":{"version":"2"},"list":[2],"new":{},"x":{"e":{"f":1,"h":[]}}}"#
        ),
        "- inputs_digest: a\n\
         ~ install version changed from 1 to 2\n\
         ~ list changed from [1] to [2]\n\
         + new: {}\n\
         ~ x e g 2 was removed; h [] was added\n"
    );
}

#[test]
fn what_differs_only_in_its_spelling_is_said_to() {
    assert_eq!(
        told(r#"{"s":{"e":{"a":1,"b":2},"t":"\u0041"}}"#, r#"{"s":{"e":{"b":2,"a":1},"t":"A"}}"#),
        "~ s e is spelled differently\n~ s t changed from \"\\u0041\" to \"A\"\n"
    );
    let laid_out = lab_with("{ \"s\" :[ 1]}");
    laid_out.write("before", "{\"s\":[1]}");
    laid_out.cli(["diff", "before"]).run().exits(0).says_nothing();
}

#[test]
fn long_values_are_cut_unless_details_are_asked_for() {
    let lab = lab_with(format!("{{\"s\":{{\"e\":\"{}\"}}}}", "ä".repeat(100)));
    let short = lab.cli(["diff", "none"]).run().exits(1);
    assert_eq!(short.out().lines().last(), Some(&*format!("+ s e: {}…", "ä".repeat(48))));
    let whole = lab.cli(["diff", "none", "-v"]).run().exits(1);
    assert_eq!(whole.out().lines().last(), Some(&*format!("+ s e: {}", "ä".repeat(100))));
}

#[test]
fn names_cannot_order_the_terminal_about() {
    let said = told("{}", r#"{"s":{"a\nb\u001b[2J":"\u001b"}}"#);
    assert_eq!(said, "+ s a\\nb\\u{1b}[2J: \"\\u001b\"\n");
}

#[test]
fn the_exit_status_tells_all_three_cases() {
    let lab = lab_with("{\"s\":1}");
    lab.write("same", "{ \"s\": 1 }");
    lab.write("bad", "[]");
    for flags in [&[][..], &["-q"], &["--json"]] {
        lab.cli(["diff", "same"]).args(flags).run().exits(0);
        lab.cli(["diff", "same", "none"]).args(flags).run().exits(1);
        lab.cli(["diff", "same", "bad"]).args(flags).run().exits(2);
        lab.cli(["diff", "bad"]).args(flags).run().exits(2);
    }
    lab.cli(["diff", "none", "-q"]).run().exits(1).says_nothing();
}

/// As in `diff <(git show HEAD:.agentsrc.lock)`.
#[test]
fn a_pipe_can_be_compared() {
    let lab = lab_with("{\"s\":2}");
    let ended = lab.cli(["diff", "/dev/stdin"]).input("{\"s\":1}").run().exits(1);
    assert_eq!(ended.out(), "~ s changed from 1 to 2\n");
}

#[test]
fn where_there_is_nothing_to_compare_that_is_trouble_and_no_answer() {
    let lab = lab_with("{}");
    for (arguments, complaint) in [
        (&["none", "nor-this"][..], "`nor-this` is neither a file nor a revision"),
        (&["HAED"], "`HAED` is neither a file nor a revision"),
        (&["none", "--file", "nor-this"], "`nor-this` does not exist; nothing was compared"),
        (&["--textconv", "nor-this"], "`nor-this` does not exist"),
    ] {
        let ended = lab.cli(["diff"]).args(arguments).run().exits(2);
        assert!(ended.complaint().contains(complaint), "{ended:?}");
    }
    let told = lab.cli(["diff", "--json", "none", "nor-this"]).run().exits(2).json();
    assert_eq!(told["error"]["kind"], "absent");
    // That there is no document to compare with is no difference, either.
    let elsewhere = Lab::new();
    elsewhere.write("before", "{}");
    let ended = elsewhere.cli(["diff", "before"]).run().exits(2);
    assert!(ended.complaint().contains("here or above"), "{ended:?}");
}

#[test]
fn an_entry_that_is_there_twice_hides_no_difference() {
    let lab = lab_with(r#"{"units":{"b":2}}"#);
    lab.write("twice", r#"{"units":{"b":1,"b":2}}"#);
    let note = "agentslock: `twice`, line 1, column 17: units.b is there a second time; what \
                it stands in is compared as a whole\n";
    let ended = lab.cli(["diff", "twice"]).run().exits(1);
    assert_eq!(ended.out(), "~ units changed from {\"b\":1,\"b\":2} to {\"b\":2}\n");
    assert_eq!(ended.stderr, note);
    let ended = lab.cli(["diff", DOCUMENT, "twice"]).run().exits(1);
    assert_eq!(
        (ended.out(), &*ended.stderr),
        ("~ units changed from {\"b\":2} to {\"b\":1,\"b\":2}\n", note)
    );
    // What is the same is the same, however odd.
    assert_eq!(lab.cli(["diff", "twice", "twice"]).run().exits(0).out(), "");
    lab.cli(["diff", "twice", "-q"]).run().exits(1).says_nothing();
    let told = lab.cli(["diff", "twice", "--json"]).run().exits(1).json();
    assert_eq!(told["differences"].as_array().unwrap().len(), 1, "{told}");
    // Nor from git.
    let out = lab.cli(["diff", "--textconv", "twice"]).run().exits(0).out().to_owned();
    assert_eq!(out, "units {\"b\":1,\"b\":2}\n");
}

#[test]
fn a_field_that_is_there_twice_hides_no_difference() {
    let lab = lab_with(r#"{"s":{"e":{"f":2}}}"#);
    lab.write("twice", r#"{"s":{"e":{"f":1,"f":2}}}"#);
    let ended = lab.cli(["diff", "twice"]).run().exits(1);
    assert_eq!(ended.out(), "~ s e changed from {\"f\":1,\"f\":2} to {\"f\":2}\n");
    assert!(ended.stderr.contains("s.e.f is there a second time"), "{ended:?}");
}

#[test]
fn json_has_the_values_of_both_sides() {
    let lab = lab_with(r#"{"s":{"new":[1.0],"kept":1},"t":2}"#);
    lab.write("before", r#"{"s":{"kept":1,"old":null},"t":1}"#);
    let told = lab.cli(["diff", "before", "--json"]).run().exits(1).json();
    assert_eq!(
        told,
        json!({
            "agentslock": 1, "ok": false, "path": lab.join(DOCUMENT),
            "before": lab.join("before"),
            "differences": [
                {"section": "s", "entry": "new", "after": [1.0]},
                {"section": "s", "entry": "old", "before": null},
                {"section": "t", "before": 1, "after": 2},
            ]
        })
    );
    let same = lab.cli(["diff", DOCUMENT, "--json"]).run().exits(0).json();
    assert_eq!((&same["ok"], &same["differences"]), (&json!(true), &json!([])));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let lab = lab_with("{\"s\":1}");
    let diff = |flags: &[&str]| lab.cli(["diff", "none"]).args(flags);
    let coloured = "\u{1b}[32m+ s: 1\u{1b}[0m";
    for (program, colour) in [
        (diff(&[]), false),
        (diff(&["--color", "never"]), false),
        (diff(&[]).without_env("NO_COLOR").env("CLICOLOR_FORCE", "0"), false),
        (diff(&[]).without_env("NO_COLOR").env("CLICOLOR_FORCE", "1"), true),
        (diff(&["--color", "always"]), true),
        (diff(&["--color", "always"]).env("NO_COLOR", "1"), true),
    ] {
        let out = program.run().exits(1).out().to_owned();
        assert_eq!((out.contains(coloured), out.contains('\u{1b}')), (colour, colour), "{out}");
    }
    // In a terminal, as script(1) makes one.
    for (setting, colour) in [("TERM=xterm", true), ("TERM=xterm NO_COLOR=1", false)] {
        let script = format!("env -u NO_COLOR {setting} \"$0\" diff none");
        let Some(program) = lab.in_terminal(&script) else { return };
        let out = program.run().exits(1).out().to_owned();
        assert!(out.contains("+ s: 1"), "{out:?}");
        assert_eq!((out.contains(coloured), out.contains('\u{1b}')), (colour, colour), "{out:?}");
    }
}

#[test]
fn only_what_is_asked_for_is_compared() {
    let lab = lab_with("{\"s\":{\"a\":1,\"b\":{\"c\":1}},\"t\":1}");
    let diff = |paths: &[&str]| {
        let ended = lab.cli(["diff", "none", "--"]).args(paths).run();
        let code = i32::from(!ended.out().is_empty());
        ended.exits(code).out().lines().count()
    };
    for (paths, lines) in [
        (&["t"][..], 1),
        (&["s"], 2),
        (&["s.a"], 1),
        (&["s/b/c"], 1),
        (&["s/b/x"], 0),
        (&["u"], 0),
        (&["t", "s.b"], 2),
    ] {
        assert_eq!(diff(paths), lines, "{paths:?}");
    }
    lab.cli(["diff", "none", "--", ""]).run().exits(2).complaint();
}
