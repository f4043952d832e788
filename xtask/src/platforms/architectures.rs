//! Other processors than this one: 32 bits, the other byte order, and a program without a C library
//! to link to. They differ from this system in nothing else, so that the tests of records,
//! documents and merges are enough.

use std::process::Command;
use std::time::Instant;

use super::tools::exists;
use crate::workspace;

/// One way to run the tests.
pub(super) struct Architecture {
    pub(super) target: &'static str,
    what: &'static str,
    /// The linker, what runs the tests, and the packages that bring both; `None`: nothing is needed
    /// beyond the target itself.
    emulated: Option<(&'static str, &'static str, &'static str)>,
}

pub(super) const ARCHITECTURES: [Architecture; 3] = [
    Architecture { target: "x86_64-unknown-linux-musl", what: "static", emulated: None },
    Architecture { target: "i686-unknown-linux-musl", what: "32 bits", emulated: None },
    Architecture {
        target: "s390x-unknown-linux-gnu",
        what: "big-endian",
        emulated: Some((
            "s390x-linux-gnu-gcc",
            "qemu-s390x -L /usr/s390x-linux-gnu",
            "qemu-user gcc-s390x-linux-gnu libc6-dev-s390x-cross",
        )),
    },
];

/// What reads and writes bytes: the record, the document, the encoder, the merge, the typed
/// sections.
const TESTS: [&str; 13] = [
    "test",
    "--quiet",
    "--package=filelock",
    "--package=agentslock-core",
    "--package=agentslock-config",
    "--lib",
    "--test=it",
    "--",
    "record",
    "document",
    "encode",
    "merge",
    "vectors",
];

impl Architecture {
    /// What is missing to run it.
    pub(super) fn check(&self) -> Result<(), String> {
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output();
        let installed = sysroot.is_ok_and(|output| {
            let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let libraries = format!("{sysroot}/lib/rustlib/{}/lib", self.target);
            std::path::Path::new(&libraries).exists()
        });
        if !installed {
            return Err(format!("no Rust for {0} (rustup target add {0})", self.target));
        }
        match self.emulated {
            Some((linker, _, packages)) if !exists(linker) => {
                Err(format!("no {linker} (apt-get install {packages})"))
            }
            _ => Ok(()),
        }
    }

    /// Runs the tests. Returns the line of the summary.
    pub(super) fn run(&self) -> Result<String, Box<dyn std::error::Error>> {
        println!("\n== {}: {}", self.target, self.what);
        let started = Instant::now();
        let mut tests = workspace::cargo(&TESTS);
        tests.env("CARGO_BUILD_TARGET", self.target);
        tests.env("CARGO_TARGET_DIR", workspace::root().join(super::tools::TARGET));
        tests.env("CARGO_PROFILE_DEV_DEBUG", "0");
        if let Some((linker, runner, _)) = self.emulated {
            let variable = self.target.to_uppercase().replace('-', "_");
            tests.env(format!("CARGO_TARGET_{variable}_LINKER"), linker);
            tests.env(format!("CARGO_TARGET_{variable}_RUNNER"), runner);
            // An emulator takes fifty times as long for each case.
            tests.env("PROPTEST_CASES", "8");
        }
        workspace::run(&mut tests)?;
        let took = started.elapsed();
        Ok(format!(
            "{}: {}, tests of records, documents and merges passed, in {took:.0?}",
            self.target, self.what
        ))
    }
}
