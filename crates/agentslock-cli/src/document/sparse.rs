//! A sparse checkout leaves files out that git's index has. A fresh file in such a place would be
//! committed over the one that everybody else has.

use std::path::Path;
use std::process::Command;

use crate::io::failure::Failure;

/// Refuses to make a fresh file at `path` if the checkout merely leaves it out. Git is asked only
/// if there is no file, and a repository around it.
pub(crate) fn refuse_left_out(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() || !is_left_out(path) {
        return Ok(());
    }
    let path = path.display();
    let message = format!(
        "git has `{path}`, and this sparse checkout leaves it out: a fresh one would lack all that is in \
         it; nothing was written; bring it back first: `git update-index --no-skip-worktree {path}` and \
         `git checkout -- {path}`"
    );
    Err(Failure::trouble("git", message))
}

/// Its mark is `S` then, skip-worktree (git-ls-files(1)).
fn is_left_out(path: &Path) -> bool {
    let Ok(absolute) = std::path::absolute(path) else { return false };
    let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return false;
    };
    if !directory.ancestors().any(|it| it.join(".git").symlink_metadata().is_ok()) {
        return false;
    }
    let mut git = Command::new("git");
    git.arg("--literal-pathspecs").arg("-C").arg(directory).args(["ls-files", "-t", "--"]);
    // Without git nothing is committed.
    git.arg(name).output().is_ok_and(|output| output.stdout.starts_with(b"S "))
}
