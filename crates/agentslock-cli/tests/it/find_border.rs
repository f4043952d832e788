//! How far a verb looks for its document if the caller names none. It never leaves a repository,
//! and never enters a directory that another user fills.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::merge::repo::Repo;
use crate::support::{DOCUMENT, Lab, OtherUser, Program, set_mode};

const DECLARATION: &str = ".agentsrc.json";
/// Each verb that looks for a document, as it is called, and how it exits if there is none.
const VERBS: [(&[&str], i32); 6] = [
    (&["show"], 1),
    (&["check"], 1),
    (&["diff", "/dev/null"], 2),
    (&["set", "s"], 2),
    (&["set", "s", "--remove"], 2),
    (&["set", "s", "--", "cat"], 2),
];

/// Asserts that no verb finds a document in `inside`, that each says that it stopped at `border`,
/// and that `outside` is as it was.
#[track_caller]
fn expect_stop(lab: &Lab, inside: &str, border: &Path, outside: &Path) {
    let before = lab.snapshot();
    let stopped = format!("`{}`", border.display());
    let beyond = format!("`{}`", outside.display());
    for (verb, status) in VERBS {
        let ended = lab.cli(verb).in_directory(&lab.join(inside)).input("1").run().exits(status);
        let complaint = ended.complaint();
        for part in [&*stopped, &*beyond, "--file", DOCUMENT] {
            assert!(complaint.contains(part), "{verb:?}: no {part} in: {complaint}");
        }
    }
    let told = lab.cli(["set", "s", "--json"]).in_directory(&lab.join(inside)).input("1").run();
    assert_eq!(told.exits(2).json()["error"]["kind"], "absent");
    assert_eq!(lab.snapshot(), before, "nothing was written");
}

#[test]
fn a_repository_root_is_not_crossed_be_it_git_s_or_another_one() {
    for (mark, is_file) in [(".git", false), (".git", true), (".jj", false), (".hg", false)] {
        let lab = Lab::with("{\"s\":1}\n");
        fs::create_dir_all(lab.join("nested/deep")).unwrap();
        if is_file {
            lab.write("nested/.git", "gitdir: ../somewhere\n");
        } else {
            fs::create_dir(lab.join("nested").join(mark)).unwrap();
        }
        for inside in ["nested", "nested/deep"] {
            expect_stop(&lab, inside, &lab.join("nested"), &lab.join(DOCUMENT));
        }
    }
}

#[test]
fn a_document_at_the_root_of_the_repository_is_found_from_below() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else {
        return;
    };
    fs::create_dir_all(repo.lab.join("deep/er")).unwrap();
    for from in ["", "deep", "deep/er", ".git", ".git/hooks"] {
        let from = repo.lab.join(from);
        fs::create_dir_all(&from).unwrap();
        repo.lab.cli(["show", "s"]).in_directory(&from).run().exits(0);
        repo.lab.cli(["set", "s"]).in_directory(&from).input("1").run().exits(0);
    }
    assert_eq!(repo.git(&["status", "--porcelain"]).exits(0).out(), "");
}

/// An agent's own worktree, from a branch that has no document yet.
#[test]
fn a_worktree_within_the_checkout_does_not_write_the_document_of_the_outer_one() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    repo.git(&["checkout", "--quiet", "--orphan", "early"]).exits(0);
    repo.git(&["rm", "--quiet", "-r", "-f", "."]).exits(0);
    repo.lab.write("code", "");
    repo.commit("from before the document");
    repo.git(&["checkout", "--quiet", "main"]).exits(0);
    for number in 0..8 {
        let worktree = format!(".claude/worktrees/agent-{number}");
        repo.git(&[
            "worktree",
            "add",
            "--quiet",
            "-b",
            &format!("agent-{number}"),
            &worktree,
            "early",
        ])
        .exits(0);
        let path = repo.lab.join(&worktree);
        expect_stop(&repo.lab, &worktree, &path, &repo.lab.join(DOCUMENT));
        // What is asked for is done.
        let outer = repo.lab.join(DOCUMENT);
        repo.lab
            .cli(["set", "s", "--file"])
            .args([&outer])
            .in_directory(&path)
            .input("1")
            .run()
            .exits(0);
        // A declaration says that the worktree is a project: then the document is made there.
        fs::write(path.join(DECLARATION), "{}").unwrap();
        let number = number.to_string();
        repo.lab.cli(["set", "s"]).in_directory(&path).input(&number).run().exits(0);
        let own = repo.lab.cli(["show", "s"]).in_directory(&path).run().exits(0);
        assert_eq!(own.out().trim(), number);
        assert_eq!(repo.lab.cli(["show", "s"]).run().exits(0).out(), "1\n");
    }
    let ended = repo.git(&["status", "--porcelain", "--untracked-files=no"]).exits(0);
    assert_eq!(ended.out(), "", "the outer document is as it was");
}

