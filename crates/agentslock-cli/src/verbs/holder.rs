//! `holder`: who has a lock, and what will become of it; or freeing it by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use agentslock_core::Fields;
use clap::Args;
use filelock::{BreakError, HolderId, Inspection, Liveness};

use crate::document::find;
use crate::flags::Common;
use crate::io::failure::{Failure, LOCKED, NO, TROUBLE};
use crate::io::stderr::{one_line, say};
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::sys;
use crate::who::{Who, lock_of};

/// Say who holds the lock of FILE, since when, and what happens next; or free it.
///
/// Takes no lock, and changes nothing unless --break is given. --break frees the lock only if
/// HANDLE (printed by this command) still names the current holder. A holder that still runs goes
/// on working, and learns of it when it is about to write.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock holder .agentsrc.lock\n  \
    agentslock holder --all .\n  \
    agentslock holder .agentsrc.lock --break 5a1c09d3\n\n\
    Exit status: 0 the lock is held, or was freed; 1 it is free, or HANDLE is not its holder; 2 it could not \
    be looked at or freed. --until-free: 0 it is free; 75 it is still held after --wait.")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Holder {
    /// The file whose lock it is: `events.ndjson`, not `events.ndjson.lock`; with --all, a
    /// directory
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    target: PathBuf,
    /// List all locks that are held in the directory and below
    #[arg(long, conflicts_with_all = ["handle", "until_free"])]
    all: bool,
    /// Return when the lock is free; waits without end, unless --wait says how long
    #[arg(long, conflicts_with = "handle")]
    until_free: bool,
    /// Free the lock, if HANDLE still names its holder
    #[arg(long = "break", value_name = "HANDLE")]
    handle: Option<String>,
    /// Only say whether the lock would be freed
    #[arg(short = 'n', long, requires = "handle")]
    dry_run: bool,
}

pub(crate) fn holder(arguments: &Holder, common: &Common) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    if !arguments.all {
        refuse_lock(target).map_err(|failure| failure.about(target))?;
    }
    let told = match &arguments.handle {
        Some(handle) => free(arguments, common, handle),
        None if arguments.all => list(target, common),
        None if arguments.until_free => await_free(target, common),
        None => look(target, common),
    };
    told.map_err(|failure| failure.about(target))
}

fn look(target: &Path, common: &Common) -> Result<ExitCode, Failure> {
    let inspection = filelock::inspect(target)?;
    if common.json {
        let mut fields = envelope(target, inspection.is_some());
        push(&mut fields, "held", &inspection.is_some());
        if let Some(inspection) = &inspection {
            push(&mut fields, "holder", &as_json(inspection, target));
        }
        print_envelope(&fields)?;
    } else if !common.quiet {
        match &inspection {
            None => say_free(target)?,
            Some(inspection) => _ = print(&as_text(inspection, target))?,
        }
    }
    Ok(if inspection.is_some() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// A free lock can be that of another file than was meant.
fn say_free(target: &Path) -> Result<(), Failure> {
    let is_there = target.symlink_metadata().is_ok();
    print(if is_there { "free\n" } else { "free (there is no such file)\n" })?;
    let name = target.display();
    if let Some(above) = find::document_above(target) {
        say(&format!("there is no `{name}` here; do you mean `{}`?", above.display()));
    }
    Ok(())
}

/// Somebody who asks about a lock by its own name means the file that it is the lock of. "Free" and
/// "held" would both be the wrong answer.
fn refuse_lock(target: &Path) -> Result<(), Failure> {
    let Some(meant) = meant(target) else { return Ok(()) };
    let (name, meant) = (target.display(), meant.display());
    let message = format!(
        "`{name}` itself is a lock, which is held; nothing was done; ask about its file: `agentslock holder {meant}`"
    );
    Err(Failure::input(message))
}

/// The file that `target` is the lock of, if it is held.
fn meant(target: &Path) -> Option<PathBuf> {
    let name = target.file_name()?.as_encoded_bytes();
    if !name.ends_with(b".lock") {
        return None;
    }
    let meant = target.with_extension("");
    filelock::inspect(&meant).ok()?.map(|_| meant)
}

/// How often to look whether a lock is free.
const LOOK_EVERY: Duration = Duration::from_millis(100);

fn await_free(target: &Path, common: &Common) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    sys::wait_begins();
    while let Some(inspection) = filelock::inspect(target)? {
        let holder = inspection.holder();
        // The next one to want it gets it.
        if matches!(holder.liveness(), Liveness::Dead | Liveness::Expired) {
            break;
        }
        let is_over = common.explicit_wait().is_some_and(|limit| started.elapsed() >= limit);
        if is_over || sys::is_wait_interrupted() {
            let who = Who::of(holder, target);
            let message = format!("`{}` is still locked by {}", target.display(), who.sentence());
            let holder = Some(Box::new(who.as_json()));
            return Err(Failure { holder, ..Failure::new(LOCKED, "locked", message) });
        }
        std::thread::sleep(LOOK_EVERY);
    }
    if common.json {
        let mut fields = envelope(target, true);
        push(&mut fields, "held", &false);
        return print_envelope(&fields);
    }
    Ok(ExitCode::SUCCESS)
}

fn list(directory: &Path, common: &Common) -> Result<ExitCode, Failure> {
    let mut locks = Vec::new();
    for target in targets_below(directory)? {
        // What is no lock of ours, Cargo.lock say, is none here.
        if let Ok(Some(inspection)) = filelock::inspect(&target)
            && is_lock(&target, &inspection)
        {
            locks.push((target, inspection));
        }
    }
    let code = if locks.is_empty() { ExitCode::from(NO) } else { ExitCode::SUCCESS };
    if common.json {
        let mut fields = envelope(directory, !locks.is_empty());
        let as_json = |(target, inspection): &(PathBuf, Inspection)| {
            let mut lock = Fields::new();
            push(&mut lock, "path", &target.to_string_lossy());
            push(&mut lock, "holder", &as_json(inspection, target));
            lock
        };
        push(&mut fields, "locks", &locks.iter().map(as_json).collect::<Vec<_>>());
        print_envelope(&fields)?;
    } else if !common.quiet {
        let line = |(target, inspection): &(PathBuf, Inspection)| {
            let who = Who::of(inspection.holder(), target).brief();
            one_line(&format!("{who}: {}", target.display())) + "\n"
        };
        print(&locks.iter().map(line).collect::<String>())?;
    }
    Ok(code)
}

/// Whether somebody holds it. An empty file of such a name can be anything. A directory without a
/// record keeps others out for as long as it can be one that is just being made.
fn is_lock(target: &Path, inspection: &Inspection) -> bool {
    let holder = inspection.holder();
    match holder.liveness() {
        Liveness::Unreadable | Liveness::Running => true,
        Liveness::Expires { .. } if holder.pid().is_none() => lock_of(target).is_dir(),
        _ => holder.pid().is_some(),
    }
}

/// The files that may be locked: beside whose name there is something with `.lock` after it.
fn targets_below(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::io(&format!("failed to list `{}`", directory.display()), &error);
    let mut targets = Vec::new();
    let mut entries =
        fs::read_dir(directory).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_lock = entry.file_name().as_encoded_bytes().ends_with(b".lock");
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_lock {
            targets.push(path.with_extension(""));
        }
        let record = path.join("holder");
        if is_directory && !(is_lock && record.symlink_metadata().is_ok()) {
            // One that may not be listed has no locks that we could be told of.
            targets.extend(targets_below(&path).unwrap_or_default());
        }
    }
    Ok(targets)
}

