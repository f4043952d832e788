//! Sparse checkouts, which leave files of the repository out.

use std::fs;

use serde_json::json;

use super::repo::Repo;

const LINE: &str = ".agentsrc.lock merge=agentslock diff=agentslock text eol=lf\n";
const TEAM: &str = "*.png filter=lfs diff=lfs merge=lfs -text\n";

/// A repository whose checkout leaves out all files at its top but the document.
#[track_caller]
fn sparse() -> Option<Repo> {
    let repo = Repo::without_driver(&json!({}))?;
    repo.lab.write(".gitattributes", TEAM);
    repo.lab.write(".gitignore", "/build/\n");
    fs::create_dir(repo.lab.join("src")).unwrap();
    repo.lab.write("src/x", "");
    repo.commit("the team's");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/src/", "/.agentsrc.lock"]).exits(0);
    assert!(!repo.lab.join(".gitattributes").exists(), "it is left out");
    Some(repo)
}

#[test]
fn in_a_sparse_checkout_what_the_index_has_is_kept() {
    let Some(repo) = sparse() else { return };
    let dry = repo.agentslock(&["merge", "--install", "--ignore", "--dry-run"]).exits(0);
    assert_eq!(repo.lab.names(), [".agentsrc.lock", ".git", "src"]);
    let ended = repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    assert_eq!(dry.out().replace("would be done: ", ""), ended.out());
    let attributes = repo.lab.read(".gitattributes");
    assert!(attributes.starts_with(TEAM) && attributes.ends_with(LINE), "{attributes}");
    let ignored = repo.lab.read(".gitignore");
    assert!(ignored.starts_with("/build/\n") && ignored.contains("*.lock/\n"), "{ignored}");
    // What is to be committed adds our lines, and takes none.
    repo.git(&["add", "--sparse", ".gitattributes", ".gitignore"]).exits(0);
    let taken = repo.git(&["diff", "--cached", "--numstat"]).exits(0);
    assert!(taken.out().lines().all(|line| line.split('\t').nth(1) == Some("0")), "{taken:?}");
    assert_eq!(
        repo.agentslock(&["merge", "--install", "--ignore"]).exits(0).out(),
        "nothing to do\n"
    );
}

#[test]
fn in_a_sparse_checkout_undoing_it_keeps_the_rest() {
    let Some(repo) = sparse() else { return };
    repo.git(&["sparse-checkout", "disable"]).exits(0);
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    repo.commit("installed");
    repo.git(&["sparse-checkout", "set", "--no-cone", "/src/", "/.agentsrc.lock"]).exits(0);
    assert!(!repo.lab.join(".gitattributes").exists(), "it is left out");
    repo.agentslock(&["merge", "--uninstall"]).exits(0);
    assert_eq!(repo.lab.read(".gitattributes"), TEAM);
    assert_eq!(repo.lab.read(".gitignore"), "/build/\n");
}

#[test]
fn what_is_in_conflict_is_refused_before_anything_is_written() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.git(&["checkout", "--quiet", "-b", "topic"]).exits(0);
    for (branch, text) in [("topic", "a\n"), ("main", "b\n")] {
        repo.git(&["checkout", "--quiet", branch]).exits(0);
        repo.lab.write(".gitattributes", text);
        repo.commit(branch);
    }
    repo.git(&["merge", "topic"]).exits(1);
    fs::remove_file(repo.lab.join(".gitattributes")).unwrap();
    let config = repo.lab.read(".git/config");
    let ended = repo.agentslock(&["merge", "--install"]).exits(2);
    assert!(ended.complaint().contains("in conflict"), "{ended:?}");
    assert_eq!(repo.lab.read(".git/config"), config);
    assert!(!repo.lab.join(".gitattributes").exists());
}
