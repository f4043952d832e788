//! Conflicts: what is left between markers, and how a person gets out of it.

use serde_json::Value;

use super::repo::{Repo, labels, text};
use super::units;
use crate::support::{DOCUMENT, Lab};

fn base() -> Value {
    units(&[("git:a/one@1", "1"), ("git:a/two@1", "2")])
}

/// Both sides moved one unit, each otherwise, and ours another one.
#[track_caller]
fn conflicting() -> Option<Repo> {
    let ours = units(&[("git:a/one@1", "6"), ("git:a/two@1", "3")]);
    let theirs = units(&[("git:a/one@1", "1"), ("git:a/two@1", "4")]);
    Repo::forked(&base(), &ours, &theirs)
}

/// Takes away the lines of the conflict that are not on the side that follows `marker`, as a person
/// does with an editor.
fn choose(conflict: &str, marker: char) -> String {
    let mut chosen = String::new();
    let mut side = None;
    for line in conflict.split_inclusive('\n') {
        match line.chars().next() {
            Some(character @ ('<' | '|' | '=')) => side = Some(character),
            Some('>') => side = None,
            _ if side.is_none_or(|side| side == marker) => chosen.push_str(line),
            _ => {}
        }
    }
    chosen
}

#[test]
fn a_unit_that_both_moved_is_left_between_markers_that_a_person_understands() {
    let Some(repo) = conflicting() else { return };
    let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    assert!(ended.out().contains(&format!("CONFLICT (content): Merge conflict in {DOCUMENT}")));
    let said =
        "agentslock: .agentsrc.lock: unit git:a/two@1 was changed differently on both sides\n";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    let unit = |mark: &str| {
        format!(
            "    \"git:a/two@1\": {{\n      \"digest\": \"sha256:{}\",\n      \"kind\": \"layer\"\n    }}\n",
            mark.repeat(64)
        )
    };
    let document = repo.lab.document();
    let [our_label, their_label] = labels();
    let (before, conflict) = document.split_once(&format!("<<<<<<< {our_label}\n")).unwrap();
    assert!(before.contains(&"6".repeat(64)), "what does not conflict is merged\n{document}");
    let (sides, after) = conflict.split_once(&format!(">>>>>>> {their_label}\n")).unwrap();
    let (ours, rest) = sides.split_once("||||||| ").unwrap();
    let (base, theirs) = rest.split_once("=======\n").unwrap();
    assert_eq!((ours, theirs), (&*unit("3"), &*unit("4")));
    assert!(base.ends_with(&unit("2")), "{base}");
    assert_eq!(after, "  }\n}\n");
}

#[test]
fn a_side_that_is_chosen_by_hand_is_a_document() {
    for (marker, mark) in [('<', "3"), ('=', "4"), ('|', "2")] {
        let Some(repo) = conflicting() else { return };
        repo.git(&["merge", "--no-edit", "topic"]).exits(1);
        let told = repo.agentslock(&["check"]).exits(1);
        assert!(
            told.out().contains("unit git:a/two@1 was changed on both sides"),
            "{}",
            told.out()
        );
        repo.agentslock(&["check", "--fix"]).exits(1);
        repo.lab.write(DOCUMENT, choose(&repo.lab.document(), marker));
        repo.agentslock(&["check", "--fix"]).exits(0);
        repo.git(&["add", DOCUMENT]).exits(0);
        repo.git(&["commit", "--quiet", "--no-edit"]).exits(0);
        repo.expect_committed(&units(&[("git:a/one@1", "6"), ("git:a/two@1", mark)]));
    }
}

#[test]
fn what_one_side_removed_and_the_other_changed_is_a_conflict() {
    for (marker, left) in
        [('<', &[("git:a/one@1", "1")][..]), ('=', &[("git:a/one@1", "1"), ("git:a/two@1", "4")])]
    {
        let ours = units(&[("git:a/one@1", "1")]);
        let theirs = units(&[("git:a/one@1", "1"), ("git:a/two@1", "4")]);
        let Some(repo) = Repo::forked(&base(), &ours, &theirs) else { return };
        let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(1);
        let said = "unit git:a/two@1 was removed on our side and changed on theirs";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        // With the removal taken, the comma before it is one too many.
        let chosen = choose(&repo.lab.document(), marker);
        repo.lab.write(DOCUMENT, &chosen);
        if marker == '<' {
            let told = repo.agentslock(&["check"]).exits(1);
            assert!(told.out().contains("malformed"), "{}", told.out());
        }
        repo.agentslock(&["check", "--fix"]).exits(0);
        repo.commit("chosen");
        repo.expect_committed(&units(left));
    }
}

