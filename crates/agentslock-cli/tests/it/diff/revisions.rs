//! `diff` with revisions of git.

use serde_json::json;

use super::lab_with;
use crate::merge::repo::{Repo, has_git, isolated};
use crate::support::{DOCUMENT, PROGRAM, Program};

#[test]
fn revisions_of_git_are_compared() {
    if !has_git() {
        return;
    }
    let lab = lab_with("{\"s\":{\"a\":1,\"b\":{\"c\":1}}}");
    let run = |program: &str, arguments: &[&str]| {
        isolated(Program::new(program).args(arguments), &lab).run()
    };
    let git = |arguments: &[&str]| run("git", arguments).exits(0);
    git(&["init", "-q", "-b", "main"]);
    std::fs::create_dir(lab.join("sub")).unwrap();
    lab.write("sub/.agentsrc.lock", "{\"s\":1}");
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    lab.write(DOCUMENT, "{\"s\":{\"a\":2,\"b\":{\"c\":1}}}");
    git(&["commit", "-qam", "second"]);
    lab.write(DOCUMENT, "{\"s\":{\"a\":2,\"b\":{\"c\":3}}}");
    let diff = |arguments: &[&str]| run(PROGRAM, &[&["diff"], arguments].concat());
    let last = "~ s b c changed from 1 to 3\n";
    assert_eq!(diff(&[]).exits(1).out(), last);
    assert_eq!(diff(&["HEAD"]).exits(1).out(), last);
    assert_eq!(diff(&["HEAD:.agentsrc.lock"]).exits(1).out(), last);
    assert_eq!(diff(&["HEAD~1", "HEAD"]).exits(1).out(), "~ s a changed from 1 to 2\n");
    assert_eq!(diff(&["HEAD~1..HEAD"]).exits(1).out(), "~ s a changed from 1 to 2\n");
    diff(&["HEAD..main"]).exits(0).says_nothing();
    // In a subdirectory, the document is the one there.
    let sub = isolated(Program::new(PROGRAM).args(["diff"]), &lab).in_directory(&lab.join("sub"));
    sub.run().exits(0).says_nothing();
    let told = diff(&["HEAD", "--json"]).exits(1).json();
    assert_eq!(told["before"], "HEAD:./.agentsrc.lock");
    // A commit without the document.
    git(&["rm", "-q", "--cached", DOCUMENT]);
    git(&["commit", "-qm", "third"]);
    assert!(diff(&[]).exits(1).out().starts_with("+ s"));
    // One that is broken there.
    lab.write(DOCUMENT, "{");
    git(&["add", DOCUMENT]);
    git(&["commit", "-qm", "fourth"]);
    lab.write(DOCUMENT, "{}");
    let ended = diff(&[]).exits(2);
    assert!(ended.complaint().contains("HEAD:./.agentsrc.lock"), "{ended:?}");
}

/// What git takes for a name of a commit, of a directory, or of none.
#[test]
fn each_name_of_a_revision_names_the_document_in_it() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    std::fs::create_dir(repo.lab.join("sub")).unwrap();
    repo.lab.write("sub/.agentsrc.lock", "{\"s\":1}");
    repo.commit("first");
    repo.git(&["tag", "-a", "-m", "x", "v1"]).exits(0);
    for name in
        [":/first", "v1", "HEAD^{/first}", "HEAD:", "HEAD:sub", "HEAD^{tree}", ":0:.agentsrc.lock"]
    {
        let ended = repo.agentslock(&["diff", name]);
        assert_eq!((ended.out(), &*ended.stderr), ("", ""), "{name}");
        ended.exits(0);
    }
    repo.write(&json!({"s": 2}));
    repo.commit("second");
    assert_eq!(repo.agentslock(&["diff", ":/first"]).exits(1).out(), "~ s changed from 1 to 2\n");
    for name in ["^HEAD", ":/no such text", "HEAD:nothing"] {
        let ended = repo.agentslock(&["diff", name]).exits(2);
        assert!(ended.complaint().contains("neither a file nor a revision"), "{name}: {ended:?}");
    }
    // What git has is not restored from git; what is told is a command that shows it.
    repo.lab.write(DOCUMENT, "{\"s\": ");
    repo.commit("broken");
    repo.write(&json!({"s": 2}));
    let ended = repo.agentslock(&["diff"]).exits(2);
    let command = "git show HEAD:./.agentsrc.lock";
    assert!(
        ended.complaint().ends_with(&format!("look: `{command}`; nothing was compared")),
        "{ended:?}"
    );
    assert!(!ended.complaint().contains("checkout"), "{ended:?}");
    let shown = Program::shell(command);
    assert_eq!(isolated(shown, &repo.lab).run().exits(0).out(), "{\"s\": ");
}

/// Git is not there, or refuses the repository: that is said, and nothing of what is in it.
#[test]
fn that_git_is_missing_or_refuses_is_not_told_as_something_else() {
    let Some(repo) = Repo::without_driver(&json!({"s": 1})) else { return };
    let run = |arguments: &[&str], (name, value): (&str, &str)| {
        isolated(repo.lab.cli(arguments), &repo.lab).env(name, value).run()
    };
    let missing = ("PATH", "/nonexistent");
    let refused = ("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    for (case, parts) in [
        (missing, ["there is no git on the PATH", "`command -v git`"]),
        (refused, ["dubious ownership", "`git config --global --add safe.directory"]),
    ] {
        for verb in [&["diff"][..], &["diff", "HEAD"], &["init", "--hook"], &["doctor"]] {
            let ended = run(verb, case);
            let said = ended.out().to_owned() + &ended.stderr;
            assert!(parts.iter().all(|part| said.contains(part)), "{case:?} {verb:?}: {said}");
            assert!(!said.contains("git init"), "{case:?} {verb:?}: {said}");
            assert!(!said.contains("neither"), "{case:?} {verb:?}: {said}");
        }
    }
}
