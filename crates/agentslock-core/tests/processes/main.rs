//! The document as several processes see it: many writers at once, killed writers, and what a single
//! process cannot do to itself.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod contention;
mod faults;
mod full_disk;
mod kill;
mod memory;
mod other_user;
mod stopped;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
mod writers;
