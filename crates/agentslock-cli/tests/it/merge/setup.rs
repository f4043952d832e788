//! `merge --check`, and `--global`: whether git uses the program, in one clone or in all.

use serde_json::json;

use super::repo::{Repo, isolated};
use super::{unit, units};
use crate::support::{Lab, Program};

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
