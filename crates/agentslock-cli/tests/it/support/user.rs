//! Another user.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::{PROGRAM, Program};
use crate::support::set_mode;

/// Another user than ours, and a copy of the program: for that user the directory of the original
/// may be closed.
pub(crate) struct OtherUser {
    user: u32,
    directory: TempDir,
}

impl OtherUser {
    /// `None`: the test `test` cannot be run here, which was said.
    #[track_caller]
    pub(crate) fn for_test() -> Option<Self> {
        let Some(user) = testkit::other_user() else {
            testkit::skip("only root can start a process as another user");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        set_mode(directory.path(), 0o755);
        // By another process. If this one had it open for writing, a child that another thread
        // forks would have it open, too. Then it cannot be executed.
        let copied = Command::new("cp").arg(PROGRAM).arg(directory.path()).status().unwrap();
        assert!(copied.success());
        Some(Self { user, directory })
    }

    /// The user's number.
    pub(crate) fn id(&self) -> u32 {
        self.user
    }

    /// The program under test, as that user.
    pub(crate) fn agentslock(&self, arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Program {
        let name = Path::new(PROGRAM).file_name().expect("because it is a file");
        Program::new(self.directory.path().join(name)).user(self.user).args(arguments)
    }
}