#[test]
fn a_submodule_does_not_write_the_document_of_the_outer_repository() {
    let Some(inner) = Repo::without_driver(&json!({})) else { return };
    inner.git(&["rm", "--quiet", DOCUMENT]).exits(0);
    inner.lab.write("code", "");
    inner.commit("without a document");
    let Some(outer) = Repo::without_driver(&json!({"s": 1})) else { return };
    let from = inner.lab.root().to_str().unwrap();
    let allow =
        ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "libs/inner"];
    outer.git(&allow).exits(0);
    outer.commit("a submodule");
    let (root, document) = (outer.lab.join("libs/inner"), outer.lab.join(DOCUMENT));
    expect_stop(&outer.lab, "libs/inner", &root, &document);
    // Where git keeps the submodule's own files is no place to search from, either.
    let files = ".git/modules/libs/inner";
    expect_stop(&outer.lab, files, &outer.lab.join(files), &document);
}

#[test]
fn a_bare_repository_below_a_checkout_is_a_border() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    repo.git(&["init", "--quiet", "--bare", "mirrors/x.git"]).exits(0);
    let border = repo.lab.join("mirrors/x.git");
    expect_stop(&repo.lab, "mirrors/x.git/hooks", &border, &repo.lab.join(DOCUMENT));
}

/// A checkout that is half-way may have taken the document away for a moment.
#[test]
fn a_document_that_is_missing_for_a_moment_does_not_let_the_outer_one_be_written() {
    let lab = Lab::with("{\"s\":1}\n");
    let Some(repo) = Repo::without_driver(&json!({"s": 2})) else { return };
    let moved = Program::new("cp").args(["-R"]).args([repo.lab.root(), &lab.join("project")]).run();
    moved.exits(0);
    fs::remove_file(lab.join("project").join(DOCUMENT)).unwrap();
    expect_stop(&lab, "project", &lab.join("project"), &lab.join(DOCUMENT));
}

#[test]
fn the_document_of_another_user_further_up_is_not_taken() {
    let Some(other) = OtherUser::for_test() else { return };
    let lab = Lab::with("{\"s\":1}\n");
    set_mode(lab.root(), 0o755);
    fs::create_dir(lab.join("own")).unwrap();
    Program::new("chown").args([other.id().to_string()]).args([lab.join("own")]).run().exits(0);
    let ended = other.agentslock(["show", "s"]).in_directory(&lab.join("own")).run().exits(1);
    let complaint = ended.complaint();
    for part in [lab.join("own"), lab.join(DOCUMENT), "--file".into(), "another user".into()] {
        assert!(complaint.contains(part.to_str().unwrap()), "{complaint}");
    }
    // Nor that of a directory where all can make files, even if its owner is us.
    let lab = Lab::new();
    fs::create_dir_all(lab.join("tmp/own")).unwrap();
    set_mode(&lab.join("tmp"), 0o1777);
    lab.write(format!("tmp/{DOCUMENT}"), "{\"s\":1}\n");
    let ended = lab.cli(["show", "s"]).in_directory(&lab.join("tmp/own")).run().exits(1);
    assert!(ended.complaint().contains("everybody may create files"), "{ended:?}");
    // Whoever goes there means it.
    lab.cli(["show", "s"]).in_directory(&lab.join("tmp")).run().exits(0);
}

/// A container's root works in a checkout of a user of its host.
#[test]
fn within_a_repository_owners_do_not_matter() {
    let Some(other) = OtherUser::for_test() else { return };
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    set_mode(repo.lab.root(), 0o755);
    fs::create_dir_all(repo.lab.join("deep/er")).unwrap();
    let er = repo.lab.join("deep/er");
    Program::new("chown").args([other.id().to_string()]).args([&er]).run().exits(0);
    other.agentslock(["show", "s"]).in_directory(&er).run().exits(0);
    let all = [repo.lab.root().as_os_str()];
    Program::new("chown").args(["-R", &other.id().to_string()]).args(all).run().exits(0);
    repo.lab.cli(["show", "s"]).in_directory(&er).run().exits(0);
    // But a directory where all can make files is not made a repository by one who is not its
    // owner.
    let lab = Lab::new();
    fs::create_dir_all(lab.join("tmp/own")).unwrap();
    set_mode(lab.root(), 0o755);
    set_mode(&lab.join("tmp"), 0o1777);
    fs::create_dir(lab.join("tmp/.git")).unwrap();
    lab.write(format!("tmp/{DOCUMENT}"), "{\"s\":1}\n");
    let strangers = [lab.join("tmp/.git"), lab.join("tmp").join(DOCUMENT)];
    Program::new("chown").args([other.id().to_string()]).args(strangers).run().exits(0);
    lab.cli(["show", "s"]).in_directory(&lab.join("tmp/own")).run().exits(1).complaint();
}

#[test]
fn where_nothing_is_found_the_error_says_how_far_was_looked() {
    let lab = Lab::new();
    fs::create_dir_all(lab.join("deep/er")).unwrap();
    for verb in ["show", "set s"] {
        let ended = lab.cli(verb.split(' ')).in_directory(&lab.join("deep/er")).input("1").run();
        assert!(ended.stderr.contains(&format!("`{}`", lab.root().display())), "{ended:?}");
        assert!(ended.stderr.contains("--file"), "{ended:?}");
    }
}
