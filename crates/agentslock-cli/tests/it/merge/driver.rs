//! What git merges with it, in the ways in which git merges.

use serde_json::json;

use super::repo::{Repo, labels};
use super::{units, with};
use crate::support::DOCUMENT;

const BASE: [(&str, &str); 2] = [("git:a/one@1", "1"), ("git:a/two@1", "2")];

#[test]
fn branches_that_lock_different_units_merge() {
    let Some(repo) = Repo::forked(
        &units(&BASE),
        &units(&[("git:a/new@1", "8"), BASE[0], ("git:a/two@1", "3")]),
        &units(&[("git:a/newer@1", "9"), ("git:a/one@1", "4"), BASE[1]]),
    ) else {
        return;
    };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&units(&[
        ("git:a/new@1", "8"),
        ("git:a/newer@1", "9"),
        ("git:a/one@1", "4"),
        ("git:a/two@1", "3"),
    ]));
}

/// What git does by itself, so that the tests here show something.
#[test]
fn without_the_driver_they_do_not() {
    let Some(repo) = Repo::without_driver(&units(&BASE)) else { return };
    repo.fork(
        &units(&[("git:a/new@1", "8"), BASE[0], BASE[1]]),
        &units(&[("git:a/newer@1", "9"), BASE[0], BASE[1]]),
    );
    let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    assert!(ended.out().contains("CONFLICT"), "{}", ended.out());
}

#[test]
fn branches_that_lock_a_unit_alike_merge() {
    let alike = units(&[BASE[0], ("git:a/two@1", "3")]);
    let theirs = with(alike.clone(), json!({"theirs": 1}));
    let Some(repo) = Repo::forked(&units(&BASE), &alike, &theirs) else { return };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&theirs);
}

#[test]
fn a_unit_that_one_side_removes_is_removed() {
    let (ours, theirs) = (units(&[BASE[1]]), units(&[BASE[0], ("git:a/two@1", "3")]));
    let Some(repo) = Repo::forked(&units(&BASE), &ours, &theirs) else { return };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&units(&[("git:a/two@1", "3")]));
}

#[test]
fn a_digest_of_inputs_that_both_changed_is_dropped_and_that_is_said() {
    let digest = |digest: &str| with(units(&BASE), json!({"inputs_digest": digest}));
    let Some(repo) = Repo::forked(&digest("a"), &digest("b"), &digest("c")) else { return };
    let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    assert!(ended.stderr.contains("inputs_digest was changed on both sides"), "{}", ended.stderr);
    repo.expect_committed(&units(&BASE));
}

#[test]
fn a_digest_of_inputs_that_one_changed_is_taken() {
    let digest = |digest: &str| with(units(&BASE), json!({"inputs_digest": digest}));
    let theirs = digest("c");
    let ours = with(digest("a"), json!({"x": 1}));
    let Some(repo) = Repo::forked(&digest("a"), &ours, &theirs) else { return };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&with(digest("c"), json!({"x": 1})));
}

#[test]
fn of_stamps_on_both_sides_the_later_one_wins() {
    let stamps = |installed: &str, refreshed: &str| {
        json!({
            "install": {"project": "p", "stamped_at": installed, "version": installed},
            "lock_version": 1,
            "refresh": {"refreshedAt": refreshed, "version": refreshed},
        })
    };
    let (early, middle, late) =
        ("2026-01-01T00:00:00Z", "2026-01-01T02:00:00+01:00", "2026-01-02T00:00:00Z");
    let Some(repo) =
        Repo::forked(&stamps(early, early), &stamps(late, middle), &stamps(middle, late))
    else {
        return;
    };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    // Each as a whole, with what its side says beside the time.
    repo.expect_committed(&stamps(late, late));
}

#[test]
fn sections_that_are_not_known_merge_by_entry() {
    let unknown = |a: i32, b: i32| json!({"lock_version": 1, "x": {"a": [a, {"n": a}], "b": b}});
    let (base, ours, theirs) = (unknown(1, 1), unknown(2, 1), unknown(1, 2));
    let Some(repo) = Repo::forked(&base, &ours, &theirs) else { return };
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&unknown(2, 2));
}