fn free(arguments: &Holder, common: &Common, handle: &str) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    let id: HolderId = handle.parse().unwrap_or_else(|never| match never {});
    let found = filelock::inspect(target)?;
    let outcome = if arguments.dry_run {
        predict(found.as_ref(), target, &id)?;
        "would-free"
    } else {
        filelock::break_lock(target, &id).map_err(|error| match error {
            BreakError::Free { .. } => free_already(target),
            BreakError::Changed { .. } => no_such_handle(found.as_ref(), target, &id),
            error => {
                let failure = Failure::from(error);
                Failure { message: failure.message + "; nothing was freed", ..failure }
            }
        })?;
        "freed"
    };
    if common.json {
        let mut fields = envelope(target, true);
        push(&mut fields, "outcome", outcome);
        return print_envelope(&fields);
    }
    if common.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let code = print(if arguments.dry_run { "would be freed\n" } else { "freed\n" })?;
    if let Some(found) = found.filter(|it| matches!(it.holder().liveness(), Liveness::Running)) {
        let pid = found.holder().pid().map_or_else(String::new, |pid| format!(" {pid}"));
        say(&format!(
            "its holder, process{pid}, still runs, and learns of it at its next write or renewal"
        ));
    }
    Ok(code)
}

/// Says what the real thing would say.
fn predict(found: Option<&Inspection>, target: &Path, id: &HolderId) -> Result<(), Failure> {
    let Some(found) = found else { return Err(free_already(target)) };
    if matches!(found.holder().liveness(), Liveness::Unreadable) {
        let who = Who::of(found.holder(), target).sentence();
        let message = format!("the lock of `{}` would not be freed: {who}", target.display());
        return Err(Failure::new(TROUBLE, "io", message));
    }
    if found.holder_id() == id { Ok(()) } else { Err(no_such_handle(Some(found), target, id)) }
}

fn free_already(target: &Path) -> Failure {
    let path = target.display();
    let message = format!(
        "the lock of `{path}` is free: there is nothing to free; look again: `agentslock holder {path}`"
    );
    Failure::new(NO, "free", message)
}

fn no_such_handle(found: Option<&Inspection>, target: &Path, id: &HolderId) -> Failure {
    let path = target.display();
    let held = found.map_or_else(String::new, |found| {
        format!(", it is held by {}", Who::of(found.holder(), target).sentence())
    });
    let message = format!(
        "no such handle: `{id}` does not name the holder of `{path}`{held}; nothing was freed; look again: \
         `agentslock holder {path}`"
    );
    Failure::new(NO, "no-such-handle", message)
}

fn as_text(inspection: &Inspection, target: &Path) -> String {
    let who = Who::of(inspection.holder(), target);
    let mut lines = vec![("holder", who.sentence())];
    lines.extend(who.command().map(|command| ("command", command.to_owned())));
    lines.extend(who.label().map(|label| ("label", label.to_owned())));
    lines.extend(who.user().map(|user| ("user", user)));
    lines.extend(who.since().map(|since| ("since", since.to_string())));
    lines.push(("next", who.next()));
    lines.push(("handle", inspection.holder_id().to_string()));
    let line = |(name, text): &(&str, String)| format!("{name:<8}{}", one_line(text));
    lines.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn as_json(inspection: &Inspection, target: &Path) -> Fields {
    let mut fields = Who::of(inspection.holder(), target).as_json();
    push(&mut fields, "handle", &inspection.holder_id().to_string());
    fields
}
