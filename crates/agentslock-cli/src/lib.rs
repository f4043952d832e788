//! `agentslock`: `.agentsrc.lock` and its lock, for people, shell hooks, git and other languages.
//!
//! A thin face: what it does, the libraries `agentslock-core`, `agentslock-config`, `fsops` and
//! `filelock` do. This crate is the program, with two doors: [`main`] runs it, and [`command`] describes
//! its command line to those who write completions and manual pages.

mod append;
mod arguments;
mod check;
mod diff;
mod failure;
mod filter;
mod find;
mod holder;
mod input;
mod merge;
mod output;
mod places;
mod run;
mod set;
mod show;
mod sys;
mod terminal;
mod waiting;
mod words;

use std::process::ExitCode;

use arguments::{Arguments, Verb};
use clap::{CommandFactory, Parser};
use failure::Failure;

/// The command line: verbs, flags and their help.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the program with the arguments of the process, and returns its exit status.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return output::report_usage(&error),
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
    terminal::end_progress();
    match ended {
        Ok(code) => code,
        Err(failure) => match sys::interrupted_by().map(sys::exit_code_of_signal) {
            None => output::report(&failure, json),
            Some(status) if json => {
                output::report(&Failure { status, kind: "interrupted", ..failure }, json)
            }
            // As if the signal had ended us, but with everything cleaned up.
            Some(status) => ExitCode::from(status),
        },
    }
}
