//! Merging three files, as git asks a driver to.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use agentslock_config::LaterStamp;
use agentslock_core::Fields;
use agentslock_core::merge::{Conflict, Markers, Merged};
use fsops::{AtomicFile, Durability, ReplaceError, Version};

use super::flags::Merge;
use crate::document::describe;
use crate::flags::Common;
use crate::io::failure::{Failure, MERGE_FAILED, NO};
use crate::io::stderr::say;
use crate::io::stdout::{envelope, print, print_envelope, push, push_raw};

pub(super) fn merge(arguments: &Merge, common: &Common) -> Result<ExitCode, Failure> {
    let file = |path: &Option<PathBuf>| path.clone().expect("because clap requires all three");
    let [base, ours, theirs] = [&arguments.base, &arguments.ours, &arguments.theirs].map(file);
    // What the document is called, which is more than what git calls its temporary files.
    let name = arguments.path.as_deref().unwrap_or(&ours);
    let (sides, version) = read(&base, &ours, &theirs).map_err(|failure| failure.about(name))?;
    let (text, merged) = match unopposed(&sides) {
        Some(text) => (text.to_owned(), None),
        None => {
            let merged = merge_documents(name, &sides).map_err(|failure| failure.about(name))?;
            if arguments.ancestors {
                (merged.as_base(), None)
            } else {
                (merged.marked(&markers(arguments)), Some(merged))
            }
        }
    };
    if !arguments.dry_run {
        write(&ours, &version, &text).map_err(|failure| failure.about(name))?;
    }
    let conflicts: Vec<_> = merged.iter().flat_map(Merged::conflicts).collect();
    let dropped = merged.as_ref().is_some_and(Merged::inputs_digest_dropped);
    let printed = if common.json {
        print_envelope(&as_json(arguments, name, &conflicts, dropped, &text))
    } else {
        tell(common, name, &conflicts, dropped);
        if arguments.dry_run { print(&text) } else { Ok(ExitCode::SUCCESS) }
    };
    if let Err(failure) = printed {
        if arguments.dry_run {
            return Err(failure);
        }
        // Ours is written, and git goes by the status: it must be that of the merge.
        say(&failure.message);
    }
    Ok(if conflicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

/// Base, ours and theirs.
type Sides = [Vec<u8>; 3];

/// With the version of ours, which is written over.
fn read(base: &Path, ours: &Path, theirs: &Path) -> Result<(Sides, Version), Failure> {
    let read = |path: &Path| {
        let contents = fsops::read(path)?;
        let missing = || Failure::input(format!("`{}` does not exist", path.display()));
        Ok::<_, Failure>((contents.bytes.ok_or_else(missing)?, contents.version))
    };
    let (base, (ours, version), theirs) = (read(base)?.0, read(ours)?, read(theirs)?.0);
    Ok(([base, ours, theirs], version))
}

/// What one side made of the text, if the other one left it as it is or made the same of it. It
/// need be no document: `git rerere` merges a choice that it remembers into texts with conflict
/// markers.
fn unopposed([base, ours, theirs]: &Sides) -> Option<&str> {
    let text = if base == ours { theirs } else { ours };
    let is_unopposed = base == ours || base == theirs || ours == theirs;
    is_unopposed.then(|| std::str::from_utf8(text).ok())?
}

fn merge_documents(name: &Path, [base, ours, theirs]: &Sides) -> Result<Merged, Failure> {
    agentslock_core::merge::merge(base, ours, theirs, &mut LaterStamp).map_err(|error| {
        Failure::new(MERGE_FAILED, "malformed", format!("`{}`, {error}", name.display()))
    })
}

/// An older git leaves what it does not know as it is; then plain words are better.
fn markers(arguments: &Merge) -> Markers<'_> {
    let mut markers = Markers { size: arguments.marker_size.into(), ..Markers::default() };
    if let [base, ours, theirs] = &*arguments.labels {
        for (label, given) in
            [(&mut markers.base, base), (&mut markers.ours, ours), (&mut markers.theirs, theirs)]
        {
            if !given.is_empty() && !given.starts_with('%') {
                *label = given;
            }
        }
    }
    markers
}

/// Git reads it back at once and writes it where it belongs: only the whole of it matters.
fn write(path: &Path, read: &Version, text: &str) -> Result<(), Failure> {
    let mut file = AtomicFile::replacing(path, read, Durability::Atomic)?;
    file.write_all(text.as_bytes()).map_err(|source| ReplaceError::Io {
        verb: "write the new content of",
        path: path.to_owned(),
        source,
    })?;
    Ok(file.make_ready()?.commit()?)
}

fn tell(common: &Common, name: &Path, conflicts: &[Conflict<'_>], dropped: bool) {
    if common.quiet {
        return;
    }
    let name = name.display();
    for conflict in conflicts {
        say(&format!("{name}: {}", in_words(conflict)));
    }
    if dropped {
        say(&format!(
            "{name}: inputs_digest was changed on both sides, and is dropped; resolve anew"
        ));
    }
    if common.verbose && conflicts.is_empty() {
        say(&format!("{name}: merged"));
    }
}

fn in_words(conflict: &Conflict<'_>) -> String {
    let subject = describe::subject(conflict.section, conflict.entry);
    let what = match (conflict.ours, conflict.theirs) {
        (None, _) => "was removed on our side and changed on theirs",
        (_, None) => "was changed on our side and removed on theirs",
        _ if conflict.base.is_none() => "was added differently on both sides",
        _ => "was changed differently on both sides",
    };
    format!("{subject} {what}")
}

fn as_json(
    arguments: &Merge,
    name: &Path,
    conflicts: &[Conflict<'_>],
    dropped: bool,
    text: &str,
) -> Fields {
    let conflicts: Vec<Fields> = conflicts
        .iter()
        .map(|conflict| {
            let mut fields = Fields::new();
            push(&mut fields, "section", conflict.section);
            if let Some(entry) = conflict.entry {
                push(&mut fields, "entry", entry);
            }
            let sides =
                [("base", conflict.base), ("ours", conflict.ours), ("theirs", conflict.theirs)];
            for (side, value) in sides {
                if let Some(value) = value {
                    push_raw(&mut fields, side, value);
                }
            }
            fields
        })
        .collect();
    let mut fields = envelope(name, conflicts.is_empty());
    push(&mut fields, "conflicts", &conflicts);
    push(&mut fields, "inputs_digest_dropped", &dropped);
    if arguments.dry_run {
        push(&mut fields, "text", text);
    }
    fields
}
