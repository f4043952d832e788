//! Files as several processes see them: other users and umasks, a full disk, and the system calls
//! themselves.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod faults;
mod full_disk;
mod kill;
mod other_user;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
mod system_calls;
mod umask;
