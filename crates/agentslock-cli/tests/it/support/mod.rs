//! What all modules use: a directory to work in, snapshots of what lies there, and the program.

mod disk;
mod ended;
mod outlet;
mod program;
mod user;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use testkit::Snapshot;

pub(crate) use disk::run_on_small_disk;
pub(crate) use ended::Ended;
pub(crate) use program::{PROGRAM, Program, Running};
pub(crate) use testkit::fill_but;
pub(crate) use user::OtherUser;

/// Longer than anything here takes, even on a busy machine: the end of what hangs.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(120);

/// A digest that some inputs could have.
pub(crate) const DIGEST: &str =
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The document's name.
pub(crate) const DOCUMENT: &str = ".agentsrc.lock";

/// A directory, empty at first, in which the program runs.
pub(crate) struct Lab {
    _directory: TempDir,
    root: PathBuf,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // As the program itself names it when it goes looking upward.
        let root = directory.path().canonicalize().unwrap();
        Self { _directory: directory, root }
    }

    /// With this document in it.
    pub(crate) fn with(document: impl AsRef<[u8]>) -> Self {
        let lab = Self::new();
        lab.write(DOCUMENT, document);
        lab
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        fs::write(self.join(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(fs::read(self.join(name)).unwrap()).unwrap()
    }

    pub(crate) fn document(&self) -> String {
        self.read(DOCUMENT)
    }

    /// The program with these arguments, to be run in this directory.
    pub(crate) fn cli(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Program {
        Program::agentslock(arguments).in_directory(&self.root)
    }

    /// Holds the lock of `target` until its standard input is closed. Printed `running` by then.
    pub(crate) fn hold(&self, target: &str) -> Running {
        self.hold_with(target, &[])
    }

    pub(crate) fn hold_with(&self, target: &str, flags: &[&str]) -> Running {
        let run = self.cli(["run", target]).args(flags).args(["--", "cat"]);
        let mut holder = run.open_input("running\n").start();
        // What comes back shows that it is the command that runs by now.
        holder.await_out("running\n");
        holder
    }

    /// Asserts that the lock of `target` is free, and that nothing is left of those who had it.
    #[track_caller]
    pub(crate) fn expect_free(&self, target: &str) {
        let beside = format!("{target}.lock");
        let litter: Vec<_> =
            self.names().into_iter().filter(|name| name.starts_with(&beside)).collect();
        assert_eq!(litter, [""; 0]);
        self.cli(["run", target, "--wait", "0", "--", "true"]).run().exits(0);
    }

    /// Asserts that the lock of `target` is held.
    #[track_caller]
    pub(crate) fn expect_held(&self, target: &str) {
        self.cli(["run", target, "--wait", "0", "--", "true"]).run().exits(75);
    }

    /// The names in the directory, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        testkit::names(&self.root)
    }

    /// `sh -c script`, in which `$0` is the program under test, on a terminal; its input is typed.
    /// `None`: there is no script(1) to make one, which was said.
    pub(crate) fn in_terminal(&self, script: &str) -> Option<Program> {
        let Ok(true) =
            Command::new("script").arg("--version").output().map(|it| it.status.success())
        else {
            testkit::skip("there is no script(1) of util-linux");
            return None;
        };
        let script = script.replace("$0", PROGRAM);
        // Whatever we ourselves were started to ignore, by nohup(1) say: a terminal's shell ignores
        // nothing.
        let command = "exec env --default-signal=HUP,INT,QUIT sh -c \"$SCRIPT\"";
        let arguments = ["--quiet", "--return", "--command", command, "/dev/null"];
        let program =
            Program::new("script").args(arguments).env("SHELL", "/bin/sh").env("SCRIPT", script);
        Some(program.in_directory(&self.root).open_input(""))
    }

    pub(crate) fn make_fifo(&self, name: &str) {
        assert!(Command::new("mkfifo").arg(self.join(name)).status().unwrap().success());
    }

    /// Everything in the directory and below.
    pub(crate) fn snapshot(&self) -> Snapshot {
        testkit::snapshot_of_files(&self.root)
    }

    /// The same, but for the record of whoever holds the lock of `target`, which is renewed every
    /// few seconds.
    pub(crate) fn snapshot_but_record(&self, target: &str) -> Snapshot {
        let mut picture = self.snapshot();
        let record = self.join(format!("{target}.lock/holder"));
        assert!(picture.remove(&record).is_some(), "the lock is held");
        picture
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
