//! Sparse checkouts, which leave files of the repository out.

use std::fs;

use serde_json::json;

use super::repo::Repo;
use crate::support::DOCUMENT;

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

/// A fresh document would be committed over everybody's sections.
#[test]
fn a_document_that_is_left_out_is_not_made_afresh_and_comes_back_as_it_is_said() {
    let Some(repo) = Repo::without_driver(&json!({"s": {"e": 1}})) else { return };
    repo.lab.write(".agentsrc.json", "{}\n");
    fs::create_dir(repo.lab.join("src")).unwrap();
    repo.lab.write("src/x", "");
    repo.commit("all");
    let set = ["sparse-checkout", "set", "--no-cone", "/src/", "/.agentsrc.json"];
    repo.git(&set).exits(0);
    let before = repo.lab.snapshot();
    let file = repo.lab.join(DOCUMENT);
    let file = file.to_str().unwrap();
    for arguments in [
        &["set", "t", "1"][..],
        &["set", "--file", file, "t", "1"],
        &["set", "t", "--", "echo", "1"],
        &["edit", "--", "echo", "{}"],
        &["edit", DOCUMENT, "--", "echo", "{}"],
        &["init", "--document"],
        &["init", "--document", "-n"],
    ] {
        let refused = repo.agentslock(arguments).exits(2);
        assert!(refused.complaint().contains("sparse checkout leaves it out"), "{refused:?}");
        assert_eq!(repo.lab.snapshot(), before, "{arguments:?}");
    }
    repo.agentslock(&["digest"]).exits(0);
    repo.git(&["update-index", "--no-skip-worktree", DOCUMENT]).exits(0);
    repo.git(&["checkout", "--", DOCUMENT]).exits(0);
    repo.agentslock(&["set", "t", "1"]).exits(0);
    assert_eq!(repo.agentslock(&["show", "s.e"]).exits(0).out(), "1\n");
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

/// Our lines are all that the files have, and a checkout without the files would bring them back.
#[test]
fn in_a_sparse_checkout_a_file_of_our_lines_alone_is_made_empty() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    fs::create_dir(repo.lab.join("src")).unwrap();
    repo.lab.write("src/x", "");
    repo.agentslock(&["merge", "--install", "--ignore"]).exits(0);
    repo.commit("installed");
    for leave_out in [
        &["sparse-checkout", "set", "--no-cone", "/src/", "/.agentsrc.lock"][..],
        &["update-index", "--skip-worktree", ".gitattributes", ".gitignore"],
    ] {
        repo.git(leave_out).exits(0);
        let _ = fs::remove_file(repo.lab.join(".gitattributes"));
        let _ = fs::remove_file(repo.lab.join(".gitignore"));
        assert_eq!(repo.git(&["status", "--porcelain"]).exits(0).out(), "", "{leave_out:?}");
        let dry = repo.agentslock(&["merge", "--uninstall", "--dry-run"]).exits(0);
        assert_eq!(repo.lab.names(), [".agentsrc.lock", ".git", "src"]);
        let ended = repo.agentslock(&["merge", "--uninstall"]).exits(0);
        assert_eq!(dry.out().replace("would be done: ", ""), ended.out());
        for file in [".gitattributes", ".gitignore"] {
            assert!(ended.out().contains(&format!("{file}`: removed")), "{ended:?}");
            assert_eq!(repo.lab.read(file), "", "{leave_out:?}");
            repo.git(&["update-index", "--no-skip-worktree", file]).exits(0);
        }
        // What is to be committed is that the lines go.
        repo.git(&["add", "--sparse", ".gitattributes", ".gitignore"]).exits(0);
        let staged = repo.git(&["diff", "--cached", "--numstat"]).exits(0);
        let is_removal = |line: &str| line.starts_with("0\t") && !line.starts_with("0\t0\t");
        let lines: Vec<_> = staged.out().lines().collect();
        assert!(lines.len() == 2 && lines.iter().all(|line| is_removal(line)), "{staged:?}");
        assert_eq!(repo.agentslock(&["merge", "--uninstall"]).exits(0).out(), "nothing to do\n");
        repo.git(&["sparse-checkout", "disable"]).exits(0);
        repo.git(&["reset", "--quiet", "--hard"]).exits(0);
        repo.agentslock(&["merge", "--install"]).exits(0);
    }
}

/// The user has removed it, which is to be committed.
#[test]
fn a_file_that_was_removed_is_not_made_again_to_take_our_lines_out() {
    let Some(repo) = Repo::new(&json!({})) else { return };
    fs::remove_file(repo.lab.join(".gitattributes")).unwrap();
    let ended = repo.agentslock(&["merge", "--uninstall"]).exits(0);
    assert!(!ended.out().contains(".gitattributes"), "{ended:?}");
    assert!(!repo.lab.join(".gitattributes").exists());
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
