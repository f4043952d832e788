//! What `diff` compares: a file, standard input, or the document as a git revision has it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use agentslock_core::Lockfile;

use crate::io::failure::Failure;
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
    let is_revision = git(document, ["rev-parse", "--verify", "--quiet", &shown.to_string()])
        .is_some_and(|output| output.status.success());
    if !is_revision {
        // Without a name, it is the last commit that is missing.
        let next = if name == Path::new("HEAD") {
            "is there a commit? look: `git log -1`"
        } else {
            "for the last commit, type `agentslock diff HEAD`"
        };
        let message = format!(
            "`{shown}` is neither a file nor a revision that git knows here; nothing was compared; {next}"
        );
        return Err(Failure::trouble("absent", message).about(name));
    }
    let of_document = || {
        let file = document.file_name().unwrap_or_default().to_string_lossy();
        format!("{shown}:./{file}")
    };
    // `HEAD:.agentsrc.lock` names the content itself.
    let object = if shown.to_string().contains(':') { shown.to_string() } else { of_document() };
    let output = git(document, ["cat-file", "blob", &object]);
    let bytes = output.filter(|output| output.status.success()).map(|output| output.stdout);
    let lockfile = parse(&bytes.unwrap_or_else(|| b"{}\n".to_vec()), &object)?;
    Ok(Side { typed: object.clone(), name: object, lockfile })
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
            Failure {
                message: failure.message.replace(&path.display().to_string(), name),
                ..failure
            }
        })
    });
    let _ = fs::remove_file(&path);
    read
}

/// In the directory of the document. `None` if there is no git.
fn git<A: AsRef<OsStr>>(document: &Path, arguments: impl IntoIterator<Item = A>) -> Option<Output> {
    let directory = document.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
    Command::new("git").arg("-C").arg(directory).args(arguments).output().ok()
}

pub(super) fn open(path: &Path) -> Result<Lockfile, Failure> {
    Lockfile::open(path).map_err(|error| Failure::from(error).about(path))
}
