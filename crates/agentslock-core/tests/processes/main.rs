//! The document as several processes see it: many writers at once, killed writers, and what a
//! single process cannot do to itself.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod contention;
#[cfg(unix)] // By system calls.
mod faults;
#[cfg(unix)] // By mounts.
mod full_disk;
mod kill;
#[cfg(unix)] // By limits of Unix.
mod memory;
#[cfg(unix)] // By users of Unix.
mod other_user;
#[cfg(unix)] // Nothing stops a process on Windows.
mod stopped;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
mod writers;
