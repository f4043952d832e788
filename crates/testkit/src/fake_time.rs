//! A wall clock that a test sets, for processes that it starts.

use std::ffi::OsString;
use std::path::PathBuf;

/// A wall clock of its own for child processes, by `libfaketime` (Debian: `faketime`). Their
/// monotonic clock goes on as ever: so it looks to them as if the machine had slept.
#[derive(Debug)]
pub struct FakeTime {
    library: PathBuf,
    file: PathBuf,
}

impl FakeTime {
    /// A clock that shows the right time. `file`, which must not exist, is where it is kept.
    ///
    /// # Errors
    ///
    /// What is missing here.
    ///
    /// # Panics
    ///
    /// If `file` cannot be written.
    pub fn new(file: PathBuf) -> Result<Self, String> {
        if cfg!(target_env = "musl") {
            return Err("a static program loads no library, such as libfaketime".to_owned());
        }
        let architecture = std::env::consts::ARCH;
        let library = format!("/usr/lib/{architecture}-linux-gnu/faketime/libfaketime.so.1");
        let library = PathBuf::from(library);
        if !library.exists() {
            return Err("no libfaketime (apt-get install faketime)".to_owned());
        }
        let time = Self { library, file };
        time.set_ahead(0);
        Ok(time)
    }

    /// From now on the clock is so many seconds ahead.
    ///
    /// # Panics
    ///
    /// If the file cannot be written.
    pub fn set_ahead(&self, seconds: u32) {
        // As one step: a process that reads it in between would find no time in it.
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("+{seconds}s"))
            .and_then(|()| std::fs::rename(&new, &self.file))
            .expect("because the file of a fake clock can be written");
    }

    /// The environment variables of a process that goes by it.
    pub fn variables(&self) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }

    /// The command line before that of a child that goes by it
    /// ([`ChildTest::through`](crate::ChildTest::through)).
    pub fn wrapper(&self) -> Vec<OsString> {
        let variables = self.variables().map(|(name, value)| {
            let mut variable = OsString::from(name);
            variable.push("=");
            variable.push(value);
            variable
        });
        [OsString::from("env")].into_iter().chain(variables).collect()
    }
}
