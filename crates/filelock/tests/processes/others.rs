//! Locks of other programs at the name of ours: the real programs, and none of them is hurt.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use filelock::{AcquireError, Liveness};

use crate::support::{Lab, age, brief, expect_alive};

/// A program that says a line when it has its lock, and keeps it until it is told to go on.
struct Other(Child);

impl Other {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut other = Self(child);
        let mut line = String::new();
        BufReader::new(other.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        other
    }

    fn let_go(mut self) {
        self.0.stdin.take().unwrap().write_all(b"go\n").unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "the other program lost its lock: {status}");
    }
}

/// Whether `command` runs here. If not, says that the test is not run, and what would help.
#[track_caller]
fn have(command: &[&str], install: &str) -> bool {
    let run = Command::new(command[0]).args(&command[1..]).output();
    let runs = run.is_ok_and(|run| run.status.success());
    if !runs {
        testkit::skip(&format!("`{}` does not run: {install}", command.join(" ")));
    }
    runs
}

/// Whether this file system's OS locks are believed: else an OS lock on a file says nothing.
fn asks_kernel(lab: &Lab) -> bool {
    let guard = brief().acquire(lab.join("probe")).unwrap();
    guard.is_kernel_backed()
}

fn expect_stranger(lab: &Lab) {
    let error = brief().acquire(lab.target()).map(drop).unwrap_err();
    assert!(matches!(error, AcquireError::NotALock { .. }), "{error:?}");
    assert!(lab.lock().exists());
}

#[test]
fn a_file_that_flock_1_has_locked_is_held_and_stays() {
    if !have(&["flock", "--version"], "apt-get install util-linux") {
        return;
    }
    for lab in Lab::everywhere() {
        let held = Other::start(Command::new("flock").arg(lab.lock()).args([
            "sh",
            "-c",
            "echo locked; read go",
        ]));
        age(&lab.lock(), Duration::from_secs(3600));
        if asks_kernel(&lab) {
            assert_eq!(*expect_alive(&brief(), lab.target()).liveness(), Liveness::Running);
            let seen = filelock::inspect(lab.target()).unwrap().unwrap();
            assert!(filelock::break_lock(lab.target(), seen.holder_id()).is_err());
        }
        let second = Command::new("flock").arg("-n").arg(lab.lock()).arg("true").status().unwrap();
        assert!(!second.success(), "its lock was taken from it");
        held.let_go();
        expect_stranger(&lab);
    }
}

#[test]
fn a_file_that_pythons_filelock_has_locked_is_held_and_stays() {
    if !have(&["python3", "-c", "import filelock"], "pip install filelock") {
        return;
    }
    let program = "import filelock, sys\n\
                   with filelock.FileLock(sys.argv[1]):\n    \
                   print('locked', flush=True); sys.stdin.readline()";
    for lab in Lab::everywhere() {
        let held = Other::start(Command::new("python3").args(["-c", program]).arg(lab.lock()));
        age(&lab.lock(), Duration::from_secs(3600));
        if asks_kernel(&lab) {
            assert_eq!(*expect_alive(&brief(), lab.target()).liveness(), Liveness::Running);
        }
        assert!(lab.lock().exists());
        held.let_go();
    }
}

/// It keeps an empty directory, and sets its time every few seconds: more seldom than the grace.
#[test]
fn a_directory_of_proper_lockfile_is_held_between_its_heartbeats() {
    let install = "npm install proper-lockfile, and NODE_PATH=…/node_modules";
    if !have(&["node", "-e", "require('proper-lockfile')"], install) {
        return;
    }
    let program = "const lock = require('proper-lockfile');\
         const file = process.argv[1];\
         const lost = error => { console.error(error); process.exit(1); };\
         lock.lock(file, { realpath: false, onCompromised: lost }).then(release => {\
         console.log('locked');\
         process.stdin.once('data', () => release().then(() => process.exit(0), lost)); }, lost);";
    for lab in Lab::everywhere() {
        let held = Other::start(Command::new("node").args(["-e", program]).arg(lab.target()));
        let seen = expect_alive(&brief(), lab.target());
        let Liveness::Expires { within } = *seen.liveness() else { panic!("{seen:?}") };
        assert!(within > Duration::from_secs(20), "its heartbeat comes every 5 s: {within:?}");
        held.let_go();
        assert!(!lab.lock().exists(), "it has released its own lock");
    }
}

fn git(at: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.arg("-C").arg(at).args(arguments);
    git
}

/// `index.lock` becomes the index: without it, git ends with an error and the index is as it was.
#[test]
fn gits_index_lock_stays_while_a_slow_filter_runs() {
    if !have(&["git", "--version"], "apt-get install git") {
        return;
    }
    let lab = Lab::new();
    let at = lab.join("repository");
    assert!(git(lab.root(), &["init", "-q", "repository"]).status().unwrap().success());
    let filter = "filter.slow.clean=sh -c 'echo locked >&3; read go <&4; cat'";
    fs::write(at.join(".gitattributes"), "* filter=slow\n").unwrap();
    fs::write(at.join("file"), "content\n").unwrap();
    let add = "exec 3>&1 4<&0; exec git -c \"$1\" add file";
    let mut shell = Command::new("sh");
    let adding = Other::start(shell.current_dir(&at).args(["-c", add, "sh", filter]));
    let index = at.join(".git/index");
    let lock = at.join(".git/index.lock");
    assert!(lock.exists());
    age(&lock, Duration::from_secs(3600));
    let error = brief().acquire(&index).map(drop).unwrap_err();
    assert!(matches!(error, AcquireError::NotALock { .. }), "{error:?}");
    assert!(lock.exists());
    adding.let_go();
    let staged = git(&at, &["diff", "--cached", "--name-only"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&staged.stdout), "file\n");
}

/// The idiom of shell scripts, and of everybody who has no better lock.
#[test]
fn a_directory_that_a_script_has_made_is_held_for_a_ttl() {
    let lab = Lab::new();
    assert!(Command::new("mkdir").arg(lab.lock()).status().unwrap().success());
    age(&lab.lock(), Duration::from_secs(25));
    expect_alive(&brief(), lab.target());
    assert!(Command::new("rmdir").arg(lab.lock()).status().unwrap().success());
    brief().acquire(lab.target()).unwrap().release().unwrap();
}

/// Yarn's own advice, to tell a project's root.
#[test]
fn an_empty_yarn_lock_stays() {
    let lab = Lab::new();
    let lock = lab.join("yarn.lock");
    fs::write(&lock, "").unwrap();
    age(&lock, Duration::from_secs(3600));
    let error = brief().acquire(lab.join("yarn")).map(drop).unwrap_err();
    assert!(matches!(error, AcquireError::NotALock { kind: "an empty file", .. }), "{error:?}");
    assert!(lock.exists());
}
