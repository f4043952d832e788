//! What each clone's configuration says.

use super::git::{self, Scope};
use crate::flags::Wait;
use crate::io::failure::{Failure, TROUBLE};

type Setting = (&'static str, String);

/// What each clone is told: how. Git lets a shell run these, and puts the names of the three files,
/// and what else stands for a percent sign, into them.
///
/// The order matters, since a process can die after each of them, and other installs and uninstalls
/// can run meanwhile. If there is any `merge.agentslock.*`, a git that finds our line in
/// `.gitattributes` wants the driver's command. It ends with 128 if there is none. So the command
/// comes first, and what it refers to before that.
///
/// If the program is missing or fails, git merges, and leaves markers. git must not see the
/// failure. Before 2.44 it takes any status but 0 for a conflict, and the file, our side, for the
/// result. Since then it takes only those up to 128 so; a shell's 127 is one of them.
pub(super) fn settings(program: &str) -> [Setting; 5] {
    let in_driver = program.replace('%', "%%");
    [
        (
            "merge.agentslock-ancestors.driver",
            format!("{in_driver} merge --ancestors --quiet -- %O %A %B || cat %O > %A"),
        ),
        (
            "merge.agentslock.driver",
            format!(
                "{in_driver} merge --marker-size %L --path=%P --labels %S %X %Y -- %O %A %B; s=$?; \
                 [ $s -lt 2 ] && exit $s; echo 'agentslock: merging line by line' >&2; \
                 exec git merge-file --diff3 --marker-size=%L -L ours -L base -L theirs %A %O %B"
            ),
        ),
        // What two branches merged before, each by itself, is merged to be what both began with.
        // Markers would be in the way there. If it fails, what that began with has to do.
        ("merge.agentslock.recursive", "agentslock-ancestors".to_owned()),
        // Without the program, and of what cannot be read so, the text as it is.
        (
            "diff.agentslock.textconv",
            format!(
                "f() {{ {program} diff --textconv -- \"$1\" 2>/dev/null || cat -- \"$1\"; }}; f"
            ),
        ),
        ("merge.agentslock.name", "agentslock: by section and entry".to_owned()),
    ]
}

/// In the order in which they are removed, each at once: what refers to another one before that.
const SECTIONS: [&str; 3] = ["merge.agentslock", "merge.agentslock-ancestors", "diff.agentslock"];

/// Makes those settings that are not as they should be; without `wait`, none. Adds what was done.
pub(super) fn set(
    scope: Scope,
    settings: &[Setting],
    wait: Option<Wait>,
    done: &mut Vec<String>,
) -> Result<(), Failure> {
    for (name, value) in settings {
        // One that is there twice is replaced, too.
        if git::ask(&["config", scope.flag(), "--get-all", name])?.as_ref() == Some(value) {
            continue;
        }
        if let Some(wait) = wait {
            git::configure(scope, &["--replace-all", name, value], wait)?;
        }
        done.push(format!("{}: set {name}", scope.in_words()));
    }
    Ok(())
}

/// Removes all of them; without `wait`, none. Adds what was done.
pub(super) fn unset(
    scope: Scope,
    wait: Option<Wait>,
    done: &mut Vec<String>,
) -> Result<(), Failure> {
    for section in SECTIONS {
        if !is_there(scope, section)? {
            continue;
        }
        if let Some(wait) = wait
            && let Err(failure) = git::configure(scope, &["--remove-section", section], wait)
        {
            // Another one may have removed it meanwhile.
            if is_there(scope, section)? {
                return Err(failure);
            }
        }
        done.push(format!("{}: removed {section}", scope.in_words()));
    }
    Ok(())
}

fn is_there(scope: Scope, section: &str) -> Result<bool, Failure> {
    let pattern = format!("^{}\\.", section.replace('.', "\\."));
    Ok(git::ask(&["config", scope.flag(), "--get-regexp", &pattern])?.is_some())
}

/// What a file says that the configuration includes, or a work tree's own, can count more.
pub(super) fn expect_used(settings: &[Setting]) -> Result<(), Failure> {
    for (name, ours) in settings {
        let used = git::ask(&["config", "--get", name])?.unwrap_or_default();
        if used != *ours {
            let message = format!(
                "all is set up, but git does not use it: another part of its configuration has \
                 `{name}: {used}` (`git config --show-origin --get-all {name}` tells where)"
            );
            return Err(Failure::new(TROUBLE, "git", message));
        }
    }
    Ok(())
}

/// The settings that git does not have as they should be.
pub(super) fn missing(settings: &[Setting]) -> Result<Vec<&'static str>, Failure> {
    let mut missing = Vec::new();
    for (name, ours) in settings {
        if git::ask(&["config", "--get", name])?.as_ref() != Some(ours) {
            missing.push(*name);
        }
    }
    Ok(missing)
}

/// By its name, where that finds this very program; else by its path, quoted for a shell.
pub(super) fn program() -> String {
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
