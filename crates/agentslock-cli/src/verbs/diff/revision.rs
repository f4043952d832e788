//! What `diff` compares: a file, standard input, or the document as a git revision has it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use agentslock_core::Lockfile;

use crate::io::failure::Failure;
use crate::io::git_said::{not_run, refusal};
use crate::sys;

/// One side of a comparison.
pub(super) struct Side {
    /// What it was called.
    pub(super) typed: String,
    /// The same for programs: absolute.
    pub(super) name: String,
    pub(super) lockfile: Lockfile,
}

/// A file, else a revision in which `document` is looked up. A revision that does not have the
/// document counts as an empty one.
pub(super) fn read(name: &Path, document: &Path) -> Result<Side, Failure> {
    let path = if name == Path::new("-") { Path::new(sys::STDIN) } else { name };
    let is_missing =
        path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    if !is_missing {
        let lockfile = open(path)?;
        let name = lockfile.path().display().to_string();
        return Ok(Side { typed: path.display().to_string(), name, lockfile });
    }
    let shown = name.display();
    let not_known = || {
        // Without a name, it is the last commit that is missing.
        let next = if name == Path::new("HEAD") {
            "is there a commit? look: `git log -1`"
        } else {
            "for the last commit, type `agentslock diff HEAD`"
        };
        let message = format!(
            "`{shown}` is neither a file nor a revision that git knows here; nothing was compared; {next}"
        );
        Failure::trouble("absent", message).about(name)
    };
    let git = Git { document };
    // `^HEAD` is what HEAD has not: no revision.
    let revision = git.resolve(&shown.to_string())?.filter(|hash| !hash.starts_with('^'));
    let Some(revision) = revision else { return Err(not_known()) };
    // `HEAD:.agentsrc.lock` names the content itself, `HEAD:sub` a directory, `:/text` a commit.
    let file = document.file_name().unwrap_or_default().to_string_lossy();
    let (object, name) = match git.kind_of(&revision)?.as_str() {
        "blob" => (Some(revision), shown.to_string()),
        "tree" => (git.resolve(&format!("{revision}:{file}"))?, format!("{revision}:{file}")),
        _ => {
            let name = if shown.to_string().contains(':') { &revision } else { &shown.to_string() };
            (git.resolve(&format!("{revision}:./{file}"))?, format!("{name}:./{file}"))
        }
    };
    let bytes = match object {
        Some(object) => git.print("blob", &object)?,
        None => b"{}\n".to_vec(),
    };
    let lockfile = parse(&bytes, &name)?;
    Ok(Side { typed: name.clone(), name, lockfile })
}

/// The library reads files only.
fn parse(bytes: &[u8], name: &str) -> Result<Lockfile, Failure> {
    let failed = |error| Failure::io("failed to write a temporary file", &error);
    let path = std::env::temp_dir().join(format!(
        "agentslock-diff-{}-{:x}",
        std::process::id(),
        std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos()
    ));
    let mut file = fs::File::options().write(true).create_new(true).open(&path).map_err(failed)?;
    let read = file.write_all(bytes).map_err(failed).and_then(|()| {
        Lockfile::open(&path).map_err(|error| {
            let failure = Failure::from(error);
            let message = failure.message.replace(&path.display().to_string(), name);
            // What git has is not restored from git.
            let end = ["; mend it, or restore", "; restore it", "; run `agentslock"]
                .iter()
                .find_map(|end| message.find(end));
            let message = message[..end.unwrap_or(message.len())].to_owned();
            Failure { message: format!("{message}; look: `git show {name}`"), ..failure }
        })
    });
    let _ = fs::remove_file(&path);
    read
}

/// Git, in the directory of the document.
struct Git<'a> {
    document: &'a Path,
}

impl Git<'_> {
    /// The object that `name` names; `None` if it names none, or if there is no repository.
    fn resolve(&self, name: &str) -> Result<Option<String>, Failure> {
        let output = self.run(&["rev-parse", "--verify", "--quiet", name])?;
        if output.status.success() {
            return Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()));
        }
        // Of a name that it does not know, git says nothing; of one that it cannot parse, little.
        match refusal(&output.stderr) {
            Some(refused) => Err(refused.undone("compared")),
            None => Ok(None),
        }
    }

    /// What kind of object it is.
    fn kind_of(&self, object: &str) -> Result<String, Failure> {
        let bytes = self.print("-t", object)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    }

    fn print(&self, what: &str, object: &str) -> Result<Vec<u8>, Failure> {
        let output = self.run(&["cat-file", what, object])?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let message = format!("`git cat-file {what} {object}` failed: {}", said.trim());
        Err(Failure::trouble("git", message + "; nothing was compared"))
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let parent = self.document.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut git = Command::new("git");
        // In English, since what it says tells one failure from another.
        git.arg("-C").arg(parent.unwrap_or(Path::new("."))).args(arguments).env("LC_ALL", "C");
        git.output().map_err(|error| not_run(&error).undone("compared"))
    }
}

pub(super) fn open(path: &Path) -> Result<Lockfile, Failure> {
    Lockfile::open(path).map_err(|error| Failure::from(error).about(path))
}
