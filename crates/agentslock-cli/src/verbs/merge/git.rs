//! Asking git.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crate::flags::Wait;
use crate::io::failure::{Failure, LOCKED, TROUBLE};
use crate::sys;

/// Between two looks. Git holds its locks for some milliseconds.
const PAUSE: Duration = Duration::from_millis(20);

/// What git prints, without the line's end; `None` if it exits with a status other than 0.
pub(super) fn ask(arguments: &[&str]) -> Result<Option<String>, Failure> {
    let output = run(arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).trim_end_matches(['\r', '\n']).to_owned();
    Ok(output.status.success().then_some(text))
}

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One clone's, with all of its worktrees.
    Clone,
    /// A user's, for all repositories.
    User,
}

impl Scope {
    /// For git config.
    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Clone => "--local",
            Self::User => "--global",
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Clone => "this clone's configuration",
            Self::User => "your configuration of git",
        }
    }
}

/// Changes a configuration. While another git has it locked, waits and tries again: all worktrees
/// of a clone share one configuration, and git itself gives up at once.
pub(super) fn configure(scope: Scope, arguments: &[&str], wait: Wait) -> Result<(), Failure> {
    let arguments = [&["config", scope.flag()], arguments].concat();
    let started = Instant::now();
    loop {
        // In English, since what it says is all that tells one failure from another.
        let output = command(&arguments).env("LC_ALL", "C").output();
        let output = output.map_err(|error| not_run(&error))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if !is_locked(&said) {
            return Err(failed(&arguments, &said));
        }
        if is_over(started, wait) {
            return Err(still_locked(scope, &said, started));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether a wait is over: its time, or since a signal ended it.
fn is_over(started: Instant, Wait(limit): Wait) -> bool {
    sys::is_wait_interrupted() || limit.is_some_and(|limit| started.elapsed() >= limit)
}

/// Whether another git has the configuration locked. Of some commands, git does not say why it
/// could not lock; a wait for what never comes then ends with the same error.
fn is_locked(said: &str) -> bool {
    said.lines().any(|line| {
        let why = line.split_once("could not lock config file").map(|(_, why)| why);
        why.is_some_and(|why| why.ends_with(": File exists") || !why.contains(": "))
    })
}

fn still_locked(scope: Scope, said: &str, since: Instant) -> Failure {
    let config = match scope {
        Scope::Clone => ask(&["rev-parse", "--git-path", "config"]).ok().flatten(),
        Scope::User => std::env::var("GIT_CONFIG_GLOBAL").ok(),
    };
    let lock = match (config, scope) {
        (Some(config), _) => config + ".lock",
        (None, Scope::Clone) => "config.lock".to_owned(),
        (None, Scope::User) => "~/.gitconfig.lock".to_owned(),
    };
    let whose = scope.in_words();
    let message = format!(
        "another git has {whose} locked for {:.1} s: {}. If no git is running, one was killed: \
         remove `{lock}`. Then run this again: what is set up so far does no harm",
        since.elapsed().as_secs_f64(),
        said.trim()
    );
    Failure::new(LOCKED, "locked", message)
}

/// Waits until no git is changing the files of the checkout at `top_level`. git removes a file for
/// a moment before it writes another version of it.
pub(super) fn await_checkout(wait: Wait) -> Result<(), Failure> {
    let Some(lock) = ask(&["rev-parse", "--git-path", "index.lock"])? else { return Ok(()) };
    let started = Instant::now();
    while Path::new(&lock).symlink_metadata().is_ok() {
        if is_over(started, wait) {
            let message = format!(
                "git has been changing this checkout for {:.1} s. If no git is running, a killed one left this: remove \
                 `{lock}`. Then run this again",
                started.elapsed().as_secs_f64()
            );
            return Err(Failure::new(LOCKED, "locked", message));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// What the index has at `path`; `None` if it has nothing there.
pub(super) fn in_index(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let options = ["ls-files", "--stage", "-z", "--"].map(OsStr::new);
    let output = succeed(options.into_iter().chain([path.as_os_str()]))?;
    // Mode, object, stage; a tab; the name; a zero byte.
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(entry) = text.split('\0').next().filter(|entry| !entry.is_empty()) else {
        return Ok(None);
    };
    match *entry.split(['\t', ' ']).take(3).collect::<Vec<_>>() {
        [mode, object, "0"] if mode.starts_with("100") => {
            Ok(Some(succeed(["cat-file", "blob", object])?.stdout))
        }
        [_, _, "0"] => Err(refused(path, "is a symbolic link or a submodule in git's index")),
        _ => Err(refused(path, "is in conflict; resolve that first")),
    }
}

/// Whether git's index has the file, and the checkout leaves it out: its mark is `S`, skip-worktree
/// (git-ls-files(1)).
pub(super) fn is_left_out(path: &Path) -> Result<bool, Failure> {
    let options = ["ls-files", "-t", "--"].map(OsStr::new);
    let output = succeed(options.into_iter().chain([path.as_os_str()]))?;
    Ok(output.stdout.starts_with(b"S "))
}

pub(super) fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(TROUBLE, "git", format!("`{}` {why}; nothing was written", path.display()))
}

/// The top of the repository's files, as the operating system spells it.
pub(super) fn top_level() -> Result<PathBuf, Failure> {
    let output = run(["rev-parse", "--show-toplevel"])?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().next().unwrap_or_default();
        let message = format!("there is no git repository with files here: {why}");
        return Err(Failure::new(TROUBLE, "git", message));
    }
    Ok(path(output))
}

/// Where git keeps what this clone ignores, for all of its worktrees.
pub(super) fn exclude_file() -> Result<PathBuf, Failure> {
    let options = ["rev-parse", "--path-format=absolute", "--git-path", "info/exclude"];
    Ok(path(succeed(options)?))
}

/// Where git looks for a user's attributes (gitattributes(5)).
pub(super) fn user_attributes() -> Result<PathBuf, Failure> {
    let options = ["config", "--global", "--type=path", "--get", "core.attributesFile"];
    if let Some(path) = ask(&options)?.filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let variable = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let home = || variable("HOME").map(|home| home.join(".config"));
    let config = variable("XDG_CONFIG_HOME").or_else(home);
    config.map(|config| config.join("git/attributes")).ok_or_else(|| {
        let message = "neither HOME nor XDG_CONFIG_HOME is set, so that there is no place for \
                       attributes; nothing was written; set HOME, or \
                       `git config --global core.attributesFile PATH`";
        Failure::new(TROUBLE, "git", message)
    })
}

/// What git's attributes say of the very path `file`: a value, or `unspecified`, `set` or `unset`.
pub(super) fn attributes<const N: usize>(
    file: &Path,
    names: [&str; N],
) -> Result<[String; N], Failure> {
    let name = file.file_name().unwrap_or(file.as_os_str());
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).as_os_str();
    let options = [OsStr::new("-C"), directory, OsStr::new("check-attr"), OsStr::new("-z")];
    let names = names.iter().map(OsStr::new).chain([OsStr::new("--"), name]);
    let output = succeed(options.into_iter().chain(names))?;
    // For each: the file, the attribute, its value, each ended by a zero byte.
    let mut fields = output.stdout.split(|byte| *byte == 0).skip(2).step_by(3);
    Ok(std::array::from_fn(|_| {
        String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned()
    }))
}

/// Whether git would leave `file` out of a commit, if it is there.
pub(super) fn is_ignored(file: &Path) -> Result<bool, Failure> {
    let options = ["check-ignore", "--quiet", "--no-index", "--"].map(OsStr::new);
    Ok(run(options.into_iter().chain([file.as_os_str()]))?.status.success())
}

fn path(output: Output) -> PathBuf {
    let mut path = output.stdout;
    while path.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        path.pop();
    }
    sys::path_from_bytes(path)
}

fn succeed<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Output, Failure> {
    let arguments: Vec<A> = arguments.into_iter().collect();
    let output = run(&arguments)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(failed(&arguments, &String::from_utf8_lossy(&output.stderr)))
}

fn failed(arguments: &[impl AsRef<OsStr>], said: &str) -> Failure {
    let arguments: Vec<_> = arguments.iter().map(|it| it.as_ref().to_string_lossy()).collect();
    let message = format!("`git {}` failed: {}", arguments.join(" "), said.trim());
    Failure::new(TROUBLE, "git", message)
}

fn run(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Result<Output, Failure> {
    command(arguments).output().map_err(|error| not_run(&error))
}

fn command(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Command {
    let mut command = Command::new("git");
    command.args(arguments);
    command
}

fn not_run(error: &std::io::Error) -> Failure {
    Failure::io("failed to run `git`", error)
}
