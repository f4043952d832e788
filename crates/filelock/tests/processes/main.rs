//! The lock between real processes: each a test of this binary that runs as a child.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod contention;
mod gate;
mod inheritance;
mod kill;
mod oracle;
mod races_claim;
mod races_file;
mod races_takeover;
mod refusals;
mod stop;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod users;
