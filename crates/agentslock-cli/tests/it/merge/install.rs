//! Setting it up for git, and undoing that.

use std::fs;

use serde_json::json;

use super::repo::{Repo, gits, has_git, isolated, labels};
use super::{unit, units};
use crate::support::{DOCUMENT, Lab, PROGRAM};

const ATTRIBUTES: &str = ".agentsrc.lock merge=agentslock diff=agentslock text eol=lf";

#[test]
fn installing_says_what_it_did_and_that_each_clone_needs_it() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    let dry = repo.agentslock(&["merge", "--install", "--dry-run"]).exits(0);
    assert!(dry.out().contains("would be done: "), "{}", dry.out());
    assert!(!repo.lab.join(".gitattributes").exists());
    let ended = repo.agentslock(&["merge", "--install"]).exits(0);
    assert_eq!(dry.out().replace("would be done: ", ""), ended.out());
    for part in [".gitattributes", "merge.agentslock.driver", "textconv", "each other clone"] {
        assert!(ended.out().contains(part), "{}", ended.out());
    }
    let attributes = repo.lab.read(".gitattributes");
    assert!(attributes.ends_with(&format!("\n{ATTRIBUTES}\n")));
    assert_eq!(repo.agentslock(&["merge", "--install"]).exits(0).out(), "nothing to do\n");
    assert_eq!(repo.lab.read(".gitattributes"), attributes);
}

#[test]
fn it_can_be_undone_and_nothing_else_is_touched() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    repo.git(&["config", "merge.other.driver", "false"]).exits(0);
    for attributes in [None, Some("*.png binary"), Some("*.png binary\r\n# comment\n\n")] {
        if let Some(attributes) = attributes {
            repo.lab.write(".gitattributes", attributes);
        }
        let config = repo.lab.read(".git/config");
        repo.agentslock(&["merge", "--install"]).exits(0);
        // From below, too.
        fs::create_dir_all(repo.lab.join("deep/er")).unwrap();
        isolated(repo.lab.cli(["merge", "--uninstall"]), &repo.lab)
            .in_directory(&repo.lab.join("deep/er"))
            .run()
            .exits(0);
        match attributes {
            None => assert!(!repo.lab.join(".gitattributes").exists()),
            Some(attributes) => {
                let end = if attributes.ends_with('\n') { "" } else { "\n" };
                assert_eq!(repo.lab.read(".gitattributes"), format!("{attributes}{end}"));
            }
        }
        assert_eq!(repo.lab.read(".git/config"), config);
        let again = repo.agentslock(&["merge", "--uninstall"]).exits(0);
        assert_eq!(again.out(), "nothing to do\n");
    }
}

#[test]
fn a_checkout_is_as_all_writers_write_it_wherever_lines_end_otherwise() {
    let Some(repo) = Repo::new(&units(&[("git:a/one@1", "1")])) else { return };
    repo.git(&["config", "core.autocrlf", "true"]).exits(0);
    fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
    repo.git(&["checkout", "--", DOCUMENT]).exits(0);
    repo.expect_committed(&units(&[("git:a/one@1", "1")]));
}

#[test]
fn the_line_of_earlier_versions_is_replaced_and_can_be_undone() {
    let Some(repo) = Repo::new(&json!({})) else { return };
    let installed = repo.lab.read(".gitattributes");
    let earlier = installed.replace(" text eol=lf", "");
    assert_ne!(earlier, installed);
    repo.lab.write(".gitattributes", &earlier);
    repo.agentslock(&["merge", "--install"]).exits(0);
    assert_eq!(repo.lab.read(".gitattributes"), installed);
    repo.lab.write(".gitattributes", &earlier);
    repo.agentslock(&["merge", "--uninstall"]).exits(0);
    assert!(!repo.lab.join(".gitattributes").exists());
}

