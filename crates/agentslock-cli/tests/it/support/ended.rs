//! How a program ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::Value;

/// How a program ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    code: Option<i32>,
    signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn new(status: ExitStatus, stdout: Vec<u8>, stderr: String) -> Self {
        Self { code: status.code(), signal: status.signal(), stdout, stderr }
    }

    /// Asserts that it exited with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!((self.code, self.signal), (Some(code), None), "{}", self.transcript());
        self
    }

    /// Whether it exited with 0.
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// Whether SIGKILL ended it.
    pub(crate) fn was_killed(&self) -> bool {
        self.signal == Some(9)
    }

    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    /// Asserts that it wrote nothing at all.
    #[track_caller]
    pub(crate) fn says_nothing(&self) {
        assert_eq!((self.out(), &*self.stderr), ("", ""));
    }

    /// Asserts that all it wrote is one line on standard error, and returns what that says.
    #[track_caller]
    pub(crate) fn complaint(&self) -> &str {
        let line = self.stderr.strip_prefix("agentslock: ").and_then(|it| it.strip_suffix('\n'));
        match line {
            Some(line) if !line.contains('\n') && self.stdout.is_empty() => line,
            _ => panic!("not one line on standard error\n{}", self.transcript()),
        }
    }

    /// Asserts that all it wrote is one JSON object on standard output, and returns that.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stderr, "", "{}", self.transcript());
        let value: Value = serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}\n{}", self.transcript()));
        assert_eq!(value["agentslock"], 1, "the version of the envelope\n{value}");
        value
    }

    fn transcript(&self) -> String {
        let out = String::from_utf8_lossy(&self.stdout);
        format!("--- standard output:\n{out}\n--- standard error:\n{}\n---", self.stderr)
    }
}
