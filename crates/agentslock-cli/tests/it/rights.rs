//! Rights, and places that keep none: what all verbs that write must do alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::{skip, strace, users};

use crate::support::{DOCUMENT, Lab, PROGRAM, Program, set_mode};

/// A directory that everybody can enter, with a copy of the program: for another user the directory
/// of the original may be closed.
pub(crate) fn public_program() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    set_mode(directory.path(), 0o755);
    assert!(Command::new("cp").arg(PROGRAM).arg(directory.path()).status().unwrap().success());
    let program = directory.path().join(Path::new(PROGRAM).file_name().unwrap());
    (directory, program)
}

/// Runs `script` in `lab`, in which `$0` is `program`, and fails with what it says if it fails.
#[track_caller]
pub(crate) fn run(lab: &Lab, program: &Path, script: &str) -> String {
    let script = format!("set -e\n{script}");
    let shell = Program::new("sh").args(["-c".as_ref(), script.as_ref(), program.as_os_str()]);
    shell.in_directory(lab.root()).run().exits(0).out().to_owned()
}

/// Whether this command can be run here; else, says that the test is not run.
#[track_caller]
pub(crate) fn has(command: &str, package: &str) -> bool {
    let found = Command::new(command).arg("--version").output().is_ok();
    if !found {
        skip(&format!("{command} (package {package}) is needed"));
    }
    found
}

const AS: &str = "as() { u=$1; shift; setpriv --reuid $u --regid $u --clear-groups \"$@\"; }\n";

#[test]
fn colleagues_in_a_shared_directory_can_all_read_and_write_whoever_wrote_last() {
    let Some([lead, first, second]) = users() else { return skip("not root") };
    if !has("setfacl", "acl") {
        return;
    }
    let (_directory, program) = public_program();
    let lab = Lab::new();
    set_mode(lab.root(), 0o755);
    let script = format!(
        "{AS}mkdir -m 700 d; chown {lead}:{lead} d; cd d
        setfacl -m u:{first}:rwx,u:{second}:rwx .
        setfacl -d -m u:{first}:rwx,u:{second}:rwx,g::---,o::--- .
        n=0
        for user in {lead} {first} {second} {lead} {first}; do
            n=$((n + 1))
            echo $n | as $user $0 set s$user --file {DOCUMENT}
            as $user $0 append log $n
            for reader in {lead} {first} {second}; do
                as $reader $0 show s$user --file {DOCUMENT}
                as $reader cat log > /dev/null
            done
        done
        if as 4000 cat {DOCUMENT} 2> /dev/null; then exit 3; fi"
    );
    let shown = run(&lab, &program, &script);
    assert_eq!(shown.split_whitespace().collect::<String>(), "111222333444555");
}

#[test]
fn each_verb_that_replaces_a_file_keeps_its_access_list() {
    if !has("setfacl", "acl") || !has("git", "git") {
        return;
    }
    let messy = "{\"b\":1,\"lock_version\":1}";
    for (file, content, verb) in [
        (DOCUMENT, messy, "echo 1 | $0 set c"),
        (DOCUMENT, messy, "$0 set c -- echo 1"),
        (DOCUMENT, messy, "$0 unset b"),
        (DOCUMENT, messy, "$0 check --fix"),
        ("ours", messy, "echo {} > base; echo '{\"a\":1}' > theirs; $0 merge base ours theirs"),
        (".gitattributes", "*.png -text\n", "git init -q; $0 merge --install"),
        ("log", "{}\n", "$0 append log {}"),
    ] {
        let lab = Lab::with("{}");
        lab.write(file, content);
        set_mode(&lab.join(file), 0o640);
        let script = format!(
            "list() {{ getfacl -cpnE {file}; stat -c %a {file}; }}
            setfacl -m u:2001:rw,u:2002:r,g::--- {file}; setfacl -d -m u:2003:rwx .
            list > /tmp/list-$$; cp {file} /tmp/content-$$; {verb} > /dev/null
            if cmp -s {file} /tmp/content-$$; then echo 'nothing was written'; exit 4; fi
            list | diff /tmp/list-$$ -; rm /tmp/list-$$ /tmp/content-$$"
        );
        assert_eq!(run(&lab, Path::new(PROGRAM), &script), "", "{verb}");
    }
}

