//! What holds for all verbs: paths of any bytes, and readers that stop early.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::run::signals::ignored;
use crate::support::{DOCUMENT, Lab, Program};

/// `caf\xe9`, in the encoding of an older system.
fn odd() -> &'static OsStr {
    OsStr::from_bytes(b"caf\xe9")
}

#[test]
fn paths_that_are_not_utf_8_work() {
    let lab = Lab::new();
    lab.write("none", "{}");
    let cli = |before: &[&str], after: &[&str]| lab.cli(before).args([odd()]).args(after);
    cli(&["set", "s", "--file"], &[]).input("{\"e\":1}").run().exits(0);
    assert_eq!(cli(&["show", "s.e", "--file"], &[]).run().exits(0).out(), "1\n");
    cli(&["check", "--file"], &[]).run().exits(0).says_nothing();
    assert!(cli(&["diff", "none"], &[]).run().exits(1).out().contains("+ s e: 1"));
    assert!(cli(&["diff", "--textconv"], &[]).run().exits(0).out().contains("s e: 1"));
    cli(&["run"], &["--", "true"]).run().exits(0).says_nothing();
    assert_eq!(cli(&["holder"], &[]).run().exits(1).out(), "free\n");
    lab.write("empty", "");
    lab.write("theirs", "{\"t\": 2}");
    let merge = lab.cli(["merge", "empty"]).args([odd()]).args(["theirs", "--path"]).args([odd()]);
    merge.run().exits(0).says_nothing();
    assert_eq!(cli(&["show", "t", "--file"], &[]).run().exits(0).out(), "2\n");
    // What a line shows of it is what can be shown.
    lab.write(odd(), "{}");
    let found = cli(&["check", "--file"], &[]).run().exits(1);
    assert!(found.out().starts_with("caf\u{fffd}:1:3: not-canonical"), "{}", found.out());
    let told = cli(&["check", "--json", "--file"], &[]).run().exits(1).json();
    assert_eq!(told["path"], "caf\u{fffd}");
    cli(&["check", "--fix", "-q", "--file"], &[]).run().exits(0).says_nothing();
    let log = OsStr::from_bytes(b"log\xff");
    lab.cli(["append"]).args([log]).args(["{}"]).run().exits(0);
    assert_eq!(lab.read(log), "{}\n");
}

#[test]
fn a_reader_that_stops_early_is_no_error_and_the_status_still_tells() {
    let lab = Lab::with("{\"s\":1}");
    lab.write("none", "{}");
    lab.write("empty", "{}");
    let holder = lab.hold("held");
    for (arguments, status) in [
        (&["show"][..], 0),
        (&["diff", "none"], 1),
        (&["diff", "none", "--json"], 1),
        (&["diff", "--textconv", ".agentsrc.lock"], 0),
        (&["check"], 1),
        (&["check", "--json"], 1),
        (&["holder", "held"], 0),
        (&["holder", "free"], 1),
        (&["append", "log", "{}", "-n"], 0),
        (&["set", "s", "--remove", "-n"], 0),
        (&["set", "s", "--remove", "-n", "--json"], 0),
        (&["merge", "empty", "empty", "empty", "-n"], 0),
        (&["--help"], 0),
        (&["check", "--help"], 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = lab.cli(arguments).stdout(writer).run().exits(status);
        assert_eq!(ended.stderr, "", "{arguments:?}");
    }
    holder.finish().exits(0);
}

#[test]
fn an_output_that_takes_nothing_is_trouble() {
    if !std::fs::exists("/dev/full").unwrap() {
        return testkit::skip("there is no /dev/full");
    }
    let lab = Lab::with("{\"s\":1}");
    lab.write("none", "{}");
    for arguments in
        ["show", "diff none", "diff none --json", "check", "holder t", "append l {} -n"]
    {
        let script = format!("\"$0\" {arguments} > /dev/full");
        let ended = Program::shell(&script).in_directory(lab.root()).run().exits(2);
        assert!(ended.stderr.contains("standard output"), "{arguments}: {}", ended.stderr);
    }
}

/// Else somebody does it again.
#[test]
fn what_was_done_is_not_denied_because_it_cannot_be_printed() {
    if !std::fs::exists("/dev/full").unwrap() {
        return testkit::skip("there is no /dev/full");
    }
    let lab = Lab::with("{}");
    for (arguments, status, evidence) in [
        ("append log {} --json", 2, "[ \"$(cat log)\" = {} ]"),
        ("set s 1 --json", 2, "grep -q s .agentsrc.lock"),
        ("unset s --json", 2, "! grep -q s .agentsrc.lock"),
        ("edit --json -- echo '{\"b\":1,\"a\":1}'", 2, "grep -q a .agentsrc.lock"),
        ("check --fix --json", 2, "[ \"$(\"$0\" show a)\" = 1 ]"),
        ("init --document --file new", 2, "[ -s new ]"),
        // Git goes by the status.
        ("merge none log ours --json", 0, "grep -q x log"),
    ] {
        lab.write("none", "{}");
        lab.write("ours", "{\"x\":1}");
        let script = format!("\"$0\" {arguments} > /dev/full; s=$?; {evidence} || exit 9; exit $s");
        let ended = Program::shell(&script).in_directory(lab.root()).run().exits(status);
        let said = &ended.stderr;
        assert!(said.contains("standard output") && said.contains("all else was done"), "{said}");
        assert!(!said.contains("nothing was"), "{arguments}: {said}");
    }
}

/// `ulimit -f`: the kernel sends a signal that ends a program in the middle of a write.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_and_leaves_everything_as_it_was() {
    let lab = Lab::with("{}\n");
    lab.write("log", "{}\n");
    lab.write("large", format!("\"{}\"", "x".repeat(40_000)));
    let names = lab.names();
    for verb in ["append log", "set s"] {
        for first in ["", "trap '' XFSZ; "] {
            let script = format!("{first}ulimit -f 8; exec \"$0\" {verb} < large");
            let ended = Program::shell(&script).in_directory(lab.root()).run().exits(2);
            assert!(ended.complaint().contains("File too large"), "{ended:?}");
            assert_eq!((lab.document(), lab.read("log")), ("{}\n".into(), "{}\n".into()));
            assert_eq!(lab.names(), names, "{verb}");
        }
    }
}

/// It is for the program alone.
#[test]
fn a_limit_on_the_size_of_files_is_to_the_command_what_it_is_anywhere() {
    let lab = Lab::new();
    let ends = |first, status| {
        let script = format!("{first}exec \"$0\" run t -- sh -c 'kill -XFSZ $$'");
        Program::shell(&script).in_directory(lab.root()).run().exits(status);
    };
    ends("", 153);
    if ignored().is_none() {
        return testkit::skip("the system does not tell what a process ignores");
    }
    ends("trap '' XFSZ; ", 0);
}

#[test]
fn a_step_that_fails_says_which_were_done_before_it() {
    let lab = Lab::new();
    let init = lab.cli(["init", "--document", "--hook"]).env("PATH", "").run().exits(2);
    let said = init.complaint();
    assert!(said.contains("done before that: `.agentsrc.lock`: made"), "{said}");
    assert!(!said.contains("nothing was") && lab.join(DOCUMENT).exists(), "{said}");
}
