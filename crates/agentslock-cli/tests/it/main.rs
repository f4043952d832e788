//! The program as those see it who run it: arguments, streams, signals and the exit status. Modules
//! mirror `src`; `errors` is about what is the same for all verbs.

// Shell scripts, signals and modes all over; what Windows can do is in the other binary, `windows`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test sets up may fail in the short way")]

mod append;
mod check;
mod completions;
mod diff;
mod digest;
mod docs;
mod doctor;
mod edit;
mod errors;
mod everywhere;
mod find;
mod find_border;
mod flags;
mod gap;
mod holder;
mod hooks;
mod left_out;
mod limits;
mod man;
mod mercurial;
mod merge;

mod rights;
mod run;
mod schema;
mod set;
mod show;
mod support;
mod talk;
mod terminal;
