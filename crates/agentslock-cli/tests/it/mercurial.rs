//! Real Mercurial replaces the document just now: held by strace(1) between its unlink and its
//! create, as git is in `gap.rs`.

use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::wait_until;

use crate::support::{DOCUMENT, Lab, Program, WATCHDOG};

/// How long Mercurial is held at the most, in microseconds.
const HELD: u32 = 120_000_000;

/// Mercurial in `lab`, which sees nothing of its user's configuration.
fn hg(lab: &Lab, start: &[&str], arguments: &[&str]) -> Program {
    let [program, rest @ ..] = start else { unreachable!("because it is a command") };
    let program = Program::new(program).args(rest).args(arguments).in_directory(lab.root());
    program.env("HGPLAIN", "1").env("HGRCPATH", "").env("HGUSER", "a")
}

#[test]
fn a_write_in_the_gap_of_an_update_of_mercurial_waits_for_it() {
    if std::process::Command::new("hg").arg("--version").output().is_err() {
        return testkit::skip("there is no hg");
    }
    let lab = Lab::with("{\"a\":1}\n");
    let document = lab.join(DOCUMENT);
    let inject = format!("inject=unlink,unlinkat:delay_exit={HELD}");
    let path = document.to_str().unwrap();
    let strace = match testkit::strace(&["-e", &inject, "-P", path]) {
        Ok(strace) => strace,
        Err(why) => return testkit::skip(&why),
    };
    let run = |arguments: &[&str]| {
        hg(&lab, &["hg"], arguments).run().exits(0);
    };
    run(&["init"]);
    run(&["commit", "-qAm", "one"]);
    lab.write(DOCUMENT, "{\"a\":2}\n");
    run(&["commit", "-qm", "two"]);
    let strace: Vec<&str> = strace.iter().map(String::as_str).collect();
    let update = hg(&lab, &strace, &["hg", "update", "-q", "0"]).start();
    wait_until(WATCHDOG, || !document.exists());
    // Found though it is not there: it is Mercurial's.
    let waits = lab.cli(["set", "b", "1", "--wait", "100"]).start();
    let told = lab.cli(["set", "b", "1", "--wait", "0.3"]).run().exits(75);
    assert!(told.complaint().contains(".hg/wlock"), "{told:?}");
    lab.cli(["append", "log", "{}", "--wait", "0.3"]).run().exits(75);
    assert!(!document.exists() && !Path::new(&lab.join("log")).exists(), "made anew");
    update.signal(Signal::KILL);
    update.finish();
    waits.finish().exits(0);
    let found: Value = serde_json::from_str(&lab.document()).unwrap();
    assert_eq!(found, json!({"a": 1, "b": 1}));
}
