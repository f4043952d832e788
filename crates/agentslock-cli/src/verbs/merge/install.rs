//! Setting git up to merge and show documents, and undoing that.

use std::path::Path;
use std::process::ExitCode;

use super::flags::Merge;
use super::git;
use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::stdout::{envelope, print, print_envelope, push};

/// What is committed: which files it is about. A name without a slash goes for all directories. All
/// writers end lines alike, whatever `core.autocrlf` says.
const ATTRIBUTES: &str = ".agentsrc.lock merge=agentslock diff=agentslock text eol=lf";
/// What earlier versions wrote.
const FORMER: &str = ".agentsrc.lock merge=agentslock diff=agentslock";
const COMMENT: &str =
    "# Merged and shown by agentslock; once in each clone: agentslock merge --install";

/// What each clone is told: how. Git lets a shell run these, and puts the names of the three files, and
/// what else stands for a percent sign, into them.
///
/// Where the program is not there, or fails, the merge is left to git, which leaves markers. It must not
/// get the failure: before 2.44, git takes any status but 0 for a conflict, and what is in the file, our
/// side, for the result; since then, only those up to 128, to which a shell's 127 belongs.
fn settings(program: &str) -> [(&'static str, String); 5] {
    let in_driver = program.replace('%', "%%");
    [
        ("merge.agentslock.name", "agentslock: by section and entry".to_owned()),
        (
            "merge.agentslock.driver",
            format!(
                "{in_driver} merge --marker-size %L --path=%P --labels %S %X %Y -- %O %A %B; s=$?; \
                 [ $s -lt 2 ] && exit $s; echo 'agentslock: merging line by line' >&2; \
                 exec git merge-file --diff3 --marker-size=%L -L ours -L base -L theirs %A %O %B"
            ),
        ),
        // What two branches merged before, each by itself, is merged to be what both began with. Markers
        // would be in the way there. If it fails, what that began with has to do.
        ("merge.agentslock.recursive", "agentslock-ancestors".to_owned()),
        (
            "merge.agentslock-ancestors.driver",
            format!("{in_driver} merge --ancestors --quiet -- %O %A %B || cat %O > %A"),
        ),
        // Without the program, and of what cannot be read so, the text as it is.
        (
            "diff.agentslock.textconv",
            format!(
                "f() {{ {program} diff --textconv -- \"$1\" 2>/dev/null || cat -- \"$1\"; }}; f"
            ),
        ),
    ]
}

const SECTIONS: [&str; 3] = ["merge.agentslock", "merge.agentslock-ancestors", "diff.agentslock"];

pub(super) fn install(arguments: &Merge, common: &Common) -> Result<ExitCode, Failure> {
    let top_level = git::top_level()?;
    let attributes = top_level.join(".gitattributes");
    let before = fsops::read(&attributes)?.bytes.unwrap_or_default();
    let mut done = Vec::new();
    if arguments.install {
        if let Some(after) = with_attributes(&before) {
            done.push(format!("`{}`: added `{ATTRIBUTES}`", attributes.display()));
            write(arguments, &attributes, &after)?;
        }
        for (name, value) in settings(&program()) {
            if git::ask(&["config", "--local", "--get", name])?.as_ref() != Some(&value) {
                if !arguments.dry_run {
                    // One that is there twice, too.
                    git::tell(&["config", "--local", "--replace-all", name, &value])?;
                }
                done.push(format!("this clone's configuration: set {name}"));
            }
        }
        if !arguments.dry_run {
            expect_used(&top_level, &settings(&program()))?;
        }
    } else {
        if let Some(after) = without_attributes(&before) {
            done.push(format!("`{}`: removed `{ATTRIBUTES}`", attributes.display()));
            write(arguments, &attributes, &after)?;
        }
        for section in SECTIONS {
            let pattern = format!("^{}\\.", section.replace('.', "\\."));
            if git::ask(&["config", "--local", "--get-regexp", &pattern])?.is_some() {
                if !arguments.dry_run {
                    git::tell(&["config", "--local", "--remove-section", section])?;
                }
                done.push(format!("this clone's configuration: removed {section}"));
            }
        }
    }
    tell(arguments, common, &attributes, &done)
}

/// Git follows no link to attributes, and what other lines say can count more. So can what a file says that
/// the configuration includes, or a work tree's own.
fn expect_used(top_level: &Path, settings: &[(&str, String)]) -> Result<(), Failure> {
    for (name, ours) in settings {
        let used = git::ask(&["config", "--get", name])?.unwrap_or_default();
        if used != *ours {
            let message = format!(
                "all is set up, but git does not use it: another part of its configuration has \
                 `{name}: {used}` (`git config --show-origin --get-all {name}` tells where)"
            );
            return Err(Failure::new(crate::io::failure::TROUBLE, "git", message));
        }
    }
    let driver = git::merge_attribute(&top_level.join(".agentsrc.lock"))?;
    if driver == "agentslock" {
        return Ok(());
    }
    let message = format!(
        "all is set up, but git does not use it: for `.agentsrc.lock` it has `merge: {driver}`; \
         `.gitattributes` must not be a symbolic link, and no later line, nor \
         `.git/info/attributes`, may say otherwise"
    );
    Err(Failure::new(crate::io::failure::TROUBLE, "git", message))
}

fn tell(
    arguments: &Merge,
    common: &Common,
    attributes: &Path,
    done: &[String],
) -> Result<ExitCode, Failure> {
    if common.json {
        let mut fields = envelope(attributes, true);
        push(&mut fields, if arguments.dry_run { "would_do" } else { "done" }, done);
        return print_envelope(&fields);
    }
    if common.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    let would = if arguments.dry_run { "would be done: " } else { "" };
    let mut text = String::new();
    for line in done {
        text.extend([would, line, "\n"]);
    }
    if done.is_empty() {
        text += "nothing to do\n";
    } else if arguments.install {
        text += "Commit .gitattributes. The configuration is this clone's alone: each other clone needs \
                 `agentslock merge --install`, too, and merges line by line without it.\n";
    } else {
        text +=
            "Commit .gitattributes; the configuration of other clones does nothing without it.\n";
    }
    print(&text)
}

/// With our lines at the end, former ones replaced; `None` if they are there.
fn with_attributes(before: &[u8]) -> Option<Vec<u8>> {
    if lines(before).any(|line| line == ATTRIBUTES.as_bytes()) {
        return None;
    }
    let mut after = without_attributes(before).unwrap_or_else(|| before.to_owned());
    if !after.is_empty() && !after.ends_with(b"\n") {
        after.push(b'\n');
    }
    after.extend_from_slice(format!("{COMMENT}\n{ATTRIBUTES}\n").as_bytes());
    Some(after)
}

/// Without our lines; `None` if they are not there.
fn without_attributes(before: &[u8]) -> Option<Vec<u8>> {
    let is_ours = |line: &[u8]| {
        let line = line.trim_ascii_end();
        [ATTRIBUTES, FORMER, COMMENT].iter().any(|ours| line == ours.as_bytes())
    };
    let after: Vec<u8> = before
        .split_inclusive(|byte| *byte == b'\n')
        .filter(|line| !is_ours(line))
        .flatten()
        .copied()
        .collect();
    (after != before).then_some(after)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

/// A file without lines is removed: we made it.
fn write(arguments: &Merge, path: &Path, after: &[u8]) -> Result<(), Failure> {
    if arguments.dry_run {
        return Ok(());
    }
    if after.is_empty() {
        return std::fs::remove_file(path).map_err(|error| {
            Failure::io(&format!("failed to remove `{}`", path.display()), &error)
        });
    }
    Ok(fsops::write_atomic(path, after)?)
}

/// By its name, where that finds this very program; else by its path, quoted for a shell.
fn program() -> String {
    let name = "agentslock";
    let Ok(here) = std::env::current_exe().and_then(|path| path.canonicalize()) else {
        return name.to_owned();
    };
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&directories)
        .map(|directory| directory.join(name).with_extension(std::env::consts::EXE_EXTENSION))
        .filter(|path| path.is_file());
    if found.next().and_then(|path| path.canonicalize().ok()).as_ref() == Some(&here) {
        return name.to_owned();
    }
    let path = here.to_string_lossy().replace('\'', "'\\''");
    format!("'{path}'")
}
