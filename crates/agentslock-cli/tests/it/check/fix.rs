//! Repairing what is safe to repair.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use serde_json::json;
use testkit::parent;

use super::{GOOD, findings};
use crate::support::{DOCUMENT, Lab, OtherUser, fill_but, run_on_small_disk, set_mode};

#[test]
fn the_layout_is_repaired_and_said_to_be() {
    let lab = Lab::with("{ \"s\":{\"e\":[]},\"lock_version\":1 }");
    set_mode(&lab.join(DOCUMENT), 0o640);
    let dry = findings(&lab, &["--fix", "--dry-run"], 0);
    assert!(dry[0].ends_with("(would be fixed)"), "{dry:?}");
    assert_eq!(lab.document(), "{ \"s\":{\"e\":[]},\"lock_version\":1 }");
    let fixed = findings(&lab, &["--fix"], 0);
    assert!(fixed[0].starts_with("1:2: not-canonical:"), "{fixed:?}");
    assert!(fixed.len() == 1 && fixed[0].ends_with("(fixed)"), "{fixed:?}");
    assert_eq!(lab.document(), GOOD);
    assert_eq!(fs::metadata(lab.join(DOCUMENT)).unwrap().mode() & 0o777, 0o640);
    assert_eq!(lab.names(), [DOCUMENT]);
    let before = lab.snapshot();
    lab.cli(["check", "--fix"]).run().exits(0).says_nothing();
    assert_eq!(lab.snapshot(), before, "there is nothing to do");
}

/// What `show` says of a byte order mark is what `check --fix` does.
#[test]
fn a_byte_order_mark_goes_if_what_is_behind_it_is_a_document() {
    let conflict = "{\n<<<<<<< a\n  \"s\": 1\n=======\n  \"s\": 1\n>>>>>>> b\n}\n";
    for (rest, status, expected) in [
        ("{}\n", 0, Some("{}\n")),
        ("{}", 0, Some("{}\n")),
        ("{\r\n \"s\": 1}", 0, Some("{\n  \"s\": 1\n}\n")),
        ("{\n  \"s\": {\"a\": 1, \"a\": 2}\n}\n", 1, Some("{\n  \"s\": {\"a\": 1, \"a\": 2}\n}\n")),
        (conflict, 0, Some("{\n  \"s\": 1\n}\n")),
        ("", 1, None),
        ("[]", 1, None),
        ("{\"s\":", 1, None),
        ("{\"lock_version\":2}", 2, None),
        ("{\"lock_version\":99999999999999999999}", 2, None),
        ("{\"lock_version\":\"1\"}", 1, None),
        ("\u{feff}{}", 1, None),
    ] {
        let marked = format!("\u{feff}{rest}");
        let lab = Lab::with(&marked);
        let said = lab.cli(["show"]).run().exits(2);
        let is_conflict = rest == conflict;
        let is_promised = said.complaint().contains("`agentslock check --fix` removes it");
        assert_eq!(is_promised, expected.is_some() && !is_conflict, "{rest:?}: {said:?}");
        let told = lab.cli(["check", "--json"]).run().json();
        assert_eq!(told["findings"][0]["fixable"], expected.is_some(), "{rest:?}: {told}");
        lab.cli(["set", "t", "1"]).run().exits(2);
        lab.cli(["check", "--fix"]).run().exits(status);
        assert_eq!(lab.document(), expected.unwrap_or(&marked), "{rest:?}");
    }
    let marked = Lab::with("\u{feff}{ \"s\":1}");
    let told = marked.cli(["check", "--json"]).run().exits(1).json();
    assert_eq!(
        (&told["findings"][1]["line"], &told["findings"][1]["column"]),
        (&json!(1), &json!(5))
    );
    let doctor = marked.cli(["doctor"]).run().exits(1);
    assert!(doctor.out().contains("next: agentslock check --fix"), "{doctor:?}");
}

