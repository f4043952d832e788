//! A file that git has, and its checkout leaves out.
//!
//! A sparse checkout, `git update-index --skip-worktree` and `git worktree add --no-checkout` leave
//! files of a commit out. A later `git commit -a` would take a fresh file for the new version. Then
//! all that others wrote into the file would be gone. So none is made.
//!
//! What the person removed is another matter: git's index has it, without a mark, or has it no
//! more. That is made afresh.
//!
//! ```text
//! what git's directory has                     who is asked          the file
//! an index of version 2, not split             nobody: it cannot     is removed, or new
//!                                              mark any file
//! an index of another version, or split        git ls-files          is left out if it is marked
//! no index; HEAD names no commit               nobody                is new
//! no index; HEAD may name a commit             git rev-parse         is left out if HEAD has it
//! ```
//!
//! The marks are flags that only an index of version 3 and later has (gitformat-index(5)).

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::git;
use crate::sys;

/// Why a missing file must not be made afresh: git has it. Displayed, it says what brings the file
/// into the checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// Git's index marks it as one that the checkout leaves out: a sparse checkout does so, and
    /// `git update-index --skip-worktree`.
    Marked {
        /// The file.
        path: PathBuf,
    },
    /// The last commit has it, and nothing of that was written to the checkout yet.
    NotCheckedOut {
        /// The file.
        path: PathBuf,
    },
    /// The checkout leaves files out, and git could not be asked whether this is one of them.
    Unknown {
        /// The file.
        path: PathBuf,
        /// What git, or the operating system, said.
        reason: String,
    },
}

impl LeftOut {
    /// What to type in a POSIX shell: it brings the file into the checkout, or tells more if that
    /// is not known. A path that a shell would split or change is quoted.
    pub fn command(&self) -> String {
        let (Self::Marked { path } | Self::NotCheckedOut { path } | Self::Unknown { path, .. }) =
            self;
        let git = format!("git -C {}", quoted(path.parent().unwrap_or(path)));
        let name = quoted(Path::new(path.file_name().unwrap_or(path.as_os_str())));
        match self {
            Self::Marked { .. } => format!("{git} checkout --ignore-skip-worktree-bits -- {name}"),
            Self::NotCheckedOut { .. } => format!("{git} reset -q && {git} checkout -- {name}"),
            Self::Unknown { .. } => format!("{git} ls-files -v -- {name}"),
        }
    }
}

/// As a word of a shell's.
fn quoted(path: &Path) -> String {
    let word = path.to_string_lossy();
    // Windows' shells know no such quotes, and take `\` as it is.
    let is_plain =
        |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c) || cfg!(windows) && c == '\\';
    if word.chars().all(is_plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command();
        match self {
            Self::Marked { .. } => write!(
                f,
                "git has it, and this sparse checkout leaves it out (it is marked skip-worktree); to \
                 have it here, widen the checkout with git sparse-checkout add, or type `{command}`"
            ),
            Self::NotCheckedOut { .. } => write!(
                f,
                "git has it, and nothing of the last commit is in this checkout yet \
                 (--no-checkout); to have it here, type `{command}`"
            ),
            Self::Unknown { reason, .. } => write!(
                f,
                "this checkout may leave it out, and git could not be asked: {reason}; look: \
                 `{command}`; if git has none, make the file by hand"
            ),
        }
    }
}

/// Whether git has the missing file at `path`, and its checkout leaves it out. `None` as well if
/// the file lies in no checkout of git.
///
/// In most checkouts this reads eight bytes. Git itself is asked, in a process, if a file of the
/// checkout can be left out.
pub fn left_out(path: impl AsRef<Path>) -> Option<LeftOut> {
    let path = std::path::absolute(path).ok()?;
    let directory = path.parent()?.canonicalize().ok()?;
    let name = path.file_name()?;
    let git = directory.ancestors().find_map(git::git_directory)?;
    match index_of(&git) {
        Index::WithoutMarks => None,
        Index::WithMarks => match ask(&directory, &["ls-files", "-v", "-z", "--"], name) {
            // `S`, or `s` if it counts as unchanged, too (git-ls-files(1)).
            Ok(output) if output.status.success() => output
                .stdout
                .to_ascii_uppercase()
                .starts_with(b"S ")
                .then_some(LeftOut::Marked { path }),
            other => Some(LeftOut::Unknown { path, reason: reason(other) }),
        },
        Index::Missing if !may_have_a_commit(&git) => None,
        Index::Missing => {
            let mut object = OsStr::new("HEAD:./").to_owned();
            object.push(name);
            match ask(&directory, &["rev-parse", "--verify", "--quiet"], &object) {
                Ok(output) if output.status.success() => Some(LeftOut::NotCheckedOut { path }),
                Ok(output) if output.status.code() == Some(1) => None,
                other => Some(LeftOut::Unknown { path, reason: reason(other) }),
            }
        }
    }
}

enum Index {
    Missing,
    /// No file is marked in it.
    WithoutMarks,
    /// Files may be marked in it.
    WithMarks,
}

/// An index that cannot be read counts as one without marks: whoever may not read it commits
/// nothing there.
fn index_of(git: &Path) -> Index {
    let index = git.join("index");
    if index.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Index::WithoutMarks;
    }
    let mut head = [0; 8];
    let read = File::open(index).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Index::Missing,
        Err(_) => Index::WithoutMarks,
        Ok(()) if head == *b"DIRC\0\0\0\x02" && !is_split(git) => Index::WithoutMarks,
        Ok(()) => Index::WithMarks,
    }
}

/// Whether a part of the index lies in a file of its own, which has its own version.
fn is_split(git: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(git) else { return false };
    entries.any(|entry| {
        entry.is_ok_and(|it| it.file_name().as_encoded_bytes().starts_with(b"sharedindex."))
    })
}

/// Whether HEAD can name a commit. In a repository that was just made it names a branch that there
/// is not yet.
fn may_have_a_commit(git: &Path) -> bool {
    let read = |name: &str| fsops::read(git.join(name)).ok()?.bytes;
    let Some(head) = read("HEAD") else { return false };
    let Some(branch) = head.strip_prefix(b"ref:") else { return true };
    // A worktree's own directory says where that of all worktrees is.
    let common = read("commondir").and_then(|text| sys::path_of(text.trim_ascii()));
    let common = common.map_or_else(|| git.to_owned(), |common| git.join(common));
    let branch = sys::path_of(branch.trim_ascii());
    let places = [branch, Some("packed-refs".into()), Some("reftable".into())];
    places.into_iter().flatten().any(|place| common.join(place).exists())
}

/// Git, in that directory. What the environment says of another repository counts for nothing, and
/// no program of the repository's configuration is run.
fn ask(directory: &Path, arguments: &[&str], last: &OsStr) -> std::io::Result<Output> {
    let mut git = Command::new("git");
    git.args(["-c", "core.fsmonitor=false"]).args(arguments).arg(last).current_dir(directory);
    git.stdin(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"] {
        git.env_remove(name);
    }
    for name in ["GIT_LITERAL_PATHSPECS", "GIT_NO_LAZY_FETCH"] {
        git.env(name, "1");
    }
    git.env("GIT_OPTIONAL_LOCKS", "0").output()
}

/// Why git gave no answer.
fn reason(asked: std::io::Result<Output>) -> String {
    match asked {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().find(|line| !line.is_empty());
            line.map_or_else(|| output.status.to_string(), str::to_owned)
        }
        Err(error) => format!("failed to run git: {error}"),
    }
}
