//! Ways of merging that are git's own, and what they make of the document. `docs/cli.md` says it.

use super::repo::Repo;
use super::units;
use crate::support::DOCUMENT;

const ONE: (&str, &str) = ("git:a/one@1", "1");
const TWO: (&str, &str) = ("git:a/two@1", "2");
const SIX: (&str, &str) = ("git:z/six@1", "6");

#[test]
fn an_octopus_merges_by_line_without_the_driver_and_gives_up_where_lines_touch() {
    let Some(repo) = Repo::new(&units(&[])) else { return };
    let branches = [("one", ONE), ("two", TWO), ("six", SIX)];
    for (branch, unit) in branches {
        repo.git(&["checkout", "--quiet", "-b", branch, "main"]).exits(0);
        repo.write(&units(&[unit]));
        repo.commit(branch);
    }
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    let ended = repo.git(&["merge", "--no-edit", "one", "two", "six"]).exits(2);
    assert!(ended.out().contains("Should not be doing an octopus"), "{ended:?}");
    repo.expect_committed(&units(&[]));
    // One after the other, the driver merges them.
    for (branch, _) in branches {
        repo.git(&["merge", "--no-edit", branch]).exits(0);
    }
    repo.expect_committed(&units(&[ONE, TWO, SIX]));
    // What lies far enough apart is merged by line.
    let far = [("git:a/a@1", "3"), ("git:z/z@1", "4")];
    for (branch, units) in
        [("first", units(&[far[0], ONE, TWO, SIX])), ("last", units(&[ONE, TWO, SIX, far[1]]))]
    {
        repo.git(&["checkout", "--quiet", "-b", branch, "main"]).exits(0);
        repo.write(&units);
        repo.commit(branch);
    }
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    repo.git(&["merge", "--no-edit", "first", "last"]).exits(0);
    repo.expect_committed(&units(&[far[0], ONE, TWO, SIX, far[1]]));
}

#[test]
fn the_strategy_resolve_does_not_use_the_driver() {
    let Some(repo) = Repo::forked(&units(&[]), &units(&[ONE]), &units(&[TWO])) else {
        return;
    };
    let ended = repo.git(&["merge", "--no-edit", "-s", "resolve", "topic"]).exits(1);
    assert!(repo.lab.document().contains("<<<<<<<"), "{ended:?}");
    // Its markers are settled as those of other merges by line.
    repo.agentslock(&["check", "--fix"]).exits(0);
    repo.commit("merged");
    repo.expect_committed(&units(&[ONE, TWO]));
}

#[test]
fn an_option_for_sides_does_not_reach_the_driver_and_conflicts_stay() {
    for side in ["ours", "theirs"] {
        let moved = |mark| units(&[("git:a/one@1", mark), SIX]);
        let Some(repo) = Repo::forked(&moved("1"), &moved("2"), &moved("3")) else { return };
        repo.git(&["merge", "--no-edit", "-X", side, "topic"]).exits(1);
        assert!(repo.lab.document().contains("<<<<<<<"));
        // Git's own way to take a side of a file as a whole.
        repo.git(&["checkout", &format!("--{side}"), DOCUMENT]).exits(0);
        repo.commit("taken");
        repo.expect_committed(&moved(if side == "ours" { "2" } else { "3" }));
    }
    // The strategy takes our side of all files, and asks no driver.
    let Some(repo) = Repo::forked(&units(&[]), &units(&[ONE]), &units(&[TWO])) else {
        return;
    };
    repo.git(&["merge", "--no-edit", "-s", "ours", "topic"]).exits(0);
    repo.expect_committed(&units(&[ONE]));
}

#[test]
fn a_rebase_and_a_cherry_pick_use_the_driver() {
    let Some(repo) = Repo::forked(&units(&[]), &units(&[ONE]), &units(&[TWO])) else {
        return;
    };
    repo.git(&["checkout", "--quiet", "-b", "picked"]).exits(0);
    repo.git(&["cherry-pick", "topic"]).exits(0);
    repo.expect_committed(&units(&[ONE, TWO]));
    repo.git(&["checkout", "--quiet", "topic"]).exits(0);
    repo.git(&["rebase", "--quiet", "main"]).exits(0);
    repo.expect_committed(&units(&[ONE, TWO]));
}
