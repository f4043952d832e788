//! `digest`, and `check --inputs`, which compares with it.

use serde_json::Value;

use crate::support::{DOCUMENT, Lab};

const EMPTY: &str = "sha256:b0faa185c7c9fc3d1ddc3fecf9b267e4aca17a9740e6c168c08aa8b6ed46d342";
const EMPTY_OBJECT: &str =
    "sha256:df84a2a09d66a58495bc71b1476e5586760bc73d9daf221e9f87a137df6a6fe2";

fn lab() -> Lab {
    let lab = Lab::with("{}\n");
    std::fs::create_dir(lab.join("home")).unwrap();
    lab
}

fn digest(lab: &Lab, flags: &[&str], status: i32) -> String {
    let cli = lab.cli(["digest"]).args(flags).env("AGENTS_HOME", lab.join("home"));
    let ended = cli.run().exits(status);
    if status == 0 { ended.out().trim_end().to_owned() } else { ended.complaint().to_owned() }
}

/// A branch can bring a link to anything.
#[test]
fn inputs_that_are_no_regular_file_are_refused_at_once() {
    let lab = Lab::with("{}\n");
    lab.write(".agentsrc.json", "{}\n");
    let own = lab.join(".agentsrc.local.json");
    let link = |to: &str| {
        let _ = std::fs::remove_file(&own);
        std::os::unix::fs::symlink(to, &own).unwrap();
    };
    lab.make_fifo("fifo");
    for (to, what) in [("/dev/zero", "a device"), ("fifo", "a FIFO"), (".", "a directory")] {
        link(to);
        for arguments in [&["digest"][..], &["check", "--inputs"]] {
            let refused = lab.cli(arguments).run().exits(2);
            assert!(refused.complaint().contains(&format!("it is {what}")), "{refused:?}");
        }
    }
    link("nowhere");
    lab.cli(["digest"]).run().exits(0);
}

#[test]
fn the_files_beside_the_document_are_digested_as_the_go_programs_do() {
    let lab = lab();
    assert_eq!(digest(&lab, &[], 0), EMPTY, "all absent");
    lab.write(".agentsrc.json", " { } ");
    assert_eq!(digest(&lab, &[], 0), EMPTY_OBJECT);
    let json: Value = serde_json::from_str(&digest(&lab, &["--json"], 0)).unwrap();
    assert_eq!(json["digest"], EMPTY_OBJECT);
    assert_eq!(json["inputs"], serde_json::json!([lab.join(".agentsrc.json")]));
    lab.write("home/.agentsrc.json", "1");
    lab.write(".agentsrc.local.json", "\"<\"");
    let payload = "[{\"slot\":\"user-local\",\"bytes\":\"1\"},\
                   {\"slot\":\"project-local\",\"bytes\":\"\\\"\\\\u003c\\\"\"},\
                   {\"slot\":\"repo-local\",\"bytes\":\"{}\"}]";
    assert_eq!(digest(&lab, &["--payload"], 0), payload);
}

#[test]
fn a_bad_file_is_named_with_line_and_column() {
    let lab = lab();
    lab.write(".agentsrc.json", "{\n  \"a\": 1,\n  \"a\": 2\n}");
    let path = lab.join(".agentsrc.json").display().to_string();
    let said = digest(&lab, &[], 2);
    assert!(
        said.contains(&format!("`{path}`: the repo-local inputs, line 3, column 3: ")),
        "{said}"
    );
    std::fs::create_dir(lab.join("home/.agentsrc.json")).unwrap();
    let said = digest(&lab, &[], 2);
    assert!(
        said.contains("the user-local inputs `") && said.contains("could not be read"),
        "{said}"
    );
}

#[test]
fn check_compares_with_what_digest_prints() {
    let lab = lab();
    let check = |status: i32| {
        let cli = lab.cli(["check", "--inputs"]).env("AGENTS_HOME", lab.join("home"));
        cli.run().exits(status).out().to_owned()
    };
    assert!(check(1).contains("inputs-digest-mismatch: resolved from nothing, inputs are sha256:"));
    lab.cli(["set", "--inputs-digest", &digest(&lab, &[], 0)]).run().exits(0);
    assert_eq!(check(0), "");
    lab.write(".agentsrc.json", "{}");
    assert!(check(1).contains(&format!("inputs are {EMPTY_OBJECT} now")));
    lab.write(".agentsrc.json", "{");
    check(2);
    let both = lab.cli(["check", "--inputs", "--inputs-digest", EMPTY]).run().exits(2);
    assert!(both.stderr.contains("cannot be used with"), "{}", both.stderr);
    assert!(lab.read(DOCUMENT).contains(EMPTY));
}
