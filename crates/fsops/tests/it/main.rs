//! Files as one process sees them. Modules mirror `src`; what takes several processes is in the
//! other binary, `processes`.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod append;
mod atomic;
mod durability;
mod error;
mod read;
mod reread;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(windows)]
mod windows;
