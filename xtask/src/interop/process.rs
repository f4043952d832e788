//! A process of either kind. Both kinds of worker speak the same lines.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::older;
use super::role::Role;
use crate::outcome::Outcome;
use crate::workspace::{root, worker};
use filelock::testing::Way;

/// Python itself, not a script that looks for it each time.
static PYTHON: OnceLock<PathBuf> = OnceLock::new();

/// Fails unless there is a Python that can run the peers.
pub(crate) fn find_python() -> Outcome {
    let probe = "import sys; print(sys.executable); sys.exit(sys.version_info < (3, 9))";
    let found = Command::new("python3").args(["-c", probe]).output();
    let Some(output) = found.ok().filter(|output| output.status.success()) else {
        return Err("the peers need Python 3.9 or later, found as `python3`: install it (apt-get \
                    install python3, dnf install python3, brew install python, or from python.org)"
            .into());
    };
    PYTHON.get_or_init(|| String::from_utf8_lossy(&output.stdout).trim().into());
    Ok(())
}

/// Python, with the standard library alone, which is also what starts fastest.
pub(crate) fn python() -> Command {
    let mut python = Command::new(PYTHON.get().expect("because it was looked for first"));
    python.args(["-E", "-S", "-B"]);
    python
}

/// The time limits of a peer in Python.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) ttl: Duration,
    pub(super) grace: Duration,
    pub(super) timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(30),
            grace: Duration::from_secs(2),
            timeout: Duration::from_secs(5),
        }
    }
}

/// Killed when dropped: nobody stays behind when a case fails.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(super) fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().expect("because it is piped");
        let output = BufReader::new(child.stdout.take().expect("because it is piped"));
        Ok(Self { child, input, output })
    }

    /// The next line it prints; empty when it ended.
    pub(super) fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Fails unless the next line begins with `word`. Returns the numbers after it.
    pub(super) fn expect(&mut self, word: &str) -> Outcome<Vec<u64>> {
        let line = self.line()?;
        let mut words = line.split(' ');
        if words.next() != Some(word) {
            return Err(format!("a process said `{line}` instead of `{word}`").into());
        }
        Ok(words.map(str::parse).collect::<Result<_, _>>()?)
    }

    pub(super) fn go_on(&mut self) -> Outcome {
        Ok(self.input.write_all(b"\n")?)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and gone when this returns.
    pub(super) fn kill(&mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(super) fn ended_well(mut self) -> std::io::Result<bool> {
        Ok(self.child.wait()?.success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A peer; its mode's arguments are to follow.
pub(super) fn peer(role: Role, limits: Limits) -> Command {
    let mut command = if role == Role::Built {
        Command::new(older::program().expect("because it is no role unless it was built"))
    } else {
        let mut python = python();
        python.arg(root().join("xtask/peers/peer.py"));
        python
    };
    command.arg(role.name());
    for (option, limit) in
        [("--ttl", limits.ttl), ("--grace", limits.grace), ("--timeout", limits.timeout)]
    {
        command.arg(option).arg(limit.as_secs_f64().to_string());
    }
    command
}

/// Starts a peer that is to hold the lock of `target`.
pub(super) fn peer_holder(
    role: Role,
    limits: Limits,
    target: &Path,
    aged: u32,
) -> std::io::Result<Process> {
    let mut command = peer(role, limits);
    Process::start(command.arg("hold").arg("--aged").arg(aged.to_string()).arg(target))
}

/// A process of ours; its mode's arguments are to follow.
pub(super) fn rust(way: Way) -> std::io::Result<Command> {
    let mut command = worker("interop")?;
    command.arg(way.name());
    Ok(command)
}

/// Starts a process of ours that is to hold the lock of `target`.
pub(super) fn rust_holder(way: Way, target: &Path, aged: u32) -> std::io::Result<Process> {
    Process::start(rust(way)?.arg("hold").arg("--aged").arg(aged.to_string()).arg(target))
}
