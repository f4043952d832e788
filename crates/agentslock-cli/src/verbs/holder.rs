//! `holder`: who has a lock, and what will become of it; or freeing it by hand.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_core::{Fields, Timestamp};
use clap::Args;
use filelock::{HolderId, Inspection, Liveness};

use crate::flags::Common;
use crate::io::failure::{Failure, NO};
use crate::io::stderr::{one_line, say};
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::sys;

/// Tell who holds the lock of FILE, since when, and what will become of it; or free it.
///
/// Takes no lock, and changes nothing unless --break is given. That frees the lock only if it still is
/// held as HANDLE says, which this verb prints: not if it has changed hands meanwhile. A holder that is
/// alive goes on working, and learns of it when it is about to write.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  agentslock holder .agentsrc.lock\n  \
    agentslock holder .agentsrc.lock --break 5a1c09d3\n\n\
    Exit status: 0 the lock is held, or was freed; 1 it is free, or has changed hands; 2 it could not be \
    looked at or freed.")]
pub(crate) struct Holder {
    /// The file whose lock it is: `events.ndjson`, not `events.ndjson.lock`
    #[arg(value_name = "FILE")]
    target: PathBuf,
    /// Free the lock, if HANDLE still names its holder
    #[arg(long = "break", value_name = "HANDLE")]
    handle: Option<String>,
    /// Only say whether the lock would be freed
    #[arg(short = 'n', long, requires = "handle")]
    dry_run: bool,
}

pub(crate) fn holder(arguments: &Holder, common: &Common) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    let told = match &arguments.handle {
        Some(handle) => {
            free(arguments, common, &handle.parse().unwrap_or_else(|never| match never {}))
        }
        None => look(arguments, common),
    };
    told.map_err(|failure| failure.about(target))
}

fn look(arguments: &Holder, common: &Common) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    let inspection = filelock::inspect(target)?;
    if common.json {
        let mut fields = envelope(target, inspection.is_some());
        push(&mut fields, "held", &inspection.is_some());
        if let Some(inspection) = &inspection {
            push(&mut fields, "holder", &as_json(inspection));
        }
        print_envelope(&fields)?;
    } else if !common.quiet {
        let text = match &inspection {
            None => "free\n".to_owned(),
            Some(inspection) => as_text(inspection),
        };
        print(&text)?;
        if inspection.is_none()
            && let Some(meant) = meant(target)
        {
            say(&format!(
                "`{}` itself is a lock; ask about `{}`",
                target.display(),
                meant.display()
            ));
        }
    }
    Ok(if inspection.is_some() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// Somebody who asks about a lock by its own name means the file that it is the lock of.
fn meant(target: &Path) -> Option<PathBuf> {
    let name = target.file_name()?.as_encoded_bytes();
    if !name.ends_with(b".lock") {
        return None;
    }
    let meant = target.with_extension("");
    filelock::inspect(&meant).ok()?.map(|_| meant)
}

fn free(arguments: &Holder, common: &Common, handle: &HolderId) -> Result<ExitCode, Failure> {
    let target = &arguments.target;
    let outcome = if arguments.dry_run {
        match filelock::inspect(target)? {
            None => return Err(nothing_to_free("free", "the lock is free")),
            Some(inspection) if inspection.holder_id() != handle => {
                return Err(nothing_to_free(
                    "no-such-handle",
                    "the lock is not held as the handle says; look again",
                ));
            }
            Some(_) => "would-free",
        }
    } else {
        filelock::break_lock(target, handle)?;
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
    print(if arguments.dry_run { "would be freed\n" } else { "freed\n" })
}

fn nothing_to_free(kind: &'static str, why: &str) -> Failure {
    Failure::new(NO, kind, why)
}

fn as_text(inspection: &Inspection) -> String {
    let holder = inspection.holder();
    let mut lines = vec![("holder", holder.to_string())];
    if let Some(command) = command(inspection) {
        lines.push(("command", command));
    }
    if let Some(since) = since(inspection) {
        lines.push(("since", since.to_string()));
    }
    lines.push(("next", next(inspection)));
    lines.push(("handle", inspection.holder_id().to_string()));
    let line = |(name, text): &(&str, String)| format!("{name:<8}{}", one_line(text));
    lines.iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn as_json(inspection: &Inspection) -> Fields {
    let holder = inspection.holder();
    let mut fields = Fields::new();
    if let Some(pid) = holder.pid() {
        push(&mut fields, "pid", &pid);
    }
    if let Some(command) = command(inspection) {
        push(&mut fields, "command", &command);
    }
    if let Some(since) = since(inspection) {
        push(&mut fields, "since", since.as_str());
    }
    if let Some(age) = holder.age() {
        push(&mut fields, "age_seconds", &age.as_secs_f64());
    }
    if let Some(user) = holder.user() {
        push(&mut fields, "user", &user);
    }
    let verdict = match holder.liveness() {
        Liveness::Running => "alive",
        Liveness::Dead => "dead",
        Liveness::Expires { within } => {
            push(&mut fields, "expires_in_seconds", &within.as_secs_f64());
            "expires"
        }
        Liveness::Expired => "expired",
        Liveness::Unreadable => "unreadable",
        _ => "unknown",
    };
    push(&mut fields, "verdict", verdict);
    push(&mut fields, "next", &next(inspection));
    push(&mut fields, "handle", &inspection.holder_id().to_string());
    fields
}

fn since(inspection: &Inspection) -> Option<Timestamp> {
    Timestamp::from_system_time(inspection.holder().since()?).ok()
}

/// The command that the holder's process runs, if that process is one of this machine: only then the
/// kernel vouches for it.
fn command(inspection: &Inspection) -> Option<String> {
    let holder = inspection.holder();
    let is_here = matches!(holder.liveness(), Liveness::Running);
    holder.pid().filter(|_| is_here).and_then(sys::command_name)
}

/// What will happen to the lock.
fn next(inspection: &Inspection) -> String {
    match inspection.holder().liveness() {
        Liveness::Running => {
            "whoever wants the lock waits until it is released, or its holder ends"
        }
        Liveness::Dead => "whoever wants the lock next gets it at once",
        Liveness::Expires { .. } => {
            "whoever wants the lock waits until it is released, or expires without being renewed"
        }
        Liveness::Expired => "whoever wants the lock next gets it",
        _ => "whoever wants the lock waits until it is released",
    }
    .to_owned()
}
