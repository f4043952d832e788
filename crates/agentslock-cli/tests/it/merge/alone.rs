//! `merge` called by hand.

use serde_json::json;

use super::repo::text;
use super::units;
use crate::support::Lab;

const FILES: [&str; 3] = ["base", "ours", "theirs"];

fn lab(base: &[(&str, &str)], ours: &[(&str, &str)], theirs: &[(&str, &str)]) -> Lab {
    let lab = Lab::new();
    for (name, units_of) in FILES.into_iter().zip([base, ours, theirs]) {
        lab.write(name, text(&units(units_of)));
    }
    lab
}

#[test]
fn ours_is_replaced_and_nothing_else() {
    let lab = lab(&[], &[("a", "1")], &[("b", "2")]);
    let theirs = lab.read("theirs");
    lab.cli(["merge"]).args(FILES).run().exits(0).says_nothing();
    assert_eq!(lab.read("ours"), text(&units(&[("a", "1"), ("b", "2")])));
    assert_eq!((lab.read("theirs"), lab.names()), (theirs, FILES.map(String::from).to_vec()));
    let told = lab.cli(["merge", "-v"]).args(FILES).run().exits(0);
    assert_eq!(told.complaint(), "ours: merged");
}

#[test]
fn an_empty_base_is_none() {
    let lab = lab(&[], &[("a", "1")], &[("b", "2")]);
    lab.write("base", "");
    lab.cli(["merge"]).args(FILES).run().exits(0);
    assert_eq!(lab.read("ours"), text(&units(&[("a", "1"), ("b", "2")])));
}

/// `git rerere` asks so, with a conflict that it knows: it merges what a person made of it into the
/// same conflict anew.
#[test]
fn what_only_one_side_changed_need_be_no_document() {
    let conflict = "{\n<<<<<<<\n  \"a\": 1\n=======\n  \"a\": 2\n>>>>>>>\n}\n";
    let chosen = "{\n  \"a\": 2\n}\n";
    for texts in [
        [conflict, conflict, chosen],
        [conflict, chosen, conflict],
        [conflict, chosen, chosen],
        [chosen, conflict, conflict],
    ] {
        let lab = Lab::new();
        for (name, text) in FILES.into_iter().zip(texts) {
            lab.write(name, text);
        }
        let [base, ours, theirs] = texts;
        let expected = if ours == base { theirs } else { ours };
        let told = lab.cli(["merge", "-n", "--json"]).args(FILES).run().exits(0).json();
        assert_eq!((&told["conflicts"], &told["text"]), (&json!([]), &json!(expected)));
        lab.cli(["merge"]).args(FILES).run().exits(0).says_nothing();
        assert_eq!(lab.read("ours"), expected);
    }
}

#[test]
fn a_conflict_is_1_and_told_of() {
    let lab = lab(&[("a", "1")], &[("a", "2")], &[]);
    let before = lab.snapshot();
    let dry = lab.cli(["merge", "--dry-run"]).args(FILES).run().exits(1);
    assert_eq!(lab.snapshot(), before);
    let told = lab.cli(["merge", "--dry-run", "--json"]).args(FILES).run().exits(1).json();
    assert_eq!(
        told,
        json!({
            "agentslock": 1, "ok": false, "path": "ours", "inputs_digest_dropped": false,
            "conflicts": [{
                "section": "units", "entry": "a", "base": super::unit("1"), "ours": super::unit("2")
            }],
            "text": dry.out(),
        })
    );
    let flags = ["--marker-size", "3", "--path", "x/y", "--labels", "%S", "us", "them"];
    let ended = lab.cli(["merge"]).args(flags).args(FILES).run().exits(1);
    assert_eq!(ended.complaint(), "x/y: unit a was changed on our side and removed on theirs");
    let document = lab.read("ours");
    for marker in ["<<< us\n", "||| base\n", "===\n", ">>> them\n"] {
        assert!(document.contains(&format!("\n{marker}")), "no {marker:?} in {document}");
    }
    lab.write("ours", text(&units(&[("a", "2")])));
    lab.cli(["merge", "-q"]).args(FILES).run().exits(1).says_nothing();
}

#[test]
fn what_cannot_be_merged_is_129_and_changes_nothing() {
    let lab = lab(&[], &[("a", "1")], &[("b", "2")]);
    lab.write("bad", "[]\n");
    lab.make_fifo("fifo");
    std::fs::create_dir(lab.join("directory")).unwrap();
    let before = lab.snapshot();
    for (files, hint) in [
        (["base", "bad", "theirs"], "ours, line 1, column 1"),
        (["base", "ours", "bad"], "theirs, line 1, column 1"),
        (["bad", "ours", "theirs"], "base, line 1, column 1"),
        (["base", "none", "theirs"], "`none` does not exist"),
        (["base", "ours", "fifo"], "a FIFO"),
        (["directory", "ours", "theirs"], "a directory"),
    ] {
        let ended = lab.cli(["merge"]).args(files).run().exits(129);
        assert!(ended.complaint().contains(hint), "{ended:?}");
        let told = lab.cli(["merge", "--json"]).args(files).run().exits(129).json();
        assert_eq!((&told["ok"], told["error"]["message"].is_string()), (&json!(false), true));
        assert_eq!(lab.snapshot(), before, "{files:?}");
    }
}

#[test]
fn what_is_called_wrongly_is_129_so_that_git_takes_it_for_no_conflict() {
    let lab = lab(&[], &[], &[]);
    let before = lab.snapshot();
    for arguments in [
        &["merge"][..],
        &["merge", "base", "ours"],
        &["merge", "base", "ours", "theirs", "more"],
        &["merge", "base", "ours", "theirs", "--marker-size", "0"],
        &["merge", "base", "ours", "theirs", "--marker-size", "3000000000"],
        &["merge", "base", "ours", "theirs", "--install"],
        &["merge", "base", "ours", "theirs", "--labels", "one"],
        &["merge", "--install", "--uninstall"],
        &["merge", "base", "ours", "theirs", "--file", "x"],
        &["--wait", "1", "merge", "base"],
    ] {
        let ended = lab.cli(arguments).run().exits(129);
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
    }
    lab.cli(["merge", "--json", "base"]).run().exits(129).json();
    lab.cli(["merge", "--help"]).run().exits(0);
    assert_eq!(lab.snapshot(), before);
}
