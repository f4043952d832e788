//! `merge --check`, and `--global`: whether git uses the program, in one clone or in all.

use std::fs;

use serde_json::json;

use super::repo::{Repo, isolated};
use super::{unit, units};
use crate::support::{DOCUMENT, Lab, Program};

#[test]
fn check_says_whether_it_is_installed_here() {
    let Some(repo) = Repo::without_driver(&json!({})) else { return };
    let before = repo.lab.read(".git/config");
    let ended = repo.agentslock(&["merge", "--check"]).exits(1);
    assert!(ended.out().contains("next: agentslock merge --install"), "{ended:?}");
    let told = repo.agentslock(&["merge", "--check", "--json"]).exits(1).json();
    assert_eq!((&told["installed"], &told["ok"]), (&json!(false), &json!(false)));
    assert!(told["missing"].as_array().unwrap().len() == 6, "{told}");
    assert_eq!(repo.lab.read(".git/config"), before);
    repo.agentslock(&["merge", "--install"]).exits(0);
    assert!(repo.agentslock(&["merge", "--check"]).exits(0).out().starts_with("installed: "));
    // Another clone has the attributes, and not the configuration.
    repo.commit("install");
    repo.git(&["clone", "--quiet", ".", "clone"]).exits(0);
    let check = |flags: &[&str]| {
        let check = repo.lab.cli([&["merge", "--check"], flags].concat());
        isolated(check, &repo.lab).in_directory(&repo.lab.join("clone")).run()
    };
    let ended = check(&[]).exits(1);
    assert!(ended.out().contains("merge.agentslock.driver"), "{ended:?}");
    check(&["-q"]).exits(1).says_nothing();
    // A program that has gone elsewhere is not the one that is configured.
    repo.git(&["config", "merge.agentslock.driver", "gone %O %A %B"]).exits(0);
    let ended = repo.agentslock(&["merge", "--check"]).exits(1);
    assert!(ended.out().contains("not as it should be: merge.agentslock.driver"), "{ended:?}");
    // Outside of repositories the question has no answer.
    let outside = Lab::new();
    let check =
        isolated(outside.cli(["merge", "--check"]), &outside).env("GIT_CEILING_DIRECTORIES", "/");
    assert!(check.run().exits(2).complaint().contains("no git repository"));
}

/// What `--check`, `--install` and `doctor` say of a document is what git says of its very path.
#[test]
fn attributes_that_count_more_are_told_of_the_very_path() {
    for (name, line, attribute, merging) in [
        ("sub/.gitattributes", "merge=union", "merge", "keeps the lines of both sides"),
        ("sub/.gitattributes", "-merge", "merge", "not at all"),
        ("sub/.gitattributes", "binary", "merge", "not at all"),
        ("sub/.gitattributes", "merge=other", "merge", "another driver, `other`"),
        ("sub/.gitattributes", "eol=crlf", "eol", "by section and entry"),
        (".git/info/attributes", "eol=crlf", "eol", "by section and entry"),
        (".git/info/attributes", "!eol", "eol", "by section and entry"),
        (
            ".git/info/attributes",
            "working-tree-encoding=UTF-16",
            "working-tree-encoding",
            "by section",
        ),
        (".git/info/attributes", "filter=lfs", "filter", "by section and entry"),
    ] {
        let Some(repo) = Repo::new(&json!({})) else { return };
        for directory in ["sub", ".git/info"] {
            fs::create_dir_all(repo.lab.join(directory)).unwrap();
        }
        repo.lab.write("sub/.agentsrc.lock", repo.lab.document());
        let run = |arguments: &[&str]| {
            isolated(repo.lab.cli(arguments), &repo.lab).in_directory(&repo.lab.join("sub")).run()
        };
        run(&["merge", "--check"]).exits(0);
        repo.lab.write(name, format!(".agentsrc.lock {line}\n"));
        let told = run(&["merge", "--check", "--json"]).exits(1).json();
        let said = format!("the attribute `{attribute}` of .agentsrc.lock, which is");
        assert_eq!(told["missing"].as_array().unwrap().len(), 1, "{line}: {told}");
        assert!(told["missing"][0].as_str().unwrap().starts_with(&said), "{line}: {told}");
        let text = run(&["merge", "--check"]).exits(1);
        assert!(text.out().contains(merging), "{line}: {text:?}");
        // Another installation would not help.
        assert!(text.out().contains("next: git check-attr --all -- /"), "{line}: {text:?}");
        let refused = run(&["merge", "--install"]).exits(2);
        assert!(refused.complaint().contains(&format!("`{attribute}: ")), "{line}: {refused:?}");
        let doctor = run(&["doctor"]);
        let row =
            if attribute == "merge" { "not installed: git merges" } else { "in each checkout" };
        assert!(doctor.out().contains(row), "{line}: {doctor:?}");
        assert!(doctor.out().contains("next: git check-attr --all -- "), "{line}: {doctor:?}");
        // At the top, only what is said there counts.
        let status = i32::from(name.starts_with(".git/"));
        repo.agentslock(&["merge", "--check"]).exits(status);
    }
}

