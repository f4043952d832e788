//! The lock between real processes: each a test of this binary that runs as a child.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod all;
#[cfg(target_os = "linux")] // About mounts of Linux.
mod borders;
#[cfg(target_os = "linux")] // Needs libfaketime.
mod clock;
mod contention;
#[cfg(unix)] // Nothing forks on Windows.
mod forks;
#[cfg(unix)] // It goes by system calls.
mod gate;
#[cfg(unix)] // Windows does not tell a process's time without more ado.
mod idle;
#[cfg(unix)] // No OS lock is inherited on Windows.
mod inheritance;
mod kill;
#[cfg(unix)]
mod others;
#[cfg(unix)] // Needs the gate.
mod races_claim;
#[cfg(unix)] // Needs the gate.
mod races_file;
#[cfg(unix)] // Needs the gate.
mod races_handle;
#[cfg(unix)] // Needs the gate.
mod races_left;
#[cfg(unix)] // Needs the gate.
mod races_takeover;
#[cfg(unix)] // Needs the gate.
mod refusals;
#[cfg(unix)] // Windows has no `flock`.
mod sandbox;
#[cfg(target_os = "linux")] // A library is preloaded.
mod spelling;
#[cfg(unix)] // Nothing stops a process on Windows.
mod stop;
#[cfg(windows)] // There are no streams elsewhere.
mod streams;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)] // About limits and masks of Unix.
mod surroundings;
#[cfg(unix)] // Needs other users.
mod take;
mod trail;
#[cfg(unix)] // About users of Unix.
mod users;
