//! Libraries in C that are preloaded into child processes.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A library that stands between child processes and the C library. It exists as long as this does.
pub struct Preload {
    library: PathBuf,
    _directory: TempDir,
}

impl Preload {
    /// Compiles the C file `source`.
    ///
    /// # Errors
    ///
    /// Why that is not possible here: no glibc, or no C compiler.
    ///
    /// # Panics
    ///
    /// If the compiler refuses it.
    pub fn of(source: &Path) -> Result<Self, String> {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            return Err("a library is preloaded on Linux with glibc only".to_owned());
        }
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let library = directory.path().join("preloaded.so");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
        let made = compile.output().map_err(|error| format!("there is no C compiler: {error}"))?;
        assert!(made.status.success(), "cc: {}", String::from_utf8_lossy(&made.stderr));
        Ok(Self { library, _directory: directory })
    }

    /// A file system that lists names in another spelling than they were given, and answers to
    /// both: it takes `é` apart, as HFS+ does.
    ///
    /// # Errors
    ///
    /// As [`Preload::of`].
    pub fn of_another_spelling() -> Result<Self, String> {
        Self::of(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/spelling.c")))
    }

    /// The library itself: what `LD_PRELOAD` is set to.
    pub fn path(&self) -> &Path {
        &self.library
    }

    /// The start of a command that runs a program with it.
    pub fn wrapper(&self) -> Vec<String> {
        vec!["env".to_owned(), format!("LD_PRELOAD={}", self.library.display())]
    }
}
