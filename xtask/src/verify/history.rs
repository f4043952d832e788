//! The history of a repository: of which commit a result is, and what has changed since.

use std::path::Path;
use std::process::Command;

use crate::outcome::Outcome;

/// A repository's work tree.
#[derive(Clone, Copy)]
pub(super) struct History<'a>(pub(super) &'a Path);

/// What the commands themselves write: no change that makes a result another one's.
const OWN: [&str; 4] =
    ["docs/verification.md", "docs/verification/", "docs/benchmarks.md", "docs/benchmarks/"];

impl History<'_> {
    /// The present commit.
    ///
    /// # Errors
    ///
    /// If there are changes that are in no commit: nobody could tell what a result is of.
    pub(super) fn commit(self) -> Outcome<String> {
        let changes = self.git(&["status", "--porcelain", "--untracked-files=no"])?;
        let foreign = changes.lines().filter(|line| !OWN.iter().any(|own| line.contains(own)));
        if let Some(line) = foreign.map(str::trim).next() {
            return Err(format!("commit first, a result is one of a commit: {line}").into());
        }
        Ok(self.git(&["rev-parse", "--short=10", "HEAD"])?.trim().to_owned())
    }

    /// Whether `commit` and the present one differ in nothing but pages. The long runs take hours:
    /// to commit the results of some parts must not make others run again.
    pub(super) fn is_same_program(self, commit: &str) -> Outcome<bool> {
        if !self.is_ancestor(commit)? {
            return Ok(false);
        }
        let range = format!("{commit}..HEAD");
        let changed = ["diff", "--name-only", &range, "--", ".", ":!docs", ":!*.md"];
        Ok(self.git(&changed)?.trim().is_empty())
    }

    /// The last change to `paths` after `commit`, if there is one.
    pub(super) fn changed_since(self, commit: &str, paths: &[&str]) -> Outcome<Option<String>> {
        if !self.is_ancestor(commit)? {
            return Ok(Some(format!("{commit} is not in this history")));
        }
        let range = format!("{commit}..HEAD");
        let arguments = ["log", "--max-count=1", "--format=%h %s", &range, "--"];
        let last = self.git(&[&arguments, paths].concat())?;
        Ok(Some(last.trim().to_owned()).filter(|last| !last.is_empty()))
    }

    fn is_ancestor(self, commit: &str) -> Outcome<bool> {
        let asked = ["merge-base", "--is-ancestor", commit, "HEAD"];
        let output = Command::new("git").args(asked).current_dir(self.0).output()?;
        Ok(output.status.success())
    }

    fn git(self, arguments: &[&str]) -> Outcome<String> {
        let output = Command::new("git").args(arguments).current_dir(self.0).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).trim().into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
