//! A document that git has, and the checkout leaves out. The checkout is sparse, or the file is
//! marked, or nothing was written to the checkout yet. A document that is made there takes the
//! place of git's one in the next commit.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::merge::repo::{Repo, isolated};
use crate::support::{DOCUMENT, Ended, Program};

const SPARSE: &str = "somebody's $HOME";

fn base() -> Value {
    json!({"install": {"a": 1}, "lock_version": 1, "units": {"a": 1}})
}

/// A repository with the document, a declaration and a directory.
#[track_caller]
fn repository() -> Option<Repo> {
    let repo = Repo::without_driver(&base())?;
    std::fs::create_dir(repo.lab.join("src")).unwrap();
    repo.lab.write("src/f", "");
    repo.lab.write(".agentsrc.json", "{}\n");
    repo.lab.write("log", "{\"old\":1}\n");
    repo.commit("all");
    Some(repo)
}

/// Each way in which a checkout has not what git has: its directory, and what brings the document
/// into it.
fn checkouts(repo: &Repo) -> Vec<PathBuf> {
    let root = repo.lab.root().to_str().unwrap().to_owned();
    let clone = |name: &str, more: &[&str]| {
        repo.git(&[&["clone", "-q", "--no-hardlinks"], more, &[&root, name]].concat()).exits(0);
        repo.lab.join(name)
    };
    let leaves = ["/src/", "/.agentsrc.json"];
    // A name that a shell would split, and change.
    let sparse = clone(SPARSE, &[]);
    repo.git(&[&["-C", SPARSE, "sparse-checkout", "set", "--no-cone"], &leaves[..]].concat())
        .exits(0);
    let marked = clone("marked", &[]);
    for name in [DOCUMENT, "log"] {
        repo.git(&["-C", "marked", "update-index", "--skip-worktree", name]).exits(0);
        std::fs::remove_file(marked.join(name)).unwrap();
    }
    let split = clone("split", &[]);
    repo.git(&["-C", "split", "sparse-checkout", "set", "--no-cone", "/src/"]).exits(0);
    repo.git(&["-C", "split", "update-index", "--split-index"]).exits(0);
    let empty = clone("empty", &["--no-checkout"]);
    repo.git(&["worktree", "add", "-q", "--no-checkout", "-b", "other", "worktree"]).exits(0);
    vec![sparse, marked, split, empty, repo.lab.join("worktree")]
}

fn run(repo: &Repo, directory: &Path, verb: &[&str]) -> Ended {
    isolated(repo.lab.cli(verb).input("{\"n\":1}\n"), &repo.lab).in_directory(directory).run()
}

#[test]
fn a_document_that_the_checkout_leaves_out_is_not_made_afresh() {
    let Some(repo) = repository() else { return };
    let verbs: [&[&str]; 6] = [
        &["set", "counters", "{\"n\":1}", "--file", DOCUMENT],
        &["edit", "--file", DOCUMENT, "--", "cat"],
        &["set", "counters", "--file", DOCUMENT, "--", "cat"],
        &["set", "counters.n", "1", "--file", DOCUMENT],
        &["init", "--document"],
        &["append", "log"],
    ];
    for checkout in checkouts(&repo) {
        for verb in verbs {
            let ended = run(&repo, &checkout, verb).exits(2);
            let said = ended.complaint();
            let name = if verb[0] == "append" { "log" } else { DOCUMENT };
            let told = ["nothing was written", "checkout", name];
            assert!(told.iter().all(|it| said.contains(it)), "{checkout:?} {verb:?}: {said}");
            assert!(!checkout.join(name).exists(), "{checkout:?} {verb:?}");
        }
    }
    // Found by its declaration, without a name.
    run(&repo, &repo.lab.join(SPARSE), &["set", "counters", "1"]).exits(2);
}

