//! Running the program, which always comes to an end.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use testkit::wait_until;

use crate::support::{Ended, WATCHDOG, outlet::Outlet};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_agentslock");

/// A program to be run. A by-value builder.
#[must_use = "nothing runs until `run` or `start` is called"]
pub(crate) struct Program {
    command: Command,
    input: Vec<u8>,
    keeps_input: bool,
}

impl Program {
    /// The program under test, with an empty standard input.
    pub(crate) fn agentslock(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        Self::new(PROGRAM).args(arguments)
    }

    /// `sh -c script`, in which `$0` is the program under test.
    pub(crate) fn shell(script: &str) -> Self {
        Self::new("sh").args(["-c", script, PROGRAM])
    }

    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        // A group of its own, so that nothing that it starts outlives a failed test.
        for variable in [
            "AGENTSLOCK_FILE",
            "AGENTSLOCK_HOLDS",
            "AGENTSLOCK_JSON",
            "AGENTSLOCK_WAIT",
            "AGENTS_HOME",
        ] {
            command.env_remove(variable);
        }
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, input: Vec::new(), keeps_input: false }
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn user(mut self, user: u32) -> Self {
        self.command.uid(user).gid(user);
        self
    }

    pub(crate) fn in_directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Gives it these bytes to read, and then the end.
    pub(crate) fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Vec::from(bytes.as_ref());
        self
    }

    /// Gives it this to read, but no end until [`Running::finish`].
    pub(crate) fn open_input(mut self, text: &str) -> Self {
        self.keeps_input = true;
        self.input(text)
    }

    pub(crate) fn streams(mut self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Self {
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        self
    }

    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    #[track_caller]
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take();
        if self.keeps_input {
            let stdin = stdin.as_mut().expect("because it was asked for");
            stdin.write_all(&self.input).unwrap();
        } else if let Some(mut stdin) = stdin.take() {
            std::thread::spawn(move || {
                // It need not read everything.
                let _ = stdin.write_all(&self.input);
            });
        }
        let out = Outlet::of(child.stdout.take());
        let err = Outlet::of(child.stderr.take());
        Running { child, status: None, stdin, out, err }
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        self.start().finish()
    }
}

/// A running program. Dropping it kills it, and all that it started.
#[must_use = "dropping it kills it"]
pub(crate) struct Running {
    child: Child,
    status: Option<ExitStatus>,
    stdin: Option<ChildStdin>,
    out: Outlet,
    err: Outlet,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns once it has written `text` to its standard output.
    #[track_caller]
    pub(crate) fn await_out(&mut self, text: &str) {
        self.out.await_text(text);
    }

    #[track_caller]
    pub(crate) fn await_err(&mut self, text: &str) {
        self.err.await_text(text);
    }

    /// What it has written to its standard output so far.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8(self.out.bytes()).unwrap()
    }

    /// Gives it more to read; it was promised by [`Program::open_input`].
    #[track_caller]
    pub(crate) fn type_in(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("because its input was kept open");
        stdin.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        assert!(self.status.is_none(), "it was waited for");
        kill_process(self.process_id(), signal).unwrap();
    }

    /// Waits for its own end. What it started may live on, and its standard input stays open.
    #[track_caller]
    pub(crate) fn await_end(&mut self) -> ExitStatus {
        wait_until(WATCHDOG, || self.has_ended());
        self.status.unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.status = self.child.try_wait().unwrap();
        self.status.is_some()
    }

    /// Closes its standard input, and waits for its end and that of all who have its streams.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ended {
        drop(self.stdin.take());
        let status = self.await_end();
        wait_until(WATCHDOG, || self.out.has_ended() && self.err.has_ended());
        Ended::new(status, self.out.bytes(), self.err.text())
    }

    fn process_id(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it is waited for, its number can be another's. What it started reads our pipe, and
        // ends with that.
        if self.status.is_none() {
            let _ = kill_process_group(self.process_id(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
