//! `agentslock`: `.agentsrc.lock` and its lock, for people, shell hooks, git and other languages.
//!
//! A thin face: what it does, the libraries `agentslock-core`, `agentslock-config`, `fsops` and
//! `filelock` do. This crate is the program, with two doors: [`main`] runs it, and [`command`] describes
//! its command line to those who write completions and manual pages.

mod command_line;
mod document;
mod flags;
mod io;
mod lock_wait;
mod sys;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use command_line::{Arguments, Verb};
use io::failure::Failure;
use io::{stderr, stdout};
use verbs::{append, check, diff, holder, merge, run, set, show};

/// The command line: verbs, flags and their help.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program with the arguments of the process, and returns its exit status.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return stdout::report_usage(&error),
    };
    sys::catch_file_size_limit();
    let (json, ended) = match &arguments.verb {
        Verb::Show(show) => (show.json, show::show(show)),
        Verb::Set(set) => (set.json, set::set(set)),
        Verb::Check(check) => (check.json, check::check(check)),
        Verb::Diff(diff) => (diff.json, diff::diff(diff)),
        Verb::Merge(merge) => (merge.json, merge::merge(merge)),
        Verb::Run(run) => (run.json, run::run(run)),
        Verb::Holder(holder) => (holder.json, holder::holder(holder)),
        Verb::Append(append) => (append.json, append::append(append)),
    };
    stderr::end_progress();
    match ended {
        Ok(code) => code,
        Err(failure) => match sys::interrupted_by().map(sys::exit_code_of_signal) {
            None => stdout::report(&failure, json),
            Some(status) if json => {
                stdout::report(&Failure { status, kind: "interrupted", ..failure }, json)
            }
            // As if the signal had ended us, but with everything cleaned up.
            Some(status) => ExitCode::from(status),
        },
    }
}
