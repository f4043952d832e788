//! Tests that cannot run here.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::panic::Location;

/// Names the file that collects what was not run.
const COLLECTION: &str = "AGENTSLOCK_NOT_RUN";
/// Set to `1`: what cannot be run is a failure.
const REQUIRE_ALL: &str = "AGENTSLOCK_REQUIRE_ALL";

/// Says that the test that calls this is not run, and why; the caller then returns.
///
/// Prints `NOT RUN: <file>:<line>: <why>`, with the place of the call. A helper that calls this is
/// `#[track_caller]` as well, so that the place is one in the test. If the environment variable
/// `AGENTSLOCK_NOT_RUN` names a file, it also appends that line there: nobody sees the output of a
/// test that passed.
///
/// # Panics
///
/// If `AGENTSLOCK_REQUIRE_ALL` is `1`, and if the file cannot be written.
#[track_caller]
pub fn skip(why: &str) {
    let here = Location::caller();
    let line = format!("NOT RUN: {}:{}: {why}\n", here.file(), here.line());
    print!("{line}");
    if let Some(path) = std::env::var_os(COLLECTION).filter(|path| !path.is_empty()) {
        // One write with O_APPEND: the tests of several binaries share the file.
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .expect("because the file for what was not run can be written");
    }
    assert!(
        std::env::var_os(REQUIRE_ALL).as_deref() != Some(OsStr::new("1")),
        "{REQUIRE_ALL}=1, but {}",
        line.trim_end()
    );
}
