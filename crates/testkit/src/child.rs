//! A running child, as its parent sees it.

use std::io::Write;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::entry::STARTED;
use crate::outlet::{Transcript, listen};

/// How long a child may take to come to a point, or to end. Long: it is a guard against hanging.
const LIMIT: Duration = Duration::from_secs(60);

/// A running child. Dropping it kills it, and on Unix all that it started, and waits for its end.
#[derive(Debug)]
#[must_use = "dropping it kills the child"]
pub struct TestChild {
    process: Child,
    test: String,
    pid: u32,
    points: Receiver<String>,
    transcript: Transcript,
    /// Waited for: its number, and that of its group, can be another's by now.
    done: bool,
    _copy: Option<TempDir>,
}

impl TestChild {
    /// Listens to `process`, and returns when its function runs.
    #[track_caller]
    pub(crate) fn new(mut process: Child, test: String, copy: Option<TempDir>) -> Self {
        let (points, transcript) = listen(
            process.stdout.take().expect("because it was asked for"),
            process.stderr.take().expect("because it was asked for"),
        );
        let mut child =
            Self { process, test, pid: 0, points, transcript, done: false, _copy: copy };
        child.pid = child.await_point(STARTED).parse().expect("because a child reports its pid");
        child
    }

    /// The process in which the test function runs, whatever wraps it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits until the child reports `point`, skipping others, and returns what it said there.
    ///
    /// # Panics
    ///
    /// If it ends before that, or takes a minute.
    #[track_caller]
    pub fn await_point(&mut self, point: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.points.recv_timeout(left) else {
                panic!("{} did not come to the point `{point}`\n{}", self.test, self.said());
            };
            if let Some((at, detail)) = line.split_once(' ')
                && at == point
            {
                return detail.to_owned();
            }
        }
    }

    /// Says `word` to the child, for [`Parent::await_word`](crate::Parent::await_word).
    ///
    /// # Panics
    ///
    /// If the child is gone.
    #[track_caller]
    pub fn say(&mut self, word: &str) {
        let stdin = self.process.stdin.as_mut().expect("because it was asked for");
        if let Err(error) = writeln!(stdin, "{word}") {
            panic!("{} did not hear `{word}`: {error}\n{}", self.test, self.said());
        }
    }

    /// Kills the child, with SIGKILL on Unix, and returns when it is dead. Others that it started
    /// live on until this value is dropped.
    ///
    /// # Panics
    ///
    /// If it was started through a wrapper that is still there, which would be killed in its stead.
    #[track_caller]
    pub fn kill(&mut self) {
        assert_eq!(
            self.pid,
            self.process.id(),
            "the child is not our own child, but its wrapper's"
        );
        self.process.kill().expect("because a child that was not waited for can be killed");
        self.await_end();
    }

    /// Waits for the child's end, and returns what it printed.
    ///
    /// # Panics
    ///
    /// If its test failed, or is not done within a minute.
    #[track_caller]
    pub fn succeed(mut self) -> String {
        self.await_end();
        let status = self.clean_up().expect("because it has ended and nobody else waits for it");
        // What it wrote last may still be on its way to us.
        while self.points.recv_timeout(LIMIT).is_ok() {}
        let said = self.said();
        assert!(status.success(), "{} failed: {status}\n{said}", self.test);
        said
    }

    #[track_caller]
    fn await_end(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while !self.has_ended() {
            assert!(Instant::now() < deadline, "{} does not end\n{}", self.test, self.said());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Looks without reaping: as long as the dead child is not waited for, its number and its
    /// group's are nobody else's.
    #[cfg(unix)]
    fn has_ended(&self) -> bool {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.process_id()), options)
            .expect("because our own child can be waited for")
            .is_some()
    }

    #[cfg(not(unix))]
    fn has_ended(&mut self) -> bool {
        self.process.try_wait().expect("because our own child can be waited for").is_some()
    }

    /// Kills what is left of the child and of what it started, and waits until all of it is gone.
    /// How the child ended, if it could be seen. Once only.
    #[cfg(unix)]
    fn clean_up(&mut self) -> Option<ExitStatus> {
        use std::os::unix::process::ExitStatusExt;

        use rustix::io::Errno;
        use rustix::process::{WaitOptions, waitpgid};

        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        self.kill_group();
        let (child, mut status) = (self.process_id(), None);
        // On Linux, what the child started and did not wait for is ours by now.
        loop {
            match waitpgid(child, WaitOptions::empty()) {
                Ok(Some((pid, ended))) if pid == child => {
                    status = Some(ExitStatus::from_raw(ended.as_raw()));
                }
                Ok(_) | Err(Errno::INTR) => {}
                // Nobody is left.
                Err(_) => return status,
            }
        }
    }

    #[cfg(not(unix))]
    fn clean_up(&mut self) -> Option<ExitStatus> {
        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        // It may be dead already.
        let _ = self.process.kill();
        self.process.wait().ok()
    }

    fn said(&self) -> String {
        format!("--- {} (process {}) wrote:\n{}---", self.test, self.pid, self.transcript.text())
    }
}

#[cfg(unix)]
impl TestChild {
    /// Stops the child with SIGSTOP, and returns when it has stopped.
    ///
    /// # Panics
    ///
    /// If it is gone, or was started through a wrapper that is still there.
    #[track_caller]
    pub fn stop(&mut self) {
        assert_eq!(
            self.pid,
            self.process.id(),
            "the child is not our own child, but its wrapper's"
        );
        self.signal(rustix::process::Signal::STOP);
        let options = rustix::process::WaitOptions::UNTRACED;
        let (_, status) = rustix::process::waitpid(Some(self.process_id()), options)
            .expect("because our own child can be waited for")
            .expect("because this waits until there is something to tell");
        assert!(status.stopped(), "{} ended instead of stopping\n{}", self.test, self.said());
    }

    /// Lets a stopped child go on.
    ///
    /// # Panics
    ///
    /// If it is gone.
    pub fn resume(&mut self) {
        self.signal(rustix::process::Signal::CONT);
    }

    /// Kills the child, and all that it started.
    pub fn kill_group(&mut self) {
        // The child is waited for only when this value goes away, so the number is still the
        // group's. It fails if nobody is left to be killed.
        let _ =
            rustix::process::kill_process_group(self.process_id(), rustix::process::Signal::KILL);
    }

    /// Kills the program that the child was started through, a debugger say, and so lets the child
    /// go on without it. The child's end can then no longer be seen, but what it reports can.
    ///
    /// # Panics
    ///
    /// If there is no wrapper.
    #[track_caller]
    pub fn kill_wrapper(&mut self) {
        assert_ne!(self.pid, self.process.id(), "the child was not started through a wrapper");
        self.process.kill().expect("because a child that was not waited for can be killed");
        self.await_end();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.process_id(), signal)
            .expect("because our own child, not waited for, can be signalled");
    }

    fn process_id(&self) -> rustix::process::Pid {
        i32::try_from(self.process.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .expect("because a process has an id")
    }
}

impl Drop for TestChild {
    fn drop(&mut self) {
        let _ = self.clean_up();
    }
}