#[test]
fn where_modes_cannot_be_changed_every_verb_works() {
    let Some([user, ..]) = users() else { return skip("not root") };
    if !has("bindfs", "bindfs") {
        return;
    }
    let (_directory, program) = public_program();
    let lab = Lab::new();
    set_mode(lab.root(), 0o755);
    let mount = "mkdir -m 777 s m; bindfs --force-user=root --force-group=root --perms=a+rwX \
                 --chmod-deny --chown-deny s m";
    let mounted = Command::new("sh").args(["-c", mount]).current_dir(lab.root()).output().unwrap();
    if !mounted.status.success() {
        return skip(String::from_utf8_lossy(&mounted.stderr).trim());
    }
    let script = format!(
        "{AS}trap 'cd ..; umount -l m' EXIT; cd m
        echo '{{\"units\":{{}}}}' > {DOCUMENT}
        ! as {user} chmod 600 {DOCUMENT} 2> /dev/null
        echo 1 | as {user} $0 set c --file {DOCUMENT}
        as {user} $0 set d --file {DOCUMENT} -- echo 2
        as {user} $0 unset c --file {DOCUMENT}
        as {user} $0 append log {{}}; as {user} $0 append log {{}}
        as {user} $0 run log -- true
        echo '{{}}' > messy; as {user} $0 check --fix --file messy > /dev/null
        echo '{{}}' > base; cp messy ours; echo '{{\"a\":1}}' > theirs
        as {user} $0 merge base ours theirs
        cat {DOCUMENT} log ours; ls -A | sort | tr '\\n' ' '"
    );
    let out = run(&lab, &program, &script);
    assert!(
        out.contains("\"d\": 2") && !out.contains("\"c\"") && out.contains("{\"a\":1}"),
        "{out}"
    );
    assert!(out.contains("{}\n{}\n"), "{out}");
    assert!(out.ends_with(".agentsrc.lock base log messy ours theirs "), "{out}");
}

#[test]
fn where_directories_cannot_be_synced_what_is_written_is_done() {
    let lab = Lab::new();
    let root = lab.root().to_str().unwrap().to_owned();
    for (error, status) in [("EINVAL", 0), ("EOPNOTSUPP", 0), ("EIO", 2)] {
        let inject = format!("inject=fsync:error={error}");
        let tracer = match strace(&["-e", "trace=fsync", "-P", &root, "-e", &inject]) {
            Ok(tracer) => tracer,
            Err(why) => return skip(&why),
        };
        let go = |arguments: &[&str]| {
            let program = Program::new(&tracer[0]).args(&tracer[1..]).args([PROGRAM]);
            program.args(arguments).in_directory(lab.root()).run()
        };
        for arguments in
            [&["set", "c", "--", "echo", "1"][..], &["append", "log", "{}"], &["check", "--fix"]]
        {
            lab.write(DOCUMENT, "{\"b\":1}");
            go(arguments).exits(status);
        }
        // Nobody had a reason to do it again.
        assert_eq!(fs::read_to_string(lab.join("log")).unwrap(), "{}\n", "{error}");
        fs::remove_file(lab.join("log")).unwrap();
    }
}

#[test]
fn a_lock_that_has_no_room_says_that_nothing_was_written() {
    let lab = Lab::new();
    for options in ["size=64k", "nr_inodes=2"] {
        let script = format!(
            "mount -t tmpfs -o {options} full .; cd \"$PWD\"; echo {{}} > log
            dd if=/dev/zero of=big bs=4096 2> /dev/null || true
            {{ $0 run log -- rm big 2>&1 || echo \"status $?\"; }} | cat; ls -A"
        );
        let shell = Program::new("unshare").args(["-m", "sh", "-c", &script, PROGRAM]);
        let ended = shell.in_directory(lab.root()).run();
        if ended.stderr.contains("mount") || ended.stderr.contains("unshare") {
            return skip(ended.stderr.trim());
        }
        let out = ended.out();
        assert!(out.contains("nothing was written; remove something without the lock"), "{out}");
        assert!(out.contains("status 2\n"), "{out}");
        assert!(!out.contains("log.lock\n"), "{out}");
    }
}

#[test]
fn a_document_that_is_mounted_by_itself_is_left_and_the_message_says_what_to_mount() {
    let lab = Lab::with("{}");
    lab.write("outside", "{}");
    let script = format!(
        "mount --bind outside {DOCUMENT}; $0 set c -- echo 1 2>&1 || echo \"status $?\"
        $0 append {DOCUMENT} 1 --wait 0 2>&1; ls -A"
    );
    let shell = Program::new("unshare").args(["-m", "sh", "-c", &script, PROGRAM]);
    let ended = shell.in_directory(lab.root()).run();
    if ended.stderr.contains("unshare") {
        return skip(ended.stderr.trim());
    }
    let out = ended.out();
    assert!(out.contains("mount its directory instead") && out.contains("status 2\n"), "{out}");
    assert!(out.ends_with(".agentsrc.lock\noutside\n"), "{out}");
    assert_eq!(fs::read_to_string(lab.join(DOCUMENT)).unwrap(), "{}");
}
