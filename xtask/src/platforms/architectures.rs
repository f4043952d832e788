//! Other processors than this one: 32 bits, the other byte order, and a program without a C library
//! to link to.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use super::counted::Counted;
use super::tools::{exists, has_library};
use crate::outcome::Outcome;
use crate::workspace;

/// One way to run the tests.
pub(super) struct Architecture {
    pub(super) target: &'static str,
    what: &'static str,
    /// Whether the short form runs some of its tests, too.
    pub(super) is_in_ci: bool,
    /// The linker, what runs the tests, and the packages that bring both; `None`: nothing is needed
    /// beyond the target itself.
    emulated: Option<(&'static str, &'static str, &'static str)>,
}

pub(super) const ARCHITECTURES: [Architecture; 3] = [
    Architecture {
        target: "x86_64-unknown-linux-musl",
        what: "static",
        is_in_ci: false,
        emulated: None,
    },
    Architecture {
        target: "i686-unknown-linux-musl",
        what: "32 bits",
        is_in_ci: true,
        emulated: None,
    },
    Architecture {
        target: "s390x-unknown-linux-gnu",
        what: "big-endian",
        is_in_ci: false,
        emulated: Some((
            "s390x-linux-gnu-gcc",
            "qemu-s390x -L /usr/s390x-linux-gnu",
            "qemu-user gcc-s390x-linux-gnu libc6-dev-s390x-cross",
        )),
    },
];

/// What reads and writes records and documents.
const SHORT: [&str; 3] = ["--package=agentslock-filelock", "--package=agentslock-core", "--lib"];
/// Where the tests are: of records, judgements, documents, merges and typed sections.
const LIBRARIES: [&str; 9] = [
    "--package=agentslock-filelock",
    "--package=fsops",
    "--package=lockedfile",
    "--package=agentslock-core",
    "--package=agentslock-config",
    "--package=agentslock-adapters",
    "--lib",
    "--test=it",
    "--no-fail-fast",
];
const PROGRAM: [&str; 4] = ["--package=agentslock-cli", "--lib", "--test=it", "--no-fail-fast"];
/// Under an emulator, in which the tests of the program would take hours. Its parts are tested,
/// among them the merge.
const PARTS_OF_PROGRAM: [&str; 2] = ["--package=agentslock-cli", "--lib"];
/// Not under an emulator, which takes fifty times as long.
const NOT_EMULATED: [&str; 4] = [
    // Breaks a document in thousands of ways: minutes.
    "a_document_that_is_broken_anywhere_is_judged_as_by_a_whole_validator",
    // Has a budget of time.
    "texts_that_repeat_something_in_a_deep_place_take_time_in_proportion_to_their_length",
    // As many tasks as take half a minute there, which is how long each waits.
    "six_hundred_tasks_of_tokio_write_one_log",
    // qemu shows a process another start of its own than it shows to others. So its own lock is
    // said to be that of a process that has ended. The kernel's word on it is right.
    "a_timeout_in_ones_own_process_says_so",
];

impl Architecture {
    /// What is missing to run it.
    pub(super) fn check(&self) -> Result<(), String> {
        let installed = has_library(Path::new("rustc"), self.target);
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
    pub(super) fn run(&self, long: bool) -> Outcome<String> {
        println!("\n== {}: {}", self.target, self.what);
        let started = Instant::now();
        let all: &[&[&str]] = match self.emulated {
            Some(_) => &[&LIBRARIES, &PARTS_OF_PROGRAM],
            None if long => &[&LIBRARIES, &PROGRAM],
            None => &[&SHORT],
        };
        let mut counted = Counted::default();
        for tests in all {
            counted.add(&self.test(tests)?);
        }
        Ok(format!("{}: {}, {counted}, in {:.0?}", self.target, self.what, started.elapsed()))
    }

    fn test(&self, which: &[&str]) -> Outcome<Counted> {
        let mut tests = workspace::cargo(&["test", "--quiet", "--target", self.target]);
        let not_run = tempfile::NamedTempFile::new()?;
        tests.args(which);
        tests.env("AGENTSLOCK_NOT_RUN", not_run.path());
        tests.env("CARGO_TARGET_DIR", workspace::root().join(super::tools::TARGET));
        tests.env("CARGO_PROFILE_DEV_DEBUG", "0");
        if let Some((linker, runner, _)) = self.emulated {
            let variable = self.target.to_uppercase().replace('-', "_");
            tests.env(format!("CARGO_TARGET_{variable}_LINKER"), linker);
            tests.env(format!("CARGO_TARGET_{variable}_RUNNER"), runner);
            // It takes fifty times as long for each case.
            tests.env("PROPTEST_CASES", "8");
            tests.arg("--");
            for test in NOT_EMULATED {
                tests.args(["--skip", test]);
            }
        }
        let output = tests.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let counted = Counted::of(&text);
        if !output.status.success() || counted.passed == 0 {
            println!("{text}");
            return Err(format!("{}: {counted}, and the rest did not end well", self.target).into());
        }
        for line in std::fs::read_to_string(not_run.path())?.lines() {
            println!("{}: {line}", self.target);
        }
        Ok(counted)
    }
}