#[test]
fn where_git_does_not_use_it_that_is_an_error() {
    for put in [
        (|repo| repo.lab.write(".git/info/attributes", "*.lock -merge\n")) as fn(&Repo),
        |repo| repo.lab.write(".gitattributes", format!("{ATTRIBUTES}\n*.lock merge=union\n")),
        |repo| {
            repo.agentslock(&["merge", "--install"]).exits(0);
            repo.lab.write(".git/included", "[merge \"agentslock\"]\n\tdriver = false\n");
            repo.git(&["config", "include.path", "included"]).exits(0);
        },
    ] {
        let Some(repo) = Repo::without_driver(&json!({})) else { return };
        fs::create_dir_all(repo.lab.join(".git/info")).unwrap();
        put(&repo);
        for _ in 0..2 {
            let ended = repo.agentslock(&["merge", "--install"]).exits(2);
            assert!(ended.complaint().contains("git does not use it"), "{ended:?}");
        }
        let told = repo.agentslock(&["merge", "--install", "--json"]).exits(2).json();
        assert_eq!(told["error"]["kind"], "git");
        repo.agentslock(&["merge", "--install", "--dry-run"]).exits(0);
    }
}

/// Git follows no link to attributes in the work tree. The repository must not change the file that
/// a link leads to: a clone can come with any link.
#[test]
fn a_link_is_refused_before_anything_is_written() {
    for (name, flag) in [(".gitattributes", "--quiet"), (".gitignore", "--ignore")] {
        let Some(repo) = Repo::without_driver(&json!({})) else { return };
        repo.lab.write("elsewhere", "a person's\n");
        for target in ["elsewhere", "nowhere"] {
            let _ = fs::remove_file(repo.lab.join(name));
            std::os::unix::fs::symlink(target, repo.lab.join(name)).unwrap();
            let before = repo.lab.snapshot();
            for dry in [&[][..], &["--dry-run"]] {
                let ended =
                    repo.agentslock(&[&["merge", "--install", flag], dry].concat()).exits(2);
                let complaint = ended.complaint();
                for part in [name, "symbolic link", "git does not use it", "nothing was written"] {
                    assert!(complaint.contains(part), "{complaint}");
                }
            }
            assert_eq!(repo.lab.snapshot(), before);
        }
    }
}

#[test]
fn a_setting_that_is_there_twice_is_replaced() {
    let Some(repo) = Repo::new(&json!({})) else { return };
    let drivers =
        || repo.git(&["config", "--get-all", "merge.agentslock.driver"]).exits(0).out().to_owned();
    let installed = drivers();
    for other in ["false", "true"] {
        repo.git(&["config", "--add", "merge.agentslock.driver", other]).exits(0);
    }
    repo.agentslock(&["merge", "--install"]).exits(0);
    assert_eq!(drivers(), installed);
}

#[test]
fn a_clone_has_it_once_it_is_installed_there() {
    let Some(repo) =
        Repo::forked(&units(&[]), &units(&[("git:a/one@1", "1")]), &units(&[("git:a/two@1", "2")]))
    else {
        return;
    };
    repo.git(&["clone", "--quiet", "--no-local", ".", "clone"]).exits(0);
    let clone = |arguments: &[&str]| repo.git(&[&["-C", "clone"], arguments].concat());
    clone(&["merge", "--no-edit", "origin/topic"]).exits(1);
    clone(&["merge", "--abort"]).exits(0);
    isolated(repo.lab.cli(["merge", "--install"]), &repo.lab)
        .in_directory(&repo.lab.join("clone"))
        .run()
        .exits(0);
    clone(&["merge", "--no-edit", "origin/topic"]).exits(0);
    assert_eq!(clone(&["status", "--porcelain"]).exits(0).out(), "");
}

#[test]
fn where_there_is_no_repository_it_says_so() {
    if !has_git() {
        return;
    }
    let lab = Lab::new();
    for flag in ["--install", "--uninstall"] {
        let program = isolated(lab.cli(["merge", flag]), &lab);
        let ended = program.env("GIT_CEILING_DIRECTORIES", "/").run().exits(2);
        assert!(ended.complaint().contains("no git repository"), "{ended:?}");
    }
    let no_git = isolated(lab.cli(["merge", "--install"]), &lab).env("PATH", lab.root());
    assert!(no_git.run().exits(2).complaint().contains("`git`"));
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn where_git_refuses_the_repository_it_says_why() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    let install = isolated(repo.lab.cli(["merge", "--install"]), &repo.lab);
    let ended = install.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").run().exits(2);
    assert!(ended.complaint().contains("dubious ownership"), "{ended:?}");
}

