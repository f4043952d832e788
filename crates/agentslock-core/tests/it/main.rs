//! The document as one process sees it. Modules mirror `src`; what takes several processes is in
//! the other binary, `processes`.

#![cfg_attr(windows, allow(unused_imports, dead_code, reason = "some tests are for Unix alone"))]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod budget;
mod canonical;
mod diff;
mod document;
mod duplicates;
mod encode;
mod flush;
mod later;
mod lockfile;
mod merge;
mod stage;
#[allow(dead_code, reason = "each of the two test binaries uses a part")]
#[path = "../support/mod.rs"]
mod support;
mod update;
