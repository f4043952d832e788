//! Files as several processes see them: other users and umasks, a full disk, and the system calls
//! themselves.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

#[cfg(target_os = "linux")]
mod access_lists;
#[cfg(target_os = "linux")]
mod borders;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod full_disk;
mod kill;
#[cfg(unix)]
mod other_user;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)]
mod system_calls;
#[cfg(unix)]
mod umask;
