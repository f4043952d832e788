//! The system calls of each operation, as strace sees them.

use std::cmp::Reverse;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use agentslock_core::{Lockfile, LockfileOptions};
use clap::Args;
use fsops::Durability;

use super::page::Page;
use crate::outcome::Outcome;
use crate::workspace::wrap;
use testkit::Place;

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "System calls",
        "Counted with `strace`, on files of 2 KB, the second time that a process does it, a flush \
         the third time. The first time, it also looks for left-overs. `getpid` is left out. A poll \
         is one sleep of a waiter (`futex`), and what it does when it wakes up; of several kinds \
         the most frequent. Every 8 ms it also asks the kernel whether the holder runs. It judges \
         a holder that it has not judged yet, or not for 100 ms. Until a log is 20 minutes old, \
         as here, a durable append looks at its directories (`readlink`).",
    );
    let directory = super::rounds::own_directory(places[0].path(), "calls")?;
    let log = directory.join("calls");
    let traced = Command::new("strace")
        .arg("-o")
        .arg(&log)
        .arg(std::env::current_exe()?)
        .args(["worker", "bench-calls"])
        .arg(&directory)
        .stdout(Stdio::null())
        .status();
    match traced {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("strace failed: {status}").into()),
        Err(error) => return Err(format!("strace is needed to count system calls: {error}").into()),
    }
    let log = std::fs::read_to_string(log)?;
    page.listing(&listed(&operations(&log)));
    Ok(())
}

/// Each operation with its calls below it, indented.
fn listed(operations: &[(String, Vec<String>)]) -> String {
    let mut text = String::new();
    for (operation, calls) in operations {
        let calls_below = wrap(&folded(calls)).replace('\n', "\n    ");
        let _ = writeln!(text, "{operation}: {}\n    {}", calls.len(), calls_below.trim_end());
    }
    text
}

/// What stands between the marks, by operation; of equal ones the first, and of polls the most
/// frequent.
fn operations(log: &str) -> Vec<(String, Vec<String>)> {
    let mut operations: Vec<(String, Vec<String>)> = Vec::new();
    let mut polls = Vec::new();
    for (name, calls) in between_marks(log) {
        if name == POLL {
            if polls.is_empty() {
                operations.push((POLL.to_owned(), Vec::new()));
            }
            polls.extend(each_poll(&calls));
        } else if name != "end" && operations.iter().all(|(other, _)| *other != name) {
            operations.push((name, calls));
        }
    }
    if let Some(at) = operations.iter().position(|(name, _)| name == POLL) {
        operations.splice(at..=at, kinds_of_polls(&polls));
    }
    operations
}

fn between_marks(log: &str) -> Vec<(String, Vec<String>)> {
    let mut operations: Vec<(String, Vec<String>)> = Vec::new();
    for line in log.lines() {
        if let Some((_, mark)) = line.split_once(MARK) {
            let name = mark.split('"').next().unwrap_or_default().replace('-', " ");
            operations.push((name, Vec::new()));
        } else if let Some((call, arguments)) = line.split_once('(')
            && let Some((_, calls)) = operations.last_mut()
            && call != "getpid"
        {
            let is_rmdir = arguments.contains("AT_REMOVEDIR");
            calls.push(if is_rmdir { "rmdir" } else { plain(call) }.to_owned());
        }
    }
    operations
}

const POLL: &str = "poll";

/// A waiter sleeps in one of these. Whoever wakes it ends that call.
fn is_sleep(call: &str) -> bool {
    matches!(call, "futex" | "sleep")
}

/// The callback that marks polls is not called after each of them. A poll begins with the sleep;
/// what comes before the first one is the end of the wait.
fn each_poll(calls: &[String]) -> impl Iterator<Item = Vec<String>> {
    let first = calls.iter().position(|call| is_sleep(call)).unwrap_or(calls.len());
    calls[first..].chunk_by(|_, next| !is_sleep(next)).map(<[_]>::to_vec)
}

/// The most frequent one of each kind. Judging reads the record, asking does not.
fn kinds_of_polls(polls: &[Vec<String>]) -> Vec<(String, Vec<String>)> {
    let did = |poll: &[String], call| poll.iter().any(|did| did == call);
    let kind = |poll: &[String]| match () {
        () if did(poll, "pread") => "one poll that judges",
        () if did(poll, "flock") => "one poll that asks",
        () => "one poll",
    };
    let mut kinds = Vec::new();
    for name in ["one poll that judges", "one poll that asks", "one poll"] {
        let of_kind: Vec<_> = polls.iter().filter(|poll| kind(poll) == name).collect();
        let often = |poll: &&&Vec<String>| of_kind.iter().filter(|other| *other == *poll).count();
        // Of equally frequent ones the shorter.
        let usual = of_kind.iter().max_by_key(|poll| (often(poll), Reverse(poll.len())));
        kinds.extend(usual.map(|poll| (name.to_owned(), (*poll).clone())));
    }
    kinds
}

/// One name for what the libraries call by several.
fn plain(call: &str) -> &str {
    match call {
        "mkdirat" => "mkdir",
        "openat" => "open",
        "statx" | "newfstatat" | "fstat" | "lstat" => "stat",
        "renameat" | "renameat2" => "rename",
        "unlinkat" => "unlink",
        "pread64" => "pread",
        "clock_nanosleep" => "sleep",
        other => other,
    }
}

/// In order, repetitions in a row folded.
fn folded(calls: &[String]) -> String {
    let groups = calls.chunk_by(|a, b| a == b).map(|group| match group {
        [one] => one.clone(),
        many => format!("{} × {}", many[0], many.len()),
    });
    groups.collect::<Vec<_>>().join(", ")
}

