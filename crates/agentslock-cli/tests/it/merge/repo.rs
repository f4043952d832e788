//! Real repositories, and the real git, which sees nothing of its user's configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{DOCUMENT, Ended, Lab, Program};

/// A repository with two branches, `main` and `topic`, that began with one document.
pub(crate) struct Repo {
    pub(crate) lab: Lab,
}

/// What git is told by its environment: who commits, and to look at no configuration but the
/// repository's own.
const ENVIRONMENT: [(&str, &str); 10] = [
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_AUTHOR_NAME", "A"),
    ("GIT_AUTHOR_EMAIL", "a@example.org"),
    ("GIT_COMMITTER_NAME", "A"),
    ("GIT_COMMITTER_EMAIL", "a@example.org"),
    ("GIT_EDITOR", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];
/// What a hook of git's own that runs these tests would set.
const HOOKS: [&str; 4] = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// `program` as git's hooks and drivers, and git itself, are to be run in `lab`.
pub(crate) fn isolated(program: Program, lab: &Lab) -> Program {
    let program =
        ENVIRONMENT.iter().fold(program, |program, (name, value)| program.env(name, value));
    let program = HOOKS.iter().fold(program, |program, name| program.without_env(name));
    program.env("HOME", lab.root()).in_directory(lab.root())
}

/// Whether there is git. If not, says that `test` was not run.
#[track_caller]
pub(crate) fn has_git() -> bool {
    let found = Command::new("git").arg("--version").output().is_ok();
    if !found {
        testkit::skip("there is no git");
    }
    found
}

/// What our side and `topic` are called between markers: git before 2.44 does not tell its drivers.
pub(crate) fn labels() -> [&'static str; 2] {
    let output = Command::new("git").arg("--version").output().unwrap();
    let version = String::from_utf8_lossy(&output.stdout);
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
    let version: (u32, u32) = (numbers.next().unwrap(), numbers.next().unwrap());
    if version < (2, 44) { ["ours", "theirs"] } else { ["HEAD", "topic"] }
}

/// Each git on the path. They differ in what they make of a driver that fails.
pub(crate) fn gits() -> Vec<PathBuf> {
    let directories = std::env::var_os("PATH").unwrap_or_default();
    let mut gits: Vec<_> = std::env::split_paths(&directories)
        .filter_map(|directory| directory.join("git").canonicalize().ok())
        .collect();
    gits.sort_unstable();
    gits.dedup();
    gits
}

impl Repo {
    /// With `base` committed, and the driver installed. `None`: there is no git, which was said.
    #[track_caller]
    pub(crate) fn new(base: &Value) -> Option<Self> {
        let repo = Self::without_driver(base)?;
        repo.agentslock(&["merge", "--install"]).exits(0);
        repo.commit("install");
        Some(repo)
    }

    #[track_caller]
    pub(crate) fn without_driver(base: &Value) -> Option<Self> {
        if !has_git() {
            return None;
        }
        let repo = Self { lab: Lab::new() };
        repo.git(&["init", "--quiet", "--initial-branch=main"]).exits(0);
        repo.write(base);
        repo.commit("base");
        Some(repo)
    }

    /// With `ours` on `main`, and `theirs` on `topic`.
    #[track_caller]
    pub(crate) fn forked(base: &Value, ours: &Value, theirs: &Value) -> Option<Self> {
        let repo = Self::new(base)?;
        repo.fork(ours, theirs);
        Some(repo)
    }

    pub(crate) fn fork(&self, ours: &Value, theirs: &Value) {
        self.git(&["checkout", "--quiet", "-b", "topic"]).exits(0);
        self.write(theirs);
        self.commit("theirs");
        self.git(&["checkout", "--quiet", "main"]).exits(0);
        self.write(ours);
        self.commit("ours");
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Ended {
        self.git_at(Path::new("git"), arguments)
    }

    /// As [`git`](Self::git), but that one.
    pub(crate) fn git_at(&self, git: &Path, arguments: &[&str]) -> Ended {
        isolated(Program::new(git).args(arguments), &self.lab).run()
    }

    pub(crate) fn agentslock(&self, arguments: &[&str]) -> Ended {
        isolated(self.lab.cli(arguments), &self.lab).run()
    }

    pub(crate) fn write(&self, document: &Value) {
        self.lab.write(DOCUMENT, text(document));
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]).exits(0);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]).exits(0);
    }

    /// Asserts that the document is `expected`, laid out as all writers would, and committed.
    #[track_caller]
    pub(crate) fn expect_committed(&self, expected: &Value) {
        assert_eq!(self.lab.document(), text(expected));
        let ended = self.agentslock(&["check"]);
        ended.exits(0).says_nothing();
        let status = self.git(&["status", "--porcelain"]).exits(0);
        assert_eq!(status.out(), "", "nothing is left over or uncommitted");
    }
}

/// As all writers write it. (What the tests write contains nothing that JSON's writers spell in
/// different ways.)
pub(crate) fn text(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap() + "\n"
}