/// It is the nearer one that is meant, although another one further up is there.
#[test]
fn a_nearer_document_that_is_left_out_is_not_passed_over_for_the_one_further_up() {
    let Some(repo) = repository() else { return };
    let nearer = "src/.agentsrc.lock";
    repo.lab.write(nearer, "{\"nearer\": 1}\n");
    repo.commit("a document further down");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/src/.agentsrc.lock"]).exits(0);
    assert!(!repo.lab.join(nearer).exists());
    let before = repo.lab.document();
    for verb in [&["set", "counters", "1"][..], &["unset", "units"], &["edit", "--", "cat"]] {
        let ended = run(&repo, &repo.lab.join("src"), verb).exits(2);
        assert!(ended.complaint().contains(nearer), "{verb:?}: {ended:?}");
        assert_eq!(repo.lab.document(), before, "{verb:?}");
    }
    repo.git(&["sparse-checkout", "disable"]).exits(0);
    run(&repo, &repo.lab.join("src"), &["set", "counters", "1"]).exits(0);
    assert_eq!(repo.lab.document(), before);
    assert!(repo.lab.read(nearer).contains("counters"), "{}", repo.lab.read(nearer));
}

/// What the message says to type is typed, and then the change goes to git's document.
#[test]
fn what_is_told_brings_the_document_into_the_checkout() {
    let Some(repo) = repository() else { return };
    for checkout in checkouts(&repo) {
        let set = ["set", "counters", "{\"n\":1}", "--file", DOCUMENT, "--json"];
        let ended = run(&repo, &checkout, &set).exits(2);
        let told = ended.json();
        assert_eq!(told["error"]["kind"], "left-out", "{told}");
        let message = told["error"]["message"].as_str().unwrap();
        let command = message.split('`').rfind(|part| part.starts_with("git ")).unwrap();
        let typed = Program::new("sh").args(["-c", command]);
        isolated(typed, &repo.lab).in_directory(&checkout).run().exits(0);
        run(&repo, &checkout, &set).exits(0);
        let document = std::fs::read_to_string(checkout.join(DOCUMENT)).unwrap();
        let found: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(
            found,
            json!({"counters": {"n": 1}, "install": {"a": 1}, "lock_version": 1, "units": {"a": 1}})
        );
    }
}

/// Nobody is sent to make one.
#[test]
fn who_reads_is_told_that_git_has_it() {
    let Some(repo) = repository() else { return };
    for checkout in checkouts(&repo) {
        for verb in [&["show"][..], &["check"], &["diff"], &["doctor"], &["unset", "units"]] {
            let ended = run(&repo, &checkout, verb);
            let said = ended.out().to_owned() + &ended.stderr;
            assert!(said.contains(" checkout --"), "{checkout:?} {verb:?}: {said}");
            assert!(!said.contains("agentslock init"), "{checkout:?} {verb:?}: {said}");
        }
    }
}

/// A document that a person has removed is made afresh, as ever; so is one that git never had.
#[test]
fn a_document_that_was_removed_is_made_afresh() {
    let Some(repo) = repository() else { return };
    let set = ["set", "counters", "{\"n\":1}"];
    std::fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
    run(&repo, repo.lab.root(), &set).exits(0);
    repo.git(&["rm", "-qf", DOCUMENT]).exits(0);
    run(&repo, repo.lab.root(), &set).exits(0);
    std::fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
    repo.git(&["sparse-checkout", "set", "--no-cone", "/src/", "/.agentsrc.json"]).exits(0);
    run(&repo, repo.lab.root(), &set).exits(0);
    let fresh = repo.lab.join("fresh");
    repo.git(&["init", "-q", "fresh"]).exits(0);
    run(&repo, &fresh, &["init", "--document"]).exits(0);
    repo.git(&["clone", "-q", "--no-checkout", ".", "without"]).exits(0);
    run(&repo, &repo.lab.join("without"), &["set", "a", "1", "--file", "another"]).exits(0);
}

/// In git's own directory, no commit has it.
#[test]
fn no_document_is_made_in_a_bare_repository() {
    let Some(repo) = repository() else { return };
    repo.git(&["clone", "-q", "--bare", ".", "bare"]).exits(0);
    for directory in ["bare", "bare/hooks", ".git"] {
        let directory = repo.lab.join(directory);
        let said = run(&repo, &directory, &["init", "--document"]).exits(2);
        assert!(said.complaint().contains("git's own directory"), "{said:?}");
        assert!(!directory.join(DOCUMENT).exists(), "{directory:?}");
    }
}