const MARK: &str = "/the-next-calls-are-those-of/";

/// Shows in the trace what the next calls are for.
fn mark(operation: &str) {
    let _ = std::fs::symlink_metadata(format!("{MARK}{operation}"));
}

#[derive(Args)]
pub(crate) struct Calls {
    directory: PathBuf,
}

impl Calls {
    pub(crate) fn run(self) -> Outcome {
        lock(&self.directory.join("counter"))?;
        document(&self.directory.join(".agentsrc.lock"))?;
        let log = self.directory.join("events.ndjson");
        for durability in [Durability::Atomic, Durability::Full] {
            fsops::append_record_with(&log, b"{}", durability)?;
            mark(&format!("append,-{}", name(durability)));
            fsops::append_record_with(&log, b"{}", durability)?;
            mark("end");
        }
        Ok(())
    }
}

fn lock(path: &Path) -> Outcome {
    filelock::acquire(path)?.release()?;
    mark("acquire");
    let guard = filelock::acquire(path)?;
    mark("verify");
    guard.verify()?;
    mark("release");
    guard.release()?;
    mark("end");

    let lock = filelock::Lock::new(path)?;
    for _ in 0..3 {
        lock.acquire()?.release()?;
    }
    mark("acquire-again,-through-a-handle");
    let guard = lock.acquire()?;
    mark("release,-through-a-handle");
    guard.release()?;
    mark("end");
    drop(lock);

    let held = filelock::acquire(path)?.unbind();
    mark("a-try-that-fails");
    if filelock::try_acquire(path)?.acquired().is_some() {
        return Err("it was held, and could be acquired".into());
    }
    mark("end");
    let polls = AtomicU32::new(0);
    let options =
        filelock::LockOptions::new().timeout(Duration::from_secs(5)).on_wait(move |_, _| {
            // The first ones are closer together, and the very first also looks for left-overs.
            let poll = polls.fetch_add(1, Ordering::Relaxed);
            if poll > 4 {
                mark(POLL);
            }
            if poll < 40 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    if options.acquire(path).is_ok() {
        return Err("it was held, and could be acquired".into());
    }
    mark("end");
    Ok(held.release()?)
}

fn document(path: &Path) -> Outcome {
    std::fs::write(path, testkit::document(2_000))?;
    mark("open");
    let opened = Lockfile::open(path)?;
    mark("end");
    drop(opened);
    for durability in [Durability::Atomic, Durability::Full] {
        let lockfile = LockfileOptions::new().durability(durability).open(path)?;
        // The first two make and park the lock's directory.
        for version in ["first", "second"] {
            lockfile.set_section("install", version)?;
            lockfile.flush()?;
        }
        lockfile.set_section("install", name(durability))?;
        mark(&format!("flush,-{}", name(durability)));
        lockfile.flush()?;
        mark("end");
    }
    let lockfile = Lockfile::open(path)?;
    mark("flush,-nothing-changes");
    lockfile.flush()?;
    mark("end");
    Ok(())
}

fn name(durability: Durability) -> &'static str {
    match durability {
        Durability::Atomic => "not-synced",
        Durability::Full => "durable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"
statx(AT_FDCWD, "before any mark", ...) = 0
statx(AT_FDCWD, "/the-next-calls-are-those-of/a-try", ...) = -1 ENOENT
openat(AT_FDCWD, "lock", O_RDONLY) = 3
newfstatat(3, "", ...) = 0
fstat(3, ...) = 0
unlinkat(3, "lock", AT_REMOVEDIR) = 0
getpid() = 1
statx(AT_FDCWD, "/the-next-calls-are-those-of/poll", ...) = -1 ENOENT
futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, ...) = -1 ETIMEDOUT
statx(AT_FDCWD, "lock", ...) = 0
futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, ...) = -1 ETIMEDOUT
statx(AT_FDCWD, "lock", ...) = 0
flock(3, LOCK_SH|LOCK_NB) = -1 EAGAIN
statx(AT_FDCWD, "/the-next-calls-are-those-of/poll", ...) = -1 ENOENT
futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, ...) = -1 ETIMEDOUT
statx(AT_FDCWD, "lock", ...) = 0
statx(AT_FDCWD, "lock", ...) = 0
futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, ...) = -1 ETIMEDOUT
statx(AT_FDCWD, "lock", ...) = 0
pread64(3, ...) = 10
futex(0x1, FUTEX_WAIT_BITSET_PRIVATE, ...) = -1 ETIMEDOUT
statx(AT_FDCWD, "lock", ...) = 0
statx(AT_FDCWD, "/the-next-calls-are-those-of/poll", ...) = -1 ENOENT
unlinkat(3, "holder", 0) = 0
statx(AT_FDCWD, "/the-next-calls-are-those-of/end", ...) = -1 ENOENT
statx(AT_FDCWD, "/the-next-calls-are-those-of/a-try", ...) = -1 ENOENT
"#;

    #[test]
    fn a_poll_is_one_sleep_and_what_follows_and_the_usual_one_of_its_kind_is_shown() {
        let listed = listed(&operations(LOG));
        let expected = "a try: 4\n    open, stat × 2, rmdir\n\
                        one poll that judges: 3\n    futex, stat, pread\n\
                        one poll that asks: 3\n    futex, stat, flock\n\
                        one poll: 2\n    futex, stat\n";
        assert_eq!(listed, expected);
    }
}
