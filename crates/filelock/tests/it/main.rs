//! The lock as one process sees it. Modules mirror `src`; what takes several processes is in the
//! other binary, `processes`.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod acquire;
mod asynchronous;
mod clear;
mod errors;
mod guard;
mod handle;
#[cfg(unix)] // Elsewhere it is made anew each time.
mod handle_age;
mod inspect;
mod judge_directory;
mod judge_file;
#[cfg(unix)] // No kernel vouches for anybody on Windows.
mod judge_kernel;
mod judge_strange;
mod lost;
mod options;
mod paths;
mod release;
mod renewing;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)] // Nothing is prepared on Windows.
mod sweep;
mod threads;
mod wait;
mod waiting_thread;
#[cfg(windows)]
mod windows;
