//! The system calls of each operation, as strace sees them.

use std::collections::BTreeSet;
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
use testkit::Place;

pub(super) fn run(page: &mut Page, places: &[Place]) -> Outcome {
    page.section(
        "System calls",
        "Counted with `strace`, on files of 2 KB, the second time that a process does it, a flush \
         the third time. The first time, it also looks for left-overs. `getpid` is left out. A poll is what a waiter \
         does each time that it wakes up. Every 8 ms it also asks the kernel whether the holder \
         runs. It judges a holder that it has not judged yet, or not for 100 ms.",
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
    for (operation, calls) in operations(&log) {
        page.item(&format!("**{operation}**: {}: `{}`", calls.len(), folded(&calls)));
    }
    Ok(())
}

/// What stands between the marks, by operation; of equal ones the first.
fn operations(log: &str) -> Vec<(String, Vec<String>)> {
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
    for (name, calls) in &mut operations {
        let did = |call| calls.iter().any(|did| did == call);
        // Judging reads the record, asking does not.
        match name.as_str() {
            "poll" if did("pread") => "poll and judge".clone_into(name),
            "poll" if did("flock") => "poll and ask".clone_into(name),
            _ => {}
        }
    }
    let mut seen = BTreeSet::from(["end".to_owned()]);
    operations.retain(|(name, _)| seen.insert(name.clone()));
    operations
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
                mark("poll");
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
