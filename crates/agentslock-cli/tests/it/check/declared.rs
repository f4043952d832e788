//! Drift and staleness, where asked.

use serde_json::json;

use super::findings;
use crate::support::{DOCUMENT, Lab};

fn digest(mark: &str) -> String {
    format!("sha256:{}", mark.repeat(64))
}

fn lab() -> Lab {
    let document = json!({
        "inputs_digest": digest("0"),
        "lock_version": 1,
        "units": {
            "git:a/extra@1": {"digest": digest("1"), "kind": "layer"},
            "git:a/locked@1": {"digest": digest("2"), "kind": "layer"},
            "npm:b@2": {"digest": digest("3"), "kind": "artifact"},
        }
    });
    Lab::with(serde_json::to_string_pretty(&document).unwrap() + "\n")
}

#[test]
fn references_are_compared_with_a_list() {
    let lab = lab();
    lab.write("list", "# layers\ngit:a/locked@1\n\n  git:a/missing@1  \r\nnpm:b@2\n");
    assert_eq!(
        findings(&lab, &["--declared", "list"], 1),
        [
            "5:22: extra-in-lock: git:a/extra@1 is locked, but not declared",
            "4:12: missing-from-lock: git:a/missing@1 is declared, but not locked"
        ]
    );
    lab.write("list", "git:a/locked@1\nnpm:b@2\ngit:a/extra@1");
    assert_eq!(findings(&lab, &["--declared", "list"], 0), [""; 0]);
    let piped = lab.cli(["check", "--declared", "-"]).input(lab.read("list"));
    piped.run().exits(0).says_nothing();
}

#[test]
fn a_list_can_be_of_some_kinds_only() {
    let lab = lab();
    lab.write("list", "git:a/locked@1\ngit:a/extra@1\n");
    assert_eq!(findings(&lab, &["--declared", "list", "--kind", "layer"], 0), [""; 0]);
    let both = ["--declared", "list", "--kind", "layer", "--kind", "artifact"];
    assert_eq!(findings(&lab, &both, 1).len(), 1);
}

#[test]
fn what_it_was_resolved_from_is_compared() {
    let lab = lab();
    let (same, other) = (digest("0"), digest("f"));
    assert_eq!(findings(&lab, &["--inputs-digest", &same], 0), [""; 0]);
    assert_eq!(
        findings(&lab, &["--inputs-digest", &other], 1),
        [format!("2:20: inputs-digest-mismatch: resolved from {same}, inputs are {other} now")]
    );
    lab.write(DOCUMENT, "{}\n");
    assert_eq!(
        findings(&lab, &["--inputs-digest", &other], 1),
        [format!("1:1: inputs-digest-mismatch: resolved from nothing, inputs are {other} now")]
    );
    for wrong in ["", "0f", "sha256:0f"] {
        let ended = lab.cli(["check", "--inputs-digest", wrong]).run().exits(2);
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
    }
}

#[test]
fn what_is_not_a_reference_is_an_error_and_names_its_line() {
    let lab = lab();
    lab.write("list", "git:a/locked@1\nnonsense\n");
    let ended = lab.cli(["check", "--declared", "list"]).run().exits(2);
    assert!(ended.complaint().contains("`list`, line 2: \"nonsense\""), "{ended:?}");
    lab.write("list", b"\xff\n");
    lab.cli(["check", "--declared", "list"]).run().exits(2).complaint();
    lab.cli(["check", "--declared", "none"]).run().exits(2).complaint();
    let ended = lab.cli(["check", "--kind", "layer"]).run().exits(2);
    assert!(ended.stderr.contains("--declared"), "{}", ended.stderr);
}

#[test]
fn units_of_another_shape_could_not_be_told() {
    let lab = Lab::with("{\n  \"units\": []\n}\n");
    let found = lab.cli(["check", "--declared", "-"]).run().exits(2);
    assert!(found.out().contains("unreadable: "), "{}", found.out());
    // Nobody asked what they mean.
    lab.cli(["check"]).run().exits(0);
}

#[test]
fn drift_is_told_beside_the_layout_and_after_repair() {
    let lab = Lab::with("{\"units\":{}}");
    let list = "git:a/missing@1\n";
    let check =
        |flags: &[&str]| lab.cli(["check", "--declared", "-"]).args(flags).input(list).run();
    let both = check(&[]).exits(1);
    assert_eq!(both.out().lines().count(), 2, "{}", both.out());
    let left = check(&["--fix"]).exits(1);
    assert!(left.out().contains("(fixed)") && left.out().contains("missing-from-lock"));
    assert_eq!(check(&[]).exits(1).out().lines().count(), 1);
}

/// Each has a line and column, and none costs another look at all others.
#[test]
fn a_great_many_units_that_are_not_declared_are_told_of_at_once() {
    const UNITS: usize = 20_000;
    let unit = |n: usize| format!("\"a:{n}@1\":{{\"kind\":\"layer\",\"digest\":\"sha256:00\"}}");
    let units: Vec<_> = (0..UNITS).map(unit).collect();
    let lab = Lab::with(format!("{{\"units\":{{\n{}}}}}", units.join(",\n")));
    lab.write("list", "a:7@1\n");
    let ended = lab.cli(["check", "--declared", "list"]).run().exits(1);
    let told = ended.out().lines().filter(|line| line.contains(" extra-in-lock: ")).count();
    assert_eq!(told, UNITS - 1);
    assert!(ended.out().contains(".agentsrc.lock:5:9: extra-in-lock: a:3@1 "), "{}", ended.out());
}
