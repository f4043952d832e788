//! The child's side: what a test function does that runs as a child process.

use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;

/// Set in the environment of a child.
pub(crate) const MARK: &str = "TESTKIT_CHILD";
/// Put before the names of the variables that the parent sets.
pub(crate) const VARIABLE: &str = "TESTKIT_VAR_";
/// Begins the lines that a child writes to its parent.
pub(crate) const SIGN: &str = "@testkit ";
/// The first point that every child reports, with its process id.
pub(crate) const STARTED: &str = "started";

/// The process that started this one as its child. A clone can report from another thread.
#[derive(Clone, Debug)]
pub struct Parent(());

/// The parent, if this process was started by [`ChildTest::spawn`](crate::ChildTest::spawn). A test
/// that is a child's program returns at once if there is none: it then runs as one of the suite.
pub fn parent() -> Option<Parent> {
    std::env::var_os(MARK)?;
    let parent = Parent(());
    parent.at(STARTED, &std::process::id().to_string());
    Some(parent)
}

impl Parent {
    /// The value that the parent gave to `name`.
    ///
    /// # Panics
    ///
    /// If it gave none.
    pub fn var(&self, name: &str) -> OsString {
        std::env::var_os(format!("{VARIABLE}{name}"))
            .unwrap_or_else(|| panic!("the parent set no {name}"))
    }

    /// The path that the parent gave to `name`.
    ///
    /// # Panics
    ///
    /// If it gave none.
    pub fn path(&self, name: &str) -> PathBuf {
        self.var(name).into()
    }

    /// The number that the parent gave to `name`.
    ///
    /// # Panics
    ///
    /// If it gave none, or something else.
    pub fn number(&self, name: &str) -> u64 {
        let value = self.var(name);
        let number = value.to_str().and_then(|text| text.parse().ok());
        number.unwrap_or_else(|| panic!("{name} is {} and not a number", value.display()))
    }

    /// Tells the parent that this process has come to `point`, and one line of what it has to say.
    /// `point` is one word.
    ///
    /// If the parent is gone, so is this process.
    pub fn at(&self, point: &str, detail: &str) {
        // The test harness begins a line with the name of the running test. One write, for threads.
        let line = format!("\n{SIGN}{point} {detail}\n");
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(1);
        }
    }

    /// Waits until the parent says `word`; skips what else it says.
    ///
    /// If the parent is gone, so is this process: nothing is dropped then, as if it had been
    /// killed.
    pub fn await_word(&mut self, word: &str) {
        loop {
            let mut line = String::new();
            match std::io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => std::process::exit(1),
                Ok(_) if line.trim_end() == word => return,
                Ok(_) => {}
            }
        }
    }
}