#[test]
fn a_document_that_both_sides_begin_is_merged() {
    let Some(repo) = Repo::new(&units(&[])) else { return };
    repo.git(&["rm", "--quiet", DOCUMENT]).exits(0);
    repo.commit("no document");
    repo.fork(&units(&[BASE[0]]), &units(&[BASE[1]]));
    repo.git(&["merge", "--no-edit", "topic"]).exits(0);
    repo.expect_committed(&units(&BASE));
}

#[test]
fn a_rebase_merges_commit_by_commit() {
    let ours = units(&[BASE[0], ("git:a/two@1", "3")]);
    let theirs = units(&[("git:a/one@1", "4"), BASE[1]]);
    let Some(repo) = Repo::forked(&units(&BASE), &ours, &theirs) else { return };
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    repo.write(&units(&[("git:a/one@1", "5"), BASE[1]]));
    repo.commit("theirs again");
    repo.git(&["rebase", "--quiet", "main"]).exits(0);
    repo.expect_committed(&units(&[("git:a/one@1", "5"), ("git:a/two@1", "3")]));
    let log = repo.git(&["log", "--format=%s"]).exits(0);
    assert_eq!(log.out(), "theirs again\ntheirs\nours\ninstall\nbase\n");
}

#[test]
fn a_cherry_pick_takes_what_its_commit_changed() {
    let ours = units(&[BASE[0], ("git:a/two@1", "3")]);
    let theirs = units(&[("git:a/one@1", "4"), BASE[1]]);
    let Some(repo) = Repo::forked(&units(&BASE), &ours, &theirs) else { return };
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    repo.write(&units(&[("git:a/new@1", "8"), ("git:a/one@1", "4"), BASE[1]]));
    repo.commit("new");
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    repo.git(&["cherry-pick", "topic"]).exits(0);
    // Not what the commit before it changed.
    repo.expect_committed(&units(&[("git:a/new@1", "8"), BASE[0], ("git:a/two@1", "3")]));
}

#[test]
fn a_revert_and_a_stash_merge_too() {
    let Some(repo) = Repo::new(&units(&BASE)) else { return };
    repo.write(&units(&[BASE[0], ("git:a/two@1", "3")]));
    repo.commit("two");
    repo.write(&units(&[("git:a/one@1", "4"), ("git:a/two@1", "3")]));
    repo.commit("one");
    repo.git(&["revert", "--no-edit", "HEAD~1"]).exits(0);
    repo.expect_committed(&units(&[("git:a/one@1", "4"), BASE[1]]));
    repo.write(&units(&[("git:a/one@1", "4"), ("git:a/two@1", "5")]));
    repo.git(&["stash", "--quiet"]).exits(0);
    repo.write(&units(&[("git:a/one@1", "6"), BASE[1]]));
    repo.commit("one again");
    repo.git(&["stash", "pop", "--quiet"]).exits(0);
    repo.commit("from the stash");
    repo.expect_committed(&units(&[("git:a/one@1", "6"), ("git:a/two@1", "5")]));
}

/// Two merges of the same two commits, each with a conflict, become each other's ancestors.
#[test]
fn ancestors_that_conflict_with_each_other_leave_no_markers_behind() {
    let (ours, theirs) =
        (units(&[BASE[0], ("git:a/two@1", "3")]), units(&[BASE[0], ("git:a/two@1", "4")]));
    let Some(repo) = Repo::forked(&units(&BASE), &ours, &theirs) else { return };
    repo.git(&["branch", "old-main"]).exits(0);
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    repo.write(&units(&[("git:a/new@1", "8"), BASE[0], ("git:a/two@1", "4")]));
    repo.commit("theirs taken");
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    repo.git(&["merge", "--no-edit", "old-main"]).exits(1);
    repo.write(&units(&[("git:a/newer@1", "9"), BASE[0], ("git:a/two@1", "4")]));
    repo.commit("theirs taken here, too");
    repo.git(&["merge", "--no-edit", "main"]).exits(0);
    repo.expect_committed(&units(&[
        ("git:a/new@1", "8"),
        ("git:a/newer@1", "9"),
        BASE[0],
        ("git:a/two@1", "4"),
    ]));
}

