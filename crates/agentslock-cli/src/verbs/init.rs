//! `init`: all that a repository needs once; and taking it back.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Args;
use fsops::{AtomicFile, Durability, ReplaceError, Version};
use lockedfile::left_out;

use crate::flags::Common;
use crate::io::failure::Failure;
use crate::io::git_said::{not_run, refusal};
use crate::io::stdout::{envelope, print, print_envelope, push};
use crate::verbs::merge::{Done, IgnoreFile, Scope, Setup, SharedFile};

/// Set a repository up: a first document, ignore lines, the merge driver, a pre-commit hook.
///
/// Without a flag that says what, each is asked for on the terminal. What is there already stays.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  agentslock init\n  agentslock init --all\n  agentslock init --undo --all\n\n\
    Exit status: 0 set up, or nothing to do; 2 a step failed, or there is another hook; \
    the steps before it are done."
)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Init {
    /// All of it
    #[arg(long)]
    all: bool,
    /// A document without sections, here, if there is none
    #[arg(id = "first_document", long = "document")]
    document: bool,
    /// Lines in .gitignore that keep locks out of commits
    #[arg(long)]
    ignore: bool,
    /// Let git merge and show documents with this program
    #[arg(long)]
    driver: bool,
    /// A pre-commit hook that checks the document as it will be committed, if there is no hook
    #[arg(long)]
    hook: bool,
    /// Take back what is named
    #[arg(long)]
    undo: bool,
    /// Write nothing; print what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
}

const DOCUMENT: &str = ".agentsrc.lock";
/// As all writers lay out a document without sections.
const EMPTY: &str = "{\n  \"lock_version\": 1\n}\n";
const HOOK: &str = "#!/bin/sh\n\
    # Made by `agentslock init`. Only if the document is part of the commit, and as it will be committed.\n\
    git diff --cached --quiet --diff-filter=d -- .agentsrc.lock && exit 0\n\
    command -v agentslock > /dev/null || {\n    \
    echo 'agentslock is not installed: .agentsrc.lock is not checked' >&2\n    \
    exit 0\n\
    }\n\
    git show :.agentsrc.lock | agentslock check --file -\n";

/// What to do.
#[allow(clippy::struct_excessive_bools, reason = "each is a step")]
struct Wanted {
    document: bool,
    ignore: bool,
    driver: bool,
    hook: bool,
}

pub(crate) fn init(arguments: &Init, common: &Common) -> Result<ExitCode, Failure> {
    let wanted = wanted(arguments)?;
    let path = common.file.clone().unwrap_or_else(|| PathBuf::from(DOCUMENT));
    let mut done = Vec::new();
    each_step(arguments, common, &wanted, &path, &mut done)
        .map_err(|failure| failure.after(arguments.dry_run, &done))?;
    if common.json {
        let mut fields = envelope(&path, true);
        push(&mut fields, if arguments.dry_run { "would_do" } else { "done" }, &done);
        return print_envelope(&fields);
    }
    if common.quiet {
        return Ok(ExitCode::SUCCESS);
    }
    if done.is_empty() {
        return print("nothing to do\n");
    }
    let would = if arguments.dry_run { "would be done: " } else { "" };
    print(&done.iter().flat_map(|step| [would, step, "\n"]).collect::<String>())
}

/// What is wanted, one step after the other; `done` has those before a failure.
fn each_step(
    arguments: &Init,
    common: &Common,
    wanted: &Wanted,
    path: &Path,
    done: &mut Vec<String>,
) -> Result<(), Failure> {
    if wanted.document {
        done.extend(document(arguments, common, path)?);
    }
    let ignore = wanted.ignore.then_some(IgnoreFile::Gitignore);
    if wanted.driver || ignore.is_some() {
        let (driver, scope, dry_run) = (wanted.driver, Scope::Clone, arguments.dry_run);
        let setup = Setup { driver, ignore, scope, dry_run, common };
        let mut set_up = Done::default();
        let ended =
            if arguments.undo { setup.uninstall(&mut set_up) } else { setup.install(&mut set_up) };
        done.extend(set_up.steps);
        ended?;
    }
    if wanted.hook {
        done.extend(hook(arguments, common)?);
    }
    Ok(())
}

