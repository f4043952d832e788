//! An implementation as a program that answers.
//!
//! Its last argument is the way to claim: `published`, `in-place` or `by-time`. The second one is
//! that of file systems on which a lock cannot be published. The third one is that of network file
//! systems: `flock` is neither taken nor believed. The program reads a question a line from
//! standard input, as a JSON object. It prints the answer as a line of JSON, and holds at most one
//! lock.
//!
//! | `do` | with | answers |
//! |---|---|---|
//! | `name` | `path` | the name of the lock of that path; `null`: no lock can have that name |
//! | `record` | `bytes` | the record as it was understood, written anew; `null`: none |
//! | `judge` | `target` | `free`, `alive`, `dead`, `gone` (expired, or a remnant), `not a lock` |
//! | `try` | `target` | `acquired`, `took over` (from a holder), `held`, `error`; without waiting |
//! | `verify` | | `held`, `lost` |
//! | `renew` | | `renewed`, `lost` |
//! | `release` | | `released`, `lost` |
//!
//! In `bytes` and in the answer to it, each character is a byte: U+00FF is the byte 255.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;

/// The ways to claim, the first one being that on a file system of one kernel.
pub(super) const ALL_WAYS: [&str; 3] = ["published", "in-place", "by-time"];

/// One that runs. It ends when its input does.
pub(super) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(super) fn start(command: &mut Command) -> Outcome<Self> {
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| format!("failed to run {command:?}: {error}"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("because it was piped"));
        Ok(Self { child, input, output })
    }

    pub(super) fn ask(&mut self, question: &Value) -> Outcome<Value> {
        let input = self.input.as_mut().ok_or("the program has ended")?;
        writeln!(input, "{question}")?;
        input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let answer = serde_json::from_str(&line);
        answer.map_err(|error| format!("asked {question}, it said {line:?}: {error}").into())
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and waits for that.
    pub(super) fn end(mut self) -> Outcome {
        drop(self.input.take());
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