#[test]
fn a_conflict_in_a_rebase_is_settled_and_the_rebase_goes_on() {
    let Some(repo) = conflicting() else { return };
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    let ended = repo.git(&["rebase", "main"]).exits(1);
    assert!(
        ended.stderr.contains("unit git:a/two@1 was changed differently on both"),
        "{}",
        ended.stderr
    );
    // In a rebase, "theirs" is what is being rebased.
    repo.lab.write(DOCUMENT, choose(&repo.lab.document(), '='));
    repo.agentslock(&["check", "--fix"]).exits(0);
    repo.git(&["add", DOCUMENT]).exits(0);
    repo.git(&["rebase", "--continue"]).exits(0);
    repo.expect_committed(&units(&[("git:a/one@1", "6"), ("git:a/two@1", "4")]));
}

#[test]
fn a_conflict_in_a_cherry_pick_is_settled_and_it_goes_on() {
    let Some(repo) = conflicting() else { return };
    repo.git(&["cherry-pick", "topic"]).exits(1);
    repo.lab.write(DOCUMENT, choose(&repo.lab.document(), '<'));
    repo.agentslock(&["check", "--fix"]).exits(0);
    repo.git(&["add", DOCUMENT]).exits(0);
    repo.git(&["cherry-pick", "--skip"]).exits(0);
    repo.expect_committed(&units(&[("git:a/one@1", "6"), ("git:a/two@1", "3")]));
}

#[test]
fn a_choice_that_git_remembers_is_made_again() {
    let Some(repo) = conflicting() else { return };
    repo.git(&["config", "rerere.enabled", "true"]).exits(0);
    repo.git(&["config", "rerere.autoUpdate", "true"]).exits(0);
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    repo.lab.write(DOCUMENT, choose(&repo.lab.document(), '='));
    repo.agentslock(&["check", "--fix"]).exits(0);
    repo.commit("chosen");
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).exits(0);
    let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    assert!(ended.stderr.contains("using previous resolution"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("line by line"), "{}", ended.stderr);
    repo.commit("chosen again");
    repo.expect_committed(&units(&[("git:a/one@1", "6"), ("git:a/two@1", "4")]));
}

#[test]
fn conflicts_of_gits_own_that_are_none_are_fixed() {
    let Some(repo) = Repo::without_driver(&base()) else { return };
    let (one, two) = (("git:a/one@1", "1"), ("git:a/two@1", "2"));
    repo.fork(
        &units(&[("git:a/new@1", "8"), one, two]),
        &units(&[("git:a/newer@1", "9"), one, two]),
    );
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    let told = repo.agentslock(&["check"]).exits(1);
    assert!(told.out().contains("conflict-markers"), "{}", told.out());
    let fixed = repo.agentslock(&["check", "--fix"]).exits(0);
    assert!(fixed.out().contains("(fixed)"), "{}", fixed.out());
    repo.commit("merged");
    repo.expect_committed(&units(&[("git:a/new@1", "8"), ("git:a/newer@1", "9"), one, two]));
}

/// Only the markers are gone, and the base.
#[test]
fn two_sides_that_are_both_kept_are_not_taken_for_a_choice() {
    let Some(repo) = conflicting() else { return };
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    let conflict = repo.lab.document();
    let (start, rest) = conflict.split_once("||||||| ").unwrap();
    let (_, end) = rest.split_once("=======\n").unwrap();
    let is_marker = |line: &&str| !line.starts_with(['<', '>']);
    let kept: String = [start, end].concat().split_inclusive('\n').filter(is_marker).collect();
    for document in
        [kept.clone(), kept.replacen("    }\n    \"git:a/two", "    },\n    \"git:a/two", 1)]
    {
        repo.lab.write(DOCUMENT, &document);
        for flags in [&["check"][..], &["check", "--fix"]] {
            let told = repo.agentslock(flags).exits(1);
            let expected = ":12:5: duplicate-key: units.git:a/two@1 is there already";
            assert!(told.out().contains(expected), "{document}{}", told.out());
            assert!(!told.out().contains("fix"), "{}", told.out());
        }
        assert_eq!(repo.lab.document(), document);
    }
}

#[test]
fn markers_are_not_settled_while_a_key_is_there_twice() {
    let conflict = "<<<<<<< HEAD\n  \"t\": 1\n=======\n  \"u\": 2\n>>>>>>> topic\n";
    let twice = "  \"s\": {\n    \"a\": 1,\n    \"a\": 2\n  },\n";
    let lab = Lab::with(format!("{{\n{twice}{conflict}}}\n"));
    let before = lab.snapshot();
    let told = lab.cli(["check", "--fix"]).run().exits(1);
    assert!(told.out().contains(":6:1: duplicate-key: s.a is there already"), "{}", told.out());
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn longer_markers_are_read_back() {
    let Some(repo) = conflicting() else { return };
    let attributes = repo.lab.read(".gitattributes");
    repo.lab.write(".gitattributes", attributes + ".agentsrc.lock conflict-marker-size=20\n");
    repo.commit("long markers");
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    let conflict = repo.lab.document();
    let marker = format!("\n{} {}\n", "<".repeat(20), labels()[0]);
    assert!(conflict.contains(&marker), "{conflict}");
    repo.agentslock(&["check"]).exits(1);
    assert_eq!(choose(&conflict, '<'), text(&units(&[("git:a/one@1", "6"), ("git:a/two@1", "3")])));
}