/// Git before 2.44 takes any failure of a driver for a conflict, and what is in the file, our side,
/// for its result.
#[test]
fn without_the_program_git_merges_by_line_and_leaves_markers() {
    for git in gits() {
        let (one, two) = (("git:a/one@1", "1"), ("git:a/two@1", "2"));
        let Some(repo) = Repo::forked(&units(&[]), &units(&[one]), &units(&[two])) else {
            return;
        };
        let driver = repo.git(&["config", "merge.agentslock.driver"]).exits(0).out().to_owned();
        assert!(
            driver.contains(PROGRAM),
            "not found by its name, it is called by its path: {driver}"
        );
        let gone = driver.trim_end().replace(PROGRAM, "/nowhere/agentslock");
        repo.git(&["config", "merge.agentslock.driver", &gone]).exits(0);
        let ended = repo.git_at(&git, &["merge", "--no-edit", "topic"]).exits(1);
        assert!(ended.out().contains("CONFLICT"), "{}\n{}", ended.out(), ended.stderr);
        assert!(ended.stderr.contains("agentslock: merging line by line"), "{}", ended.stderr);
        let document = repo.lab.document();
        assert!(document.contains("\n<<<<<<< ours\n"), "{git:?}: {document}");
        assert!(document.contains("\n||||||| base\n"), "{git:?}: {document}");
        repo.agentslock(&["check"]).exits(1);
        repo.agentslock(&["check", "--fix"]).exits(0);
        repo.commit("merged");
        repo.expect_committed(&units(&[one, two]));
    }
}

#[test]
fn a_side_that_is_no_document_is_merged_by_line_and_leaves_markers() {
    for git in gits() {
        let Some(repo) = Repo::new(&units(&[])) else { return };
        repo.git(&["checkout", "--quiet", "-b", "topic"]).exits(0);
        repo.lab.write(DOCUMENT, "not a document\n");
        repo.commit("theirs");
        repo.git(&["checkout", "--quiet", "main"]).exits(0);
        repo.write(&units(&[("git:a/one@1", "1")]));
        repo.commit("ours");
        let ended = repo.git_at(&git, &["merge", "--no-edit", "topic"]).exits(1);
        assert!(ended.stderr.contains("theirs, line 1"), "{}", ended.stderr);
        assert!(ended.out().contains("CONFLICT"), "{}", ended.out());
        let document = repo.lab.document();
        assert!(document.contains("\n=======\nnot a document\n>>>>>>> theirs\n"), "{document}");
        let told = repo.agentslock(&["check"]).exits(1);
        assert!(told.out().contains("conflict-markers"), "{}", told.out());
    }
}

#[test]
fn git_diff_shows_entries() {
    let Some(repo) = Repo::new(&units(&[("git:a/one@1", "1"), ("git:a/two@1", "2")])) else {
        return;
    };
    repo.write(&units(&[("git:a/one@1", "3"), ("git:a/two@1", "2")]));
    let diff = repo.git(&["diff", "--unified=0"]).exits(0);
    let changed: Vec<_> = diff.out().lines().filter(|line| !line.starts_with("@@")).collect();
    let line = |mark: &str| {
        let digest = unit(mark)["digest"].as_str().unwrap().to_owned();
        format!("unit git:a/one@1: digest {digest}, kind layer")
    };
    assert_eq!(
        changed[changed.len() - 2..],
        [format!("-{}", line("1")), format!("+{}", line("3"))],
        "{}",
        diff.out()
    );
}

#[test]
fn git_diff_works_in_the_middle_of_a_conflict_and_without_the_program() {
    let of = |mark: &str| units(&[("git:a/one@1", mark)]);
    let Some(repo) = Repo::forked(&of("1"), &of("2"), &of("3")) else { return };
    let entries = repo.git(&["diff", "main", "topic"]).exits(0);
    assert!(entries.out().contains("+unit git:a/one@1: digest"), "{}", entries.out());
    repo.git(&["merge", "--no-edit", "topic"]).exits(1);
    let conflict = repo.git(&["diff"]).exits(0);
    let marker = format!("<<<<<<< {}", labels()[0]);
    assert!(conflict.out().contains(&marker), "{}", conflict.out());
    repo.git(&["merge", "--abort"]).exits(0);
    let textconv = repo.git(&["config", "diff.agentslock.textconv"]).exits(0).out().to_owned();
    let gone = textconv.trim_end().replace(PROGRAM, "/nowhere/agentslock");
    repo.git(&["config", "diff.agentslock.textconv", &gone]).exits(0);
    let lines = repo.git(&["diff", "main", "topic"]).exits(0);
    assert!(lines.out().contains("+      \"digest\": \"sha256:333"), "{}", lines.out());
}
