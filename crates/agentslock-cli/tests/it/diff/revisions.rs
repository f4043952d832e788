//! `diff` with revisions of git.

use super::lab_with;
use crate::merge::repo::{has_git, isolated};
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