#[test]
fn a_document_with_lines_that_end_otherwise_is_made_by_git_and_doctor_says_so() {
    let Some(repo) = Repo::new(&json!({})) else { return };
    repo.lab.write(".git/info/attributes", ".agentsrc.lock eol=crlf\n");
    fs::remove_file(repo.lab.join(DOCUMENT)).unwrap();
    repo.git(&["checkout", "--", DOCUMENT]).exits(0);
    assert!(repo.lab.document().contains("\r\n"));
    let doctor = repo.agentslock(&["doctor"]).exits(1);
    assert!(doctor.out().contains("`eol` is `crlf`"), "{doctor:?}");
}

#[test]
fn installed_for_a_user_git_merges_by_entry_in_every_repository() {
    let base = units(&[("git:a/one@1", "1"), ("git:a/two@1", "1")]);
    let Some(repo) = Repo::without_driver(&base) else { return };
    let home = Lab::new();
    // What a user has, and no more.
    let config = home.join("gitconfig");
    let run = |program: Program, lab: &Lab| {
        let config = config.to_string_lossy().into_owned();
        let program = isolated(program, lab).env("GIT_CONFIG_GLOBAL", config);
        program.env("HOME", home.root()).without_env("XDG_CONFIG_HOME").run()
    };
    let agentslock = |arguments: &[&str], lab: &Lab| run(lab.cli(arguments), lab);
    // Outside of any repository.
    let dry = agentslock(&["merge", "--install", "--global", "-n"], &home).exits(0);
    assert_eq!(home.names(), [""; 0]);
    let done = agentslock(&["merge", "--install", "--global"], &home).exits(0);
    assert_eq!(dry.out().replace("would be done: ", ""), done.out());
    assert!(
        done.out().contains("your configuration of git: set merge.agentslock.driver"),
        "{done:?}"
    );
    assert!(!done.out().contains("Commit"), "there is nothing to commit: {done:?}");
    assert_eq!(
        agentslock(&["merge", "--install", "--global"], &home).exits(0).out(),
        "nothing to do\n"
    );
    assert!(home.read(".config/git/attributes").contains(".agentsrc.lock merge=agentslock"));
    agentslock(&["merge", "--check"], &repo.lab).exits(0);
    repo.fork(
        &units(&[("git:a/one@1", "2"), ("git:a/two@1", "1")]),
        &units(&[("git:a/one@1", "1"), ("git:a/two@1", "2")]),
    );
    let git = Program::new("git").args(["merge", "--quiet", "-m", "merged", "topic"]);
    run(git, &repo.lab).exits(0);
    let merged: serde_json::Value = serde_json::from_str(&repo.lab.document()).unwrap();
    assert_eq!(merged["units"]["git:a/one@1"], unit("2"));
    assert_eq!(merged["units"]["git:a/two@1"], unit("2"));
    agentslock(&["merge", "--uninstall", "--global"], &home).exits(0);
    agentslock(&["merge", "--check"], &repo.lab).exits(1);
    assert!(!home.join(".config/git/attributes").exists());
    assert!(!home.read("gitconfig").contains("agentslock"), "{}", home.read("gitconfig"));
    // A file that the user names.
    home.write("gitconfig", "[core]\n\tattributesFile = ~/mine\n");
    home.write("mine", "*.png binary\n");
    agentslock(&["merge", "--install", "--global"], &home).exits(0);
    assert!(
        home.read("mine").starts_with("*.png binary\n") && home.read("mine").contains("agentslock")
    );
    let ended = agentslock(&["merge", "--install", "--global", "--ignore"], &home).exits(129);
    assert!(ended.stderr.contains("cannot be used with"), "{ended:?}");
}
