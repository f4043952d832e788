//! What the flags for talking and trying do: `-q`, `-v`, `--dry-run`.

use serde_json::json;

use crate::support::{DIGEST, DOCUMENT, Lab};

#[test]
fn verbose_says_what_was_done() {
    let lab = Lab::with("{\n  \"s\": 1\n}\n");
    let said = |arguments: &[&str]| {
        let ended = lab.cli(arguments).input("2").run().exits(0);
        assert_eq!(ended.out(), "");
        ended.stderr.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let document = lab.join(DOCUMENT);
    let path = document.display();
    assert_eq!(said(&["set", "s", "-v"]), [format!("agentslock: `{path}`: written")]);
    assert_eq!(said(&["set", "s", "-v"]), [format!("agentslock: `{path}`: unchanged")]);
    lab.write("log", "torn");
    assert_eq!(
        said(&["append", "log", "{}", "-v"]),
        [
            "agentslock: took the lock of `log`",
            "agentslock: appended to `log`, after closing off a torn line"
        ]
    );
    assert_eq!(
        said(&["run", "t", "-v", "--", "true"]),
        ["agentslock: took the lock of `t`", "agentslock: `true` ended; released the lock"]
    );
}

#[test]
fn verbose_names_the_holder_that_died() {
    let lab = Lab::new();
    let mut dead = lab.hold_with("t", &["--close"]);
    dead.signal(rustix::process::Signal::KILL);
    dead.await_end();
    let pid = dead.pid();
    dead.finish();
    let ended = lab.cli(["run", "t", "-v", "--", "true"]).run().exits(0);
    assert!(ended.stderr.contains("did not release it"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!("process {pid}")), "{}", ended.stderr);
}

#[test]
fn quiet_says_nothing_of_a_wait_but_tells_of_its_failure() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    let ended = lab.cli(["append", "t", "{}", "-q", "--wait", "1.3"]).run().exits(75);
    assert!(ended.complaint().contains("gave up"), "{ended:?}");
    holder.finish().exits(0);
}

#[test]
fn a_dry_run_of_set_prints_what_would_change_and_changes_nothing() {
    let lab = Lab::with("{\"s\":{\"e\":1},\"t\":2}");
    let holder = lab.hold(DOCUMENT);
    let before = lab.snapshot_but_record(DOCUMENT);
    let dry = |arguments: &[&str]| lab.cli(arguments).args(["--dry-run"]).input("{\"e\":2}").run();
    assert_eq!(dry(&["set", "s"]).exits(0).out(), "~ s e changed from 1 to 2\n");
    assert_eq!(dry(&["set", "t", "--remove"]).exits(0).out(), "- t: 2\n");
    assert_eq!(
        dry(&["set", "--inputs-digest", DIGEST]).exits(0).out(),
        "+ inputs_digest: sha256:0123456789ab\n"
    );
    dry(&["set", "x", "--remove"]).exits(0).says_nothing();
    let command = ["set", "t", "-n", "--", "sh", "-c", "cat > /dev/null; echo 3"];
    assert_eq!(lab.cli(command).run().exits(0).out(), "~ t changed from 2 to 3\n");
    let told = dry(&["set", "s", "--json"]).exits(0).json();
    assert_eq!(
        told,
        json!({
            "agentslock": 1, "ok": true, "path": lab.join(DOCUMENT), "outcome": "would-write",
            "differences": [{"section": "s", "entry": "e", "before": 1, "after": 2}]
        })
    );
    lab.cli(["set", "s", "-n"]).input("no JSON").run().exits(2).complaint();
    assert_eq!(lab.snapshot_but_record(DOCUMENT), before, "and took no lock");
    holder.finish().exits(0);
}

#[test]
fn a_dry_run_of_append_prints_the_line() {
    let lab = Lab::new();
    let dry = |record: &str| lab.cli(["append", "log", record, "-n"]).run();
    assert_eq!(dry("{ \"a\":\n1 }").exits(0).out(), "{\"a\":1}\n");
    dry("{").exits(2).complaint();
    let told = lab.cli(["append", "log", "[ 1]", "-n", "--json"]).run().exits(0).json();
    assert_eq!((&told["outcome"], &told["record"]), (&json!("would-append"), &json!([1])));
    assert_eq!(lab.names(), [""; 0]);
}

/// Many programs can share one standard error: a line in pieces would mix with theirs.
#[test]
#[cfg(unix)]
fn a_line_on_standard_error_is_written_in_one_call() {
    let lab = Lab::new();
    // Of these sockets, each write is one message.
    let (ours, theirs) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let mut command = std::process::Command::new(crate::support::PROGRAM);
    command.args(["show", "a", "--file", "missing"]).current_dir(lab.root());
    command.stderr(std::os::fd::OwnedFd::from(theirs));
    assert!(!command.status().unwrap().success());
    let mut message = [0; 4096];
    let length = ours.recv(&mut message).unwrap();
    let line = String::from_utf8_lossy(&message[..length]);
    assert!(line.starts_with("agentslock: `missing`") && line.ends_with('\n'), "{line:?}");
}
