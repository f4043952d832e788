//! `run`: the command, its status, its streams, and the lock around it.

#[cfg(target_os = "linux")]
mod clock;
mod killed;
#[cfg(target_os = "linux")]
mod namespace;
mod nested;
pub(crate) mod signals;
mod terminal;
mod waiting;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::{DOCUMENT, Lab, PROGRAM, Program, set_mode};

#[test]
fn the_status_is_the_commands_own() {
    let lab = Lab::new();
    for (script, status) in [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 75", 75),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -PIPE $$", 141),
    ] {
        lab.cli(["run", "t", "--", "sh", "-c", script]).run().exits(status).says_nothing();
        lab.expect_free("t");
    }
    assert_eq!(lab.names(), [""; 0]);
}

#[test]
fn a_command_that_cannot_be_run_is_126_or_127() {
    let lab = Lab::new();
    lab.write("no-program", "exit 0");
    for (command, status) in [("./missing", 127), ("./no-program", 126), ("..", 126)] {
        let ended = lab.cli(["run", "t", "--", command]).run().exits(status);
        assert!(ended.complaint().contains(&format!("`{command}`")), "{ended:?}");
        let told = lab.cli(["run", "t", "--json", "--", command]).run().exits(status).json();
        assert_eq!((&told["ok"], &told["error"]["kind"]), (&json!(false), &json!("run")));
        assert_eq!(
            (&told["path"], &told["error"]["message"]),
            (&json!("t"), &json!(ended.complaint()))
        );
        lab.expect_free("t");
    }
}

#[test]
fn a_command_that_is_nowhere_in_the_path_is_not_found() {
    let lab = Lab::with("{}\n");
    let before = lab.snapshot();
    for (verb, status) in [(&["run", "t", "--"][..], 127), (&["set", "s", "--"], 2)] {
        let program = lab.cli(verb).args(["sh", "-c", "echo 1"]).env("PATH", lab.root());
        let ended = program.run().exits(status);
        assert!(ended.complaint().contains("`sh`: No such file"), "{ended:?}");
        assert_eq!(lab.snapshot(), before);
    }
}

#[test]
fn the_command_gets_its_arguments_as_they_are() {
    let lab = Lab::new();
    let odd = OsStr::from_bytes(b"\xff");
    let ended = lab
        .cli([
            "run",
            "t",
            "--",
            "sh",
            "-c",
            "printf '<%s>' \"$@\"",
            "sh",
            "--wait",
            "--",
            "",
            "a b",
        ])
        .args([odd])
        .run()
        .exits(0);
    assert_eq!(ended.stdout, b"<--wait><--><><a b><\xff>");
}

#[test]
fn the_lock_is_held_while_the_command_runs_and_free_after() {
    let lab = Lab::new();
    let try_inside =
        "env -u AGENTSLOCK_HOLDS \"$0\" run t --wait 0 -- true 2>/dev/null; echo $?; ls";
    let ended = lab.cli(["run", "t", "--", "sh", "-c", try_inside, PROGRAM]).run().exits(0);
    assert_eq!(ended.out(), "75\nt.lock\n");
    lab.expect_free("t");
    // Also if the command fails.
    let script = format!("{try_inside}; exit 1");
    lab.cli(["run", "t", "--", "sh", "-c", &script, PROGRAM]).run().exits(1);
    lab.expect_free("t");
}

#[test]
fn different_files_have_different_locks() {
    let lab = Lab::new();
    let holder = lab.hold("t");
    lab.expect_free("t.json");
    lab.expect_free("u");
    // However the path is spelled.
    lab.expect_held("./t");
    lab.expect_held(lab.join("t").to_str().unwrap());
    holder.finish().exits(0);
    lab.expect_free("t");
}

#[test]
fn the_file_is_neither_created_nor_touched_nor_looked_at() {
    let lab = Lab::with("not JSON");
    fs::create_dir(lab.join("directory")).unwrap();
    lab.make_fifo("fifo");
    symlink("nowhere", lab.join("link")).unwrap();
    let before = lab.snapshot();
    for target in ["missing", DOCUMENT, "directory", "fifo", "link"] {
        let ended = lab.cli(["run", target, "--", "echo", "ran"]).run().exits(0);
        assert_eq!((ended.out(), &*ended.stderr), ("ran\n", ""), "{target}");
        assert_eq!(lab.snapshot(), before, "{target}");
    }
    let odd = OsStr::from_bytes(b"caf\xe9");
    lab.cli(["run".as_ref(), odd, "--".as_ref(), "true".as_ref()]).run().exits(0).says_nothing();
    assert_eq!(lab.snapshot(), before);
}