fn wanted(arguments: &Init) -> Result<Wanted, Failure> {
    let named = [arguments.document, arguments.ignore, arguments.driver, arguments.hook];
    if arguments.all || named.contains(&true) {
        let [document, ignore, driver, hook] = named.map(|it| it || arguments.all);
        return Ok(Wanted { document, ignore, driver, hook });
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input(
            "nobody to ask: standard input is no terminal; nothing was done; say what to set up with --all, or \
             with --document, --ignore, --driver, --hook",
        ));
    }
    let verb = if arguments.undo { "take back" } else { "set up" };
    let ask = |what: &str| {
        let mut answer = String::new();
        let _ = write!(std::io::stderr(), "{verb} {what}? [y/N] ");
        let _ = std::io::stdin().lock().read_line(&mut answer);
        answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes")
    };
    Ok(Wanted {
        document: ask("a first document, .agentsrc.lock"),
        ignore: ask("ignore lines for locks in .gitignore"),
        driver: ask("the merge driver of this clone, and .gitattributes"),
        hook: ask("a pre-commit hook that checks the document"),
    })
}

fn document(arguments: &Init, common: &Common, path: &Path) -> Result<Option<String>, Failure> {
    let name = path.display();
    if arguments.undo {
        return remove(arguments, common, (path, EMPTY));
    }
    let contents = fsops::read(path)?;
    if contents.bytes.is_some() {
        return Ok(None);
    }
    refuse_git_directory(path)?;
    if let Some(left_out) = left_out(path) {
        let path = path.to_owned();
        return Err(lockedfile::Error::LeftOut { path, left_out }.into());
    }
    if !arguments.dry_run {
        create(path, &contents.version, EMPTY)?;
    }
    Ok(Some(format!("`{name}`: made, without sections")))
}

/// What lies in a bare repository, or in `.git`, is in no commit. Without git, nothing is known.
fn refuse_git_directory(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut git = Command::new("git");
    git.arg("-C").arg(parent.unwrap_or(Path::new(".")));
    let output = git.args(["rev-parse", "--is-inside-git-dir"]).output();
    if !output.is_ok_and(|output| output.stdout.starts_with(b"true")) {
        return Ok(());
    }
    let path = path.display();
    let message = format!(
        "`{path}` would lie in git's own directory, such as a bare repository, and be in no commit; \
         nothing was written; make a checkout, and type it there: `git worktree add DIRECTORY`"
    );
    Err(Failure::trouble("git", message))
}

fn hook(arguments: &Init, common: &Common) -> Result<Option<String>, Failure> {
    let options = ["rev-parse", "--path-format=absolute", "--git-path", "hooks/pre-commit"];
    let output = Command::new("git").args(options).env("LC_ALL", "C").output();
    let output = output.map_err(|error| not_run(&error))?;
    if let Some(refused) = refusal(&output.stderr) {
        return Err(refused);
    }
    if !output.status.success() {
        let message =
            "there is no git repository here, for a pre-commit hook; `git init` makes one";
        return Err(Failure::trouble("git", message));
    }
    let mut bytes = output.stdout;
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    let path = crate::sys::path_from_bytes(bytes);
    let name = path.display();
    if arguments.undo {
        return remove(arguments, common, (&path, HOOK));
    }
    let contents = fsops::read(&path)?;
    let current = contents.bytes;
    let is_ours = current.as_deref() == Some(HOOK.as_bytes());
    match current {
        _ if is_ours => Ok(None),
        Some(_) => Err(Failure::trouble(
            "git",
            format!(
                "there is a hook `{name}` already, which stays as it is; add to it: \
                 `git show :.agentsrc.lock | agentslock check --file -`"
            ),
        )),
        None => {
            if !arguments.dry_run {
                if let Some(parent) = path.parent() {
                    std::fs::create_dir_all(parent).map_err(|error| {
                        Failure::io(&format!("failed to make `{}`", parent.display()), &error)
                    })?;
                }
                create(&path, &contents.version, HOOK)?;
                crate::sys::make_executable(&path).map_err(|error| {
                    Failure::io(&format!("failed to make `{name}` executable"), &error)
                })?;
            }
            Ok(Some(format!("`{name}`: made")))
        }
    }
}

/// Whole, and not over what came in between.
fn create(path: &Path, missing: &Version, text: &str) -> Result<(), Failure> {
    let make = || -> Result<(), ReplaceError> {
        let mut file = AtomicFile::replacing(path, missing, Durability::Full)?;
        let failed = |source| ReplaceError::Io { verb: "write", path: path.to_owned(), source };
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.make_ready()?.commit()
    };
    make().map_err(|error| Failure::from(error).about(path))
}

/// Removes what `init` made, under its lock. With anything else in it, it is somebody's work.
fn remove(
    arguments: &Init,
    common: &Common,
    (path, made): (&Path, &str),
) -> Result<Option<String>, Failure> {
    let file = SharedFile { common, path, in_checkout: None };
    let change = |before: &[u8]| (before == made.as_bytes()).then(Vec::new);
    let is_removed =
        if arguments.dry_run { file.would_change(change)? } else { file.change(change)? };
    Ok(is_removed.then(|| format!("`{}`: removed", path.display())))
}
