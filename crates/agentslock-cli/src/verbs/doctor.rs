//! `doctor`: what can be wrong around a document, and which command to type next.

mod left_overs;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use agentslock_core::Fields;
use clap::Args;
use filelock::{Liveness, LockOptions};
use fsops::{AppendError, AppendFile};

use crate::document::find;
use crate::document::in_git::InGit;
use crate::flags::Common;
use crate::io::failure::{Failure, NO, chain};
use crate::io::git_said::{not_run, refusal};
use crate::io::paint::Paint;
use crate::io::stderr::one_line;
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::sys;
use crate::verbs::check::examine;
use crate::verbs::merge::{Attributes, has_our_line};
use crate::who::{Who, lock_of};

/// Examine the document, its lock, its directory and git, and say what to do about what is wrong.
///
/// The document and its lock are only looked at. To see whether locks work in the directory, a lock
/// of its own is made there for a moment.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock doctor\n  agentslock doctor --json\n\n\
    Exit status: 0 nothing is wrong (there can be notes); 1 something is; 2 it could not be examined.")]
pub(crate) struct Doctor {
    /// The file; without it, the document
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    target: Option<PathBuf>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// Worth knowing.
    Note,
    Wrong,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at.
struct Row {
    topic: &'static str,
    state: State,
    message: String,
    /// What to type.
    next: Option<String>,
}

fn good(topic: &'static str, message: impl Into<String>) -> Row {
    Row { topic, state: State::Good, message: message.into(), next: None }
}

fn bad(topic: &'static str, state: State, message: impl Into<String>, next: String) -> Row {
    Row { topic, state, message: message.into(), next: Some(next) }
}

pub(crate) fn doctor(arguments: &Doctor, common: &Common) -> Result<ExitCode, Failure> {
    let is_document = arguments.target.is_none();
    let found = arguments.target.clone().map_or_else(|| find::to_read(common), Ok);
    let mut rows = Vec::new();
    let path = match found {
        Ok(path) => path,
        Err(failure) if ["absent", "left-out"].contains(&failure.kind) => {
            let path = failure.path.unwrap_or_else(|| PathBuf::from(".agentsrc.lock"));
            let next = what_makes_it(&path);
            rows.push(bad("document", State::Wrong, failure.message, next));
            path
        }
        Err(failure) => return Err(failure),
    };
    if is_document && rows.is_empty() {
        rows.extend(document(&path));
    } else if !is_document {
        rows.push(file(&path));
    }
    rows.push(lock(&path));
    rows.push(directory(&path));
    rows.extend(exclusive_rename(&path));
    rows.extend(room(&path));
    rows.extend(left_overs(&path));
    if is_document {
        rows.extend(git(&path));
    }
    tell(&path, &rows, common)
}

/// What to type for a document that is missing.
fn what_makes_it(path: &Path) -> String {
    let in_git = InGit::of(path).map(|in_git| in_git.command(path));
    in_git.unwrap_or_else(|| "agentslock init".to_owned())
}

fn document(path: &Path) -> Vec<Row> {
    let bytes = match fsops::read(path) {
        Ok(contents) => contents.bytes,
        Err(error) => {
            let next = format!("ls -l {}", path.display());
            return vec![bad("document", State::Wrong, chain(&error), next)];
        }
    };
    let Some(bytes) = bytes else {
        let message = format!("`{}` does not exist", path.display());
        return vec![bad("document", State::Wrong, message, what_makes_it(path))];
    };
    let findings = examine(&bytes);
    if findings.is_empty() {
        return vec![good("document", "valid, of a known version, in standard layout")];
    }
    let row =
        |(code, (line, column), message, is_fixable): (&str, (usize, usize), String, bool)| {
            let next = match code {
                _ if is_fixable => "agentslock check --fix".to_owned(),
                "conflict" => "agentslock check --fix --take ours (or theirs)".to_owned(),
                "malformed" | "cut-off" => {
                    format!("git checkout -- {} (or mend it)", path.display())
                }
                "later-version" => "update agentslock".to_owned(),
                _ => "agentslock check".to_owned(),
            };
            bad("document", State::Wrong, format!("line {line}, column {column}: {message}"), next)
        };
    findings.into_iter().map(row).collect()
}

/// A file that is locked, and perhaps appended to.
fn file(path: &Path) -> Row {
    let next = format!("ls -ld {}", path.display());
    match AppendFile::open_to_read(path) {
        Ok(Some(_)) => good("file", "a regular file"),
        Ok(None) => good("file", "there is none yet"),
        // Whatever has a name can have a lock.
        Err(AppendError::NotAFile { kind, .. }) => {
            let message = format!("it is {kind}: it can be locked, but not appended to");
            bad("file", State::Note, message, next)
        }
        Err(error) => bad("file", State::Wrong, chain(&error), next),
    }
}

fn lock(path: &Path) -> Row {
    let next = format!("agentslock holder {}", path.display());
    match filelock::inspect(path) {
        Ok(None) => good("lock", "free"),
        Ok(Some(inspection)) => {
            let who = Who::of(inspection.holder(), path).sentence();
            let state = match inspection.holder().liveness() {
                Liveness::Unreadable | Liveness::Unknown(_) => State::Wrong,
                _ => State::Note,
            };
            bad("lock", state, format!("held by {who}"), next)
        }
        Err(error) => bad("lock", State::Wrong, Failure::from(error).message, next),
    }
}

/// Whether a lock can be made beside the file, and whether the kernel vouches for it.
fn directory(path: &Path) -> Row {
    let directory = directory_of(path);
    let next = format!("ls -ld {}", directory.display());
    let probe = directory.join(format!(".agentslock-doctor-{}", std::process::id()));
    match LockOptions::new().timeout(Duration::ZERO).acquire(probe) {
        Ok(guard) => {
            let is_kernel_backed = guard.is_kernel_backed();
            let _ = guard.release();
            if is_kernel_backed {
                good("directory", "locks can be made, and the kernel vouches for their holders")
            } else {
                let message = "on this file system only time tells whether a holder lives: a dead one is \
                               replaced after 30 s";
                let next = format!("stat -f {} (see docs/protocol.md)", directory.display());
                bad("directory", State::Note, message, next)
            }
        }
        Err(error) => {
            let failure = Failure::from(error);
            let next = failure.errno.and_then(|errno| sys::look(errno, path)).unwrap_or(next);
            let message = format!("no lock can be made: {}", failure.message);
            bad("directory", State::Wrong, message, next)
        }
    }
}

/// Where a lock comes from: whole, by one rename, or made in place.
fn exclusive_rename(path: &Path) -> Option<Row> {
    let directory = directory_of(path);
    // What keeps it from being tried is another row's.
    if sys::has_exclusive_rename(directory).ok()?? {
        return Some(good("exclusive rename", "a lock appears whole, with its record"));
    }
    let message = "this file system has none: a lock is made in place, and one that died while it \
                   was being made blocks for two seconds";
    let next = format!("stat -f {} (see docs/platforms.md)", directory.display());
    Some(bad("exclusive rename", State::Note, message, next))
}

/// What a lock and a small document take.
const LEAST_ROOM: u64 = 64 * 1024;

/// Whether there is room for a lock, and for another version of the document.
fn room(path: &Path) -> Option<Row> {
    let directory = directory_of(path);
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let room = sys::room(directory).ok()??;
    if room.files.is_some_and(|files| files < 4) {
        let next = format!("df -i {}", directory.display());
        let message = "the disk has no room for another file: no lock can be made";
        return Some(bad("disk", State::Wrong, message, next));
    }
    if room.bytes < LEAST_ROOM.saturating_add(size) {
        let left = room.bytes / 1024;
        let message = if room.bytes < LEAST_ROOM {
            format!("the disk is full: {left} KiB are left")
        } else {
            let size = size / 1024;
            format!(
                "{left} KiB are left: too little for another version of `{}`, which has {size} KiB",
                path.display()
            )
        };
        let next = format!("df -h {}", directory.display());
        return Some(bad("disk", State::Wrong, message, next));
    }
    Some(good("disk", format!("{} MiB are left", room.bytes / (1024 * 1024))))
}

fn directory_of(path: &Path) -> &Path {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    directory.unwrap_or(Path::new("."))
}

/// What killed writers left.
fn left_overs(path: &Path) -> Option<Row> {
    let names = left_overs::names(path);
    if names.is_empty() {
        return None;
    }
    let at = |name: &String| path.with_file_name(name).display().to_string();
    let next = format!("ls -ld {}", names.iter().map(at).collect::<Vec<_>>().join(" "));
    let message = format!(
        "left over by killed writers, or in use by running ones: {} (ours are removed by later writers)",
        names.join(", ")
    );
    Some(bad("left-overs", State::Note, message, next))
}

/// What git makes of the document. Nothing, outside of repositories.
fn git(path: &Path) -> Vec<Row> {
    let directory = directory_of(path);
    let run = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(directory).args(arguments).env("LC_ALL", "C").output()
    };
    let ask = |arguments: &[&str]| {
        let output = run(arguments).ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    let refused = match run(&["rev-parse", "--is-inside-work-tree"]) {
        Err(error) => Some(not_run(&error)),
        Ok(output) if output.stdout.starts_with(b"true") => None,
        Ok(output) => match refusal(&output.stderr) {
            None => return Vec::new(),
            refused => refused,
        },
    };
    if let Some(Failure { message, .. }) = refused {
        let next = format!("git -C {} status", directory.display());
        return vec![bad("git", State::Note, message, next)];
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lock = lock_of(Path::new(&name)).join("holder").to_string_lossy().into_owned();
    let is_ignored =
        |name: &str| ask(&["check-ignore", "--quiet", "--no-index", "--", name]).is_some();
    let mut rows = Vec::new();
    rows.push(if is_ignored(&name) {
        let next = format!("git check-ignore -v {name}");
        bad("git", State::Wrong, "git ignores the document: no commit will have it", next)
    } else {
        good("git", "the document is not ignored")
    });
    rows.push(if is_ignored(&lock) {
        good("ignore lines", "locks stay out of commits")
    } else {
        let next = "agentslock merge --install --ignore".to_owned();
        bad("ignore lines", State::Note, "`git add -A` would commit a held lock", next)
    });
    let driver = ask(&["config", "--get", "merge.agentslock.driver"]);
    let Ok(attributes) = Attributes::of(path) else { return rows };
    let next = format!("git check-attr --all -- {}", path.display());
    rows.push(if attributes.names_our_driver() && driver.is_some() {
        good("merge driver", "git merges the document by section and entry")
    } else if attributes.names_our_driver() {
        let message = "this clone has no configuration for it: git merges line by line";
        bad("merge driver", State::Note, message, "agentslock merge --install".to_owned())
    } else {
        let merging = attributes.merging(driver.is_some());
        let message = format!("not installed: git merges the document {merging}");
        let top_level = ask(&["rev-parse", "--show-toplevel"]).unwrap_or_default();
        // Against lines that count more, another installation does nothing.
        let next = if driver.is_some() && has_our_line(Path::new(&top_level)) {
            next.clone()
        } else {
            "agentslock merge --install".to_owned()
        };
        bad("merge driver", State::Note, message, next)
    });
    for (name, value) in attributes.changing() {
        let message = format!("git changes the document in each checkout: `{name}` is `{value}`");
        rows.push(bad("attributes", State::Wrong, message, next.clone()));
    }
    rows
}

fn tell(path: &Path, rows: &[Row], common: &Common) -> Result<ExitCode, Failure> {
    let is_good = rows.iter().all(|row| row.state != State::Wrong);
    if common.json {
        let mut fields = envelope(path, is_good);
        let as_json = |row: &Row| {
            let mut fields = Fields::new();
            push(&mut fields, "topic", row.topic);
            push(&mut fields, "state", row.state.as_str());
            push(&mut fields, "message", &row.message);
            if let Some(next) = &row.next {
                push(&mut fields, "next", next);
            }
            fields
        };
        push(&mut fields, "rows", &rows.iter().map(as_json).collect::<Vec<_>>());
        print_envelope(&fields)?;
    } else {
        let paint = Paint::on_stdout(common.color());
        let mut text = String::new();
        for row in rows.iter().filter(|row| !common.quiet || row.state == State::Wrong) {
            let state = format!("{:<6}", row.state.as_str());
            let state = if row.state == State::Wrong { paint.problem(&state) } else { state };
            text += &(state + &one_line(&format!("{}: {}", row.topic, row.message)) + "\n");
            if let Some(next) = &row.next {
                text += &one_line(&format!("      next: {next}"));
                text += "\n";
            }
        }
        print(&text)?;
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}