#[test]
fn what_stands_at_the_locks_name_and_is_no_lock_is_left_alone() {
    let lab = Lab::with("{}");
    lab.make_fifo("fifo.lock");
    symlink("nowhere", lab.join("link.lock")).unwrap();
    symlink(".", lab.join("circle.lock")).unwrap();
    // The name stays when the listener goes.
    UnixListener::bind(lab.join("socket.lock")).unwrap();
    let before = lab.snapshot();
    for (target, kind) in [
        ("fifo", "a FIFO"),
        ("link", "a symbolic link"),
        ("circle", "a symbolic link"),
        ("socket", "a socket"),
    ] {
        for verb in [
            &["run", target, "--", "echo", "ran"][..],
            &["append", target, "{}"],
            &["set", "s", "--file", target],
            &["set", "s", "--file", target, "--", "echo", "1"],
        ] {
            let ended = lab.cli(verb).input("1").run().exits(2);
            let complaint = ended.complaint();
            assert!(complaint.contains(&format!("{target}.lock` is {kind}")), "{complaint}");
            let [name, rest @ ..] = verb else { unreachable!("because each has a name") };
            let told = lab.cli([name, "--json"]).args(rest).input("1").run().exits(2).json();
            assert_eq!((&told["ok"], &told["path"]), (&json!(false), &json!(target)));
        }
        assert_eq!(lab.snapshot(), before, "{target}");
    }
}

/// The lock of `Cargo` is called `Cargo.lock`.
#[test]
fn a_lockfile_of_another_kind_is_not_taken_for_a_dead_lock() {
    let lab = Lab::new();
    let of_cargo = "# This file is automatically @generated by Cargo.\nversion = 4\n";
    lab.write("Cargo.lock", of_cargo);
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    let file = File::options().write(true).open(lab.join("Cargo.lock")).unwrap();
    file.set_modified(hour_ago).unwrap();
    let ended = lab.cli(["run", "Cargo", "--wait", "0.1", "--", "true"]).run();
    assert!(lab.join("Cargo.lock").exists(), "it was removed");
    assert_eq!(lab.read("Cargo.lock"), of_cargo);
    assert!(ended.exits(2).complaint().contains("Cargo.lock"));
}

#[test]
fn a_script_that_names_no_interpreter_is_run_by_the_shell() {
    let lab = Lab::new();
    lab.write("script", "echo ran");
    set_mode(&lab.join("script"), 0o755);
    assert_eq!(lab.cli(["run", "t", "--", "./script"]).run().exits(0).out(), "ran\n");
}

#[test]
fn a_path_that_can_have_no_lock_is_an_error() {
    let lab = Lab::new();
    for target in ["/", ".."] {
        lab.cli(["run", target, "--", "echo", "ran"]).run().exits(2).complaint();
    }
    lab.write("file", "");
    let ended = lab.cli(["run", "file/t", "--", "echo", "ran"]).run().exits(2);
    assert!(ended.complaint().contains("Not a directory"), "{ended:?}");
    assert_eq!(lab.names(), ["file"]);
}

#[test]
fn the_command_has_the_standard_streams_themselves() {
    let lab = Lab::new();
    lab.write("in", "input\n");
    let create = |name: &str| File::create(lab.join(name)).unwrap();
    let same = "[ /dev/stdin -ef in ] && [ /dev/stdout -ef out ] && [ /dev/stderr -ef err ] && \
                cat && echo to the error >&2";
    lab.cli(["run", "t", "--", "sh", "-c", same])
        .streams(
            File::open(lab.join("in")).unwrap().into(),
            create("out").into(),
            create("err").into(),
        )
        .run()
        .exits(0);
    assert_eq!((lab.read("out"), lab.read("err")), ("input\n".into(), "to the error\n".into()));
}

#[test]
fn the_command_inherits_the_lock_and_no_other_descriptor() {
    let lab = Lab::new();
    if !fs::exists("/proc/self/fd").unwrap() {
        return testkit::skip("there is no /proc/self/fd");
    }
    let list = "for fd in /proc/$$/fd/*; do if [ -e \"$fd\" ]; then echo \"$fd\"; fi; done";
    let descriptors =
        |program: Program| program.in_directory(lab.root()).run().exits(0).out().lines().count();
    let bare = descriptors(Program::shell(list));
    let run = |flags: &[&str]| {
        let program = Program::agentslock(["run", "t"]).args(flags);
        descriptors(program.args(["--", "sh", "-c", list]))
    };
    assert_eq!(run(&["--close"]), bare);
    // The directory of the lock, and the record in it: both are signs of life.
    assert_eq!(run(&[]), bare + 2);
}