#[test]
fn a_link_to_the_document_survives() {
    let lab = Lab::new();
    lab.write("real", "{}");
    symlink("real", lab.join(DOCUMENT)).unwrap();
    findings(&lab, &["--fix"], 0);
    assert!(lab.join(DOCUMENT).is_symlink());
    assert_eq!(lab.read("real"), "{}\n");
}

#[test]
fn commas_at_lines_that_were_taken_away_are_repaired() {
    let lab = Lab::with("{\n  \"s\": {\n    \"a\": 1\n    \"b\": 2,\n  },\n  \"t\": 3,\n}\n");
    findings(&lab, &["--fix"], 0);
    assert_eq!(lab.document(), "{\n  \"s\": {\n    \"a\": 1,\n    \"b\": 2\n  },\n  \"t\": 3\n}\n");
}

#[test]
fn what_is_not_safe_is_left_alone() {
    for document in [
        "",
        "[]",
        "{\"a\":1,\"a\":2}",
        "{\n  \"a\": 1,\n  \"b\": \n}\n",
        "{\n<<<<<<< HEAD\n  \"e\": 1\n=======\n  \"e\": 2\n>>>>>>> topic\n}\n",
        "{\n<<<<<<< HEAD\n  \"e\": 1\n}\n",
        "{ \"lock_version\": \"one\" }",
    ] {
        let lab = Lab::with(document);
        let before = lab.snapshot();
        for flags in [&["--fix"][..], &["--fix", "-n"]] {
            assert_eq!(findings(&lab, flags, 1).len(), 1);
            assert_eq!(lab.snapshot(), before, "{document:?}");
        }
    }
    let later = Lab::with("{ \"lock_version\": 2 }");
    findings(&later, &["--fix"], 2);
    assert_eq!(
        later.document(),
        "{ \"lock_version\": 2 }",
        "another version's layout is not known"
    );
}

#[test]
fn one_side_that_was_chosen_is_read_though_the_other_conflict_is_open() {
    let open = "<<<<<<< HEAD\n  \"t\": 1\n=======\n  \"t\": 2\n>>>>>>> topic\n";
    let lab = Lab::with(format!("{{\n  \"s\": 1\n{open}}}\n"));
    let found = findings(&lab, &["--fix"], 1);
    assert!(found[0].contains("conflict: t was changed on both sides"), "{found:?}");
    lab.write(DOCUMENT, "{\n  \"s\": 1\n  \"t\": 2\n}\n");
    findings(&lab, &["--fix"], 0);
    assert_eq!(lab.document(), "{\n  \"s\": 1,\n  \"t\": 2\n}\n");
}

#[test]
fn json_tells_what_was_fixed() {
    let lab = Lab::with("{}");
    let told = lab.cli(["check", "--fix", "-n", "--json"]).run().exits(0).json();
    assert_eq!((&told["ok"], &told["findings"]), (&json!(true), &json!([])));
    assert_eq!(told["would_fix"][0]["code"], "not-canonical");
    let told = lab.cli(["check", "--fix", "--json"]).run().exits(0).json();
    assert_eq!((&told["ok"], &told["findings"]), (&json!(true), &json!([])));
    assert_eq!(told["fixed"][0]["code"], "not-canonical");
}

#[test]
fn two_that_repair_at_once_repair_once() {
    let lab = Lab::with("{}");
    let holder = lab.hold(DOCUMENT);
    let mut repairers = [0, 1].map(|_| lab.cli(["check", "--fix"]).start());
    for repairer in &mut repairers {
        repairer.await_err("waiting");
    }
    holder.finish().exits(0);
    let said: usize = repairers.map(|it| it.finish().exits(0).out().lines().count()).iter().sum();
    assert_eq!(said, 1, "the second one found nothing to do");
    assert_eq!(lab.document(), "{}\n");
    lab.expect_free(DOCUMENT);
}