/// Two merges of the same two commits become each other's ancestors, and one side takes back what
/// it had merged.
#[test]
fn what_is_taken_back_after_both_sides_merged_each_other_stays_taken_back() {
    let (one, two) = (("git:a/one@1", "3"), ("git:a/two@1", "4"));
    for conflict in [false, true] {
        // A unit that both move, each otherwise, beside it.
        let [our_other, their_other] =
            if conflict { [Some(("git:a/x@1", "5")), Some(("git:a/x@1", "6"))] } else { [None; 2] };
        let with = |all: [(&str, &str); 2], other: Option<(&str, &str)>| {
            units(&all.into_iter().chain(other).collect::<Vec<_>>())
        };
        let (ours, theirs) = (with([one, BASE[1]], our_other), with([BASE[0], two], their_other));
        let Some(repo) = Repo::forked(&units(&BASE), &ours, &theirs) else { return };
        repo.git(&["branch", "old-main"]).exits(0);
        let status = i32::from(conflict);
        repo.git(&["merge", "--no-edit", "topic"]).exits(status);
        repo.write(&with([one, two], our_other));
        repo.commit("merged");
        repo.git(&["checkout", "--quiet", "topic"]).exits(0);
        repo.git(&["merge", "--no-edit", "old-main"]).exits(status);
        repo.write(&with([one, two], their_other));
        repo.commit("merged here, too");
        repo.write(&with([BASE[0], two], their_other));
        repo.commit("taken back");
        repo.git(&["checkout", "--quiet", "main"]).exits(0);
        repo.write(&with([one, ("git:a/two@1", "7")], our_other));
        repo.commit("ours");
        let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(status);
        if conflict {
            // Nobody has decided between the two yet, whatever each branch did for itself.
            assert!(ended.stderr.contains("unit git:a/x@1 was changed"), "{}", ended.stderr);
            assert_eq!(ended.stderr.matches("changed").count(), 1, "{}", ended.stderr);
            assert!(!repo.lab.document().contains("\"sha256:333"), "{}", repo.lab.document());
        } else {
            repo.expect_committed(&units(&[BASE[0], ("git:a/two@1", "7")]));
        }
    }
}

#[test]
fn documents_in_directories_of_any_name_merge_and_are_shown() {
    for name in ["it's a 100% \"odd\" name/deep", "-v"] {
        let Some(repo) = Repo::new(&units(&BASE)) else { return };
        std::fs::create_dir_all(repo.lab.join(name)).unwrap();
        let at = format!("{name}/{DOCUMENT}");
        let put = |document| repo.lab.write(&at, super::repo::text(&document));
        put(units(&BASE));
        repo.commit("elsewhere");
        repo.git(&["checkout", "--quiet", "-b", "topic"]).exits(0);
        put(units(&[BASE[0], ("git:a/two@1", "3")]));
        repo.commit("theirs");
        repo.git(&["checkout", "--quiet", "main"]).exits(0);
        put(units(&[("git:a/one@1", "4"), ("git:a/two@1", "5")]));
        let shown = repo.git(&["diff"]).exits(0);
        assert!(shown.out().contains("+unit git:a/one@1: digest sha256:444"), "{}", shown.out());
        repo.commit("ours");
        let ended = repo.git(&["merge", "--no-edit", "topic"]).exits(1);
        let said = format!("{at}: unit git:a/two@1 was changed differently on both sides");
        assert!(ended.stderr.contains(&said), "{}", ended.stderr);
        let marker = format!("<<<<<<< {}\n", labels()[0]);
        assert!(repo.lab.read(&at).contains(&marker), "{}", repo.lab.read(&at));
    }
}
