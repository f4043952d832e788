//! Programs under strace: which system calls they make, and what they do when one of them fails.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::outcome::Outcome;

/// One system call of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// The how manieth of this name it is, from 1: what strace counts by.
    nth: u32,
    /// The paths that it is about, without what differs from run to run.
    pub(crate) subject: String,
    /// How many calls of this name were about the same before.
    again: u32,
}

impl Call {
    /// Whether another run made this call there. Its number can be another one: who looks for the
    /// holder of a lock below /proc makes as many calls as there are processes.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.subject, self.again) == (&other.name, &other.subject, other.again)
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} #{} ({})", self.name, self.nth, self.subject)
    }
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// After this long a run counts as hanging, and is killed.
const HANGS: Duration = Duration::from_secs(20);

/// # Errors
///
/// Why there is no tracing here.
pub(crate) fn check() -> Outcome {
    let probe = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    match probe {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("strace does not work here: {}", said.trim()).into())
        }
        Err(error) => Err(format!("strace: {error}; install the package strace").into()),
    }
}

/// Runs a program under strace and returns all that the calls of its main thread say of `root`.
///
/// A program's own code begins with the first call after `execve` that names a path below `root`,
/// or a descriptor of one. Earlier calls are the loader's and the runtime's.
///
/// `refused` calls fail, each time.
pub(crate) fn trace(
    program: &[OsString],
    refused: Option<(&str, &str)>,
    root: &Path,
    log: &Path,
) -> Outcome<(Ended, Vec<Call>)> {
    let ended = run(program, &injections(refused, None), log)?;
    let calls = calls_in(&std::fs::read_to_string(log)?, root);
    Ok((ended, calls))
}

/// Runs a program with `fault` (`error=EIO`, `signal=KILL`) at `call`. `None`: by then the program
/// did something else than in the run that `call` is from; nothing is known.
pub(crate) fn inject(
    program: &[OsString],
    refused: Option<(&str, &str)>,
    (call, fault): (&Call, &str),
    root: &Path,
    log: &Path,
) -> Outcome<Option<Ended>> {
    let ended = run(program, &injections(refused, Some((call, fault))), log)?;
    let calls = calls_in(&std::fs::read_to_string(log)?, root);
    Ok(calls.contains(call).then_some(ended))
}

/// Of two injections into calls of one name, strace makes the last.
fn injections(refused: Option<(&str, &str)>, fault: Option<(&Call, &str)>) -> Vec<String> {
    let refused = refused.map(|(name, how)| format!("inject={name}:{how}"));
    let fault =
        fault.map(|(call, fault)| format!("inject={}:{fault}:when={}", call.name, call.nth));
    refused.into_iter().chain(fault).flat_map(|inject| ["-e".to_owned(), inject]).collect()
}

fn run(program: &[OsString], arguments: &[String], log: &Path) -> Outcome<Ended> {
    let started = Instant::now();
    // Without `-f`, since only the main thread touches files.
    let mut child = Command::new("strace")
        .args(["-y", "-qq", "-s", "0", "-o"])
        .arg(log)
        .args(arguments)
        .args(program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > HANGS
            && let Some(group) = group
        {
            kill_process_group(group, Signal::KILL)?;
        }
        std::thread::sleep(Duration::from_micros(500));
    };
    let took = started.elapsed();
    let mut stderr = String::new();
    child.stderr.take().expect("because it was piped").read_to_string(&mut stderr)?;
    Ok(Ended { status, stderr, took })
}

/// The calls that are about `root`, and about the name of the running kernel, which is part of a
/// lock's record; and the program's end.
fn calls_in(log: &str, root: &Path) -> Vec<Call> {
    let root = root.to_str().expect("because it is a temporary directory");
    let mut counts = BTreeMap::<&str, u32>::new();
    let mut subjects = BTreeMap::<(&str, String), u32>::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        // Not `+++ exited with 0 +++`, nor `--- SIGCHLD {…} ---`.
        let Some((name, arguments)) = line.split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let nth = counts.entry(name).or_default();
        *nth += 1;
        // Its answer, which can name a path as well, is not what it is recognised by.
        let arguments = arguments.rsplit_once(" = ").map_or(arguments, |(arguments, _)| arguments);
        let subject = subject(arguments, root);
        let is_end = name == "exit_group" && !calls.is_empty();
        if (!subject.is_empty() && name != "execve") || is_end {
            let times = subjects.entry((name, subject.clone())).or_default();
            calls.push(Call { name: name.to_owned(), nth: *nth, subject, again: *times });
            *times += 1;
        }
    }
    calls
}

fn subject(arguments: &str, root: &str) -> String {
    let mut paths: Vec<String> = Vec::new();
    for part in arguments.split(['<', '>', '"']) {
        if let Some(path) = part.strip_prefix(root) {
            paths.push(without_unique(path.trim_start_matches('/')));
        } else if part.ends_with("/boot_id") || (part == "holder" && !paths.is_empty()) {
            paths.push(part.to_owned());
        }
    }
    paths.join(", ")
}

/// `x.prep-…/holder` for `x.prep-0123456789abcdef/holder`; `.` for the directory itself.
fn without_unique(path: &str) -> String {
    for mark in [".prep-", ".tmp-"] {
        if let Some((before, after)) = path.split_once(mark) {
            let rest = after.find('/').map_or("", |slash| &after[slash..]);
            return format!("{before}{mark}…{rest}");
        }
    }
    if path.is_empty() { ".".to_owned() } else { path.to_owned() }
}