#[test]
fn child_repairs_without_room() {
    let Some(parent) = parent() else { return };
    let directory = std::path::PathBuf::from(parent.var("DIRECTORY"));
    let document = directory.join("document");
    let text = format!("{{\"s\":\"{}\"}}", "x".repeat(20_000));
    fs::write(&document, &text).unwrap();
    fill_but(&directory, 2);
    let check = crate::support::Program::agentslock(["check", "--fix", "--file"]).args([&document]);
    let ended = check.run().exits(2);
    assert!(ended.complaint().contains("No space left"), "{ended:?}");
    assert_eq!(fs::read_to_string(&document).unwrap(), text);
    fs::remove_file(directory.join("filler")).unwrap();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn a_full_disk_leaves_the_document_as_it_is() {
    run_on_small_disk(module_path!(), "child_repairs_without_room");
}

#[test]
fn where_one_may_not_write_nothing_is_repaired() {
    let Some(user) = OtherUser::for_test() else {
        return;
    };
    let lab = Lab::with("{}");
    set_mode(lab.root(), 0o755);
    let check =
        |flags: &[&str]| user.agentslock(["check"]).args(flags).in_directory(lab.root()).run();
    check(&[]).exits(1);
    assert!(check(&["--fix"]).exits(2).complaint().contains("Permission denied"));
    let told = check(&["--fix", "--json"]).exits(2).json();
    assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("io")));
    assert_eq!(lab.document(), "{}");
}

const CONFLICTS: &str = "{\n<<<<<<< a\n  \"s\": 1,\n  \"t\": {\n    \"e.x\": 1\n  }\n=======\n  \"s\": 2,\n  \
    \"t\": {\n    \"e.x\": 2\n  }\n>>>>>>> b\n}\n";

#[test]
fn a_side_of_all_conflicts_is_taken() {
    for (side, expected) in [
        ("ours", "{\n  \"s\": 1,\n  \"t\": {\n    \"e.x\": 1\n  }\n}\n"),
        ("theirs", "{\n  \"s\": 2,\n  \"t\": {\n    \"e.x\": 2\n  }\n}\n"),
    ] {
        let lab = Lab::with(CONFLICTS);
        lab.cli(["check", "--fix", "-n", "--take", side]).run().exits(0);
        assert_eq!(lab.document(), CONFLICTS);
        let ended = lab.cli(["check", "--fix", "--take", side]).run().exits(0);
        assert!(ended.out().contains("one side is taken (fixed)"), "{ended:?}");
        assert_eq!(lab.document(), expected);
    }
}

#[test]
fn a_side_of_one_conflict_is_taken_and_the_others_stay() {
    let lab = Lab::with(CONFLICTS);
    let ended = lab.cli(["check", "--fix", "--take", "theirs", "--entry", "t.e.x"]).run().exits(1);
    assert!(ended.out().contains("s was changed on both sides; choose one"), "{ended:?}");
    assert!(!lab.document().contains("\"e.x\": 1"), "{}", lab.document());
    lab.cli(["check", "--fix", "--take", "ours", "--entry", "s"]).run().exits(0);
    assert_eq!(lab.document(), "{\n  \"s\": 1,\n  \"t\": {\n    \"e.x\": 2\n  }\n}\n");
}

#[test]
fn a_side_of_what_is_no_conflict_is_not_taken() {
    let lab = Lab::with(CONFLICTS);
    let before = lab.snapshot();
    let take = |entry: &str| lab.cli(["check", "--fix", "--take", "ours", "--entry", entry]).run();
    assert!(take("u").exits(1).complaint().contains("has no conflict at `u`; nothing was written"));
    take("").exits(2).complaint();
    for arguments in [&["check", "--take", "ours"][..], &["check", "--fix", "--take", "both"]] {
        lab.cli(arguments).run().exits(2);
    }
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn findings_are_annotations_for_github() {
    let lab = Lab::with("{\"s\":1}");
    let ended = lab.cli(["check", "--format", "github"]).run().exits(1);
    let path = lab.join(DOCUMENT).display().to_string();
    let expected = format!("::error file={path},line=1,col=2,title=not-canonical::");
    assert!(ended.out().starts_with(&expected), "{ended:?}");
    assert_eq!(ended.out().lines().count(), 1);
}
