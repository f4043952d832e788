//! Starting a test function of this binary as a child process.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::child::TestChild;
use crate::entry::{MARK, VARIABLE};

/// A test function that will run as a child process. A by-value builder.
#[derive(Debug)]
#[must_use = "nothing runs until `spawn` is called"]
pub struct ChildTest {
    test: String,
    variables: Vec<(String, OsString)>,
    wrapper: Vec<OsString>,
    user: Option<u32>,
}

impl ChildTest {
    /// The test `function` in `module`, which is `module_path!()` of where it is written.
    pub fn new(module: &str, function: &str) -> Self {
        // The harness names tests without the crate.
        let test = match module.split_once("::") {
            Some((_, inside)) => format!("{inside}::{function}"),
            None => function.to_owned(),
        };
        Self { test, variables: Vec::new(), wrapper: Vec::new(), user: None }
    }

    /// Gives the child a value, for [`Parent::var`](crate::Parent::var).
    pub fn var(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((format!("{VARIABLE}{name}"), value.as_ref().to_owned()));
        self
    }

    /// Sets a variable of the child's environment, under this very name.
    pub fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Starts the child through `wrapper`: a program and its first arguments, to which the child's
    /// own command line is appended.
    pub fn through<I>(mut self, wrapper: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        self.wrapper = wrapper.into_iter().map(|part| part.as_ref().to_owned()).collect();
        self
    }

    /// Runs the child as another user, and the group of the same number, without other groups.
    /// See [`other_user`](crate::other_user). Elsewhere than on Unix, `spawn` then panics.
    pub fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// Starts the child, and returns when its function runs.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or there is no such test.
    #[track_caller]
    pub fn spawn(self) -> TestChild {
        adopt_orphans();
        let program = std::env::current_exe().expect("because a running program has a path");
        let started = self.command(program.as_os_str()).spawn();
        let (started, copy) = match started {
            // Another user may not be let into the directory that the test binary lies in.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let copy = public_copy(&program).expect("because the test binary can be copied");
                (self.start_copy(copy.path().join(COPY).as_os_str()), Some(copy))
            }
            started => (started, None),
        };
        let process = started
            .unwrap_or_else(|error| panic!("failed to start {} as a child: {error}", self.test));
        TestChild::new(process, self.test, copy)
    }

    /// Another thread can fork while the copy is being written. Its child has the copy open for
    /// writing until it executes its own program; until then the copy cannot be executed.
    fn start_copy(&self, program: &OsStr) -> std::io::Result<Child> {
        for _ in 0..1000 {
            match self.command(program).spawn() {
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                other => return other,
            }
        }
        Err(ErrorKind::ExecutableFileBusy.into())
    }

    fn command(&self, program: &OsStr) -> Command {
        let mut line = self.wrapper.iter().map(OsString::as_os_str).chain([program]);
        let mut command = Command::new(line.next().expect("because the program is in it"));
        command
            .args(line)
            .args(["--exact", &self.test, "--nocapture", "--include-ignored"])
            .env(MARK, "1")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A group of its own, so that nothing that the child starts outlives the test.
            command.process_group(0);
            if let Some(user) = self.user {
                // It may not be let into the current directory either.
                command.uid(user).gid(user).current_dir("/");
            }
        }
        #[cfg(not(unix))]
        assert!(self.user.is_none(), "only Unix starts a process as another user");
        command
    }
}

/// From now on, what a dead child has left running becomes a child of this process. Else it would
/// be the init process's, which in a container may not wait for it: its remains would stay.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .expect("because every process may adopt its descendants");
}

/// The copy's name in its directory.
const COPY: &str = "test";

fn public_copy(program: &std::path::Path) -> std::io::Result<TempDir> {
    let directory = tempfile::tempdir()?;
    std::fs::copy(program, directory.path().join(COPY))?;
    #[cfg(unix)]
    for path in [directory.path(), &directory.path().join(COPY)] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(path, mode)?;
    }
    Ok(directory)
}
